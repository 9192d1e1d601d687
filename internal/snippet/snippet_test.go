package snippet

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// options are options of a snippet, as NAME=VALUE.
type options []string

func (o options) values() map[string][]string {
	values := map[string][]string{}
	for _, option := range o {
		name, value, _ := strings.Cut(option, "=")
		values[name] = append(values[name], value)
	}
	return values
}

func text(t *testing.T, name string, o ...string) string {
	t.Helper()
	made, err := Text(name, options(o).values())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestGoldenText compares each snippet, by default and with options, with its golden file.
func TestGoldenText(t *testing.T) {
	variants := map[string]options{
		"nginx":          {"listen=10.0.0.5:81", "allow=10.1.2.3/8", "allow=fd00::1", "path=/nginx/status"},
		"nginx-docker":   {"listen=0.0.0.0:8081", "allow=172.16.0.0/12", "port=9114"},
		"nginx-unix":     {"listen=unix:/srv/nginx/status.sock", "path=/s"},
		"access-log":     {"syslog=[::1]:9514"},
		"nginx-plus":     {"listen=unix:/run/api.sock", "path=/plus/api"},
		"angie":          {"listen=0.0.0.0:81", "allow=10.0.0.0/8", "path=/api/status"},
		"vts":            {"listen=10.0.0.5:81", "allow=10.0.0.0/8", "path=/traffic"},
		"kubernetes":     {"listen=[::1]:8081", "plus=true", "workload=statefulset/1", "namespace=1e3"},
		"systemd":        {"listen=unix:/run/nginx-status.sock", "plus=true", "port=99"},
		"systemd-dropin": {"listen=unix:/run/nginx-status.sock", "plus=true", "port=99"},
		"prometheus":     {"host=web1.example.com", "host=fd00::1", "port=9114", "scrape-interval=1m"},
		"adapter-rule":   {"scrape-interval=1s500ms", "plus=true"},
		"keda": {
			"scrape-interval=5s", "plus=true", "workload=StatefulSet/my.cache", "namespace=on",
			"prometheus-url=https://[::1]:9090/x", "requests-per-second=0.5",
		},
	}
	for _, s := range All() {
		for kind, o := range map[string]options{"default": nil, "options": variants[s.Name]} {
			t.Run(s.Name+"-"+kind, func(t *testing.T) {
				made := text(t, s.Name, o...)
				file := filepath.Join("testdata", "golden", s.Name+"-"+kind+".txt")
				if *update {
					if err := os.WriteFile(file, []byte(made), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if want := read(t, file); made != want {
					t.Errorf("got\n%s\nwant\n%s", made, want)
				}
			})
		}
		if variants[s.Name] == nil {
			t.Errorf("%s has no golden file with options", s.Name)
		}
	}
}

// TestGoldenPackaged compares the unit of the packages with its file. It has the sandbox of the snippet, and a user with a fixed
// name.
func TestGoldenPackaged(t *testing.T) {
	made := packaged(t)
	file := filepath.Join(repository, "packaging", "systemd", "nginx-exporter.service")
	if *update {
		if err := os.WriteFile(file, []byte(made), 0o644); err != nil { //nolint:gosec // readable by all
			t.Fatal(err)
		}
	}
	if want := read(t, file); made != want {
		t.Errorf("got\n%s\nwant\n%s", made, want)
	}
}

// packaged returns the unit of the packages.
func packaged(t *testing.T) string {
	t.Helper()
	made, err := (&Snippet{Name: "systemd", settings: settings{Packaged: true, Port: exporterPort}}).render()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestInvalid checks that invalid options are errors of one line that name the option.
func TestInvalid(t *testing.T) {
	for _, c := range []struct {
		name, want string
		options
	}{
		{"", `unknown snippet ""; choose one of nginx, `, nil},
		{"Nginx", `unknown snippet "Nginx"`, nil},
		{"nginx", "--port is not an option of nginx, which has --listen, --path, --allow", options{"port=9113"}},
		{"nginx", `--listen: "8080" is not a valid address`, options{"listen=8080"}},
		{"nginx", `--listen: ":8080" is not a valid address`, options{"listen=:8080"}},
		{"nginx", `--listen: "localhost:80" is not a valid address`, options{"listen=localhost:80"}},
		{"nginx", `--listen: "127.0.0.1:0" is not a valid address`, options{"listen=127.0.0.1:0"}},
		{"nginx", `--listen: "[fe80::1%eth0]:80" is not a valid address`, options{"listen=[fe80::1%eth0]:80"}},
		{"nginx", "--listen: 0.0.0.0:80 is not on loopback; set the clients to allow with --allow", options{"listen=0.0.0.0:80"}},
		{"nginx", "--listen: nginx requires IP:PORT, not unix:/run/s", options{"listen=unix:/run/s"}},
		{"kubernetes", "--listen: kubernetes requires IP:PORT", options{"listen=unix:/run/s"}},
		{"nginx-unix", "--listen: 127.0.0.1:80 is not a socket", options{"listen=127.0.0.1:80"}},
		{"nginx-unix", "is not a valid socket", options{"listen=unix:status.sock"}},
		{"nginx-unix", "is not a valid socket", options{"listen=unix:/run/a b"}},
		{"nginx-unix", "is not a valid socket", options{"listen=unix:/run/../s"}},
		{"nginx-unix", "is not a valid socket", options{"listen=unix:/" + strings.Repeat("s", 107)}},
		{"nginx", `--path: "/" is not a plain path`, options{"path=/"}},
		{"nginx", "is not a plain path", options{"path=stub_status"}},
		{"nginx", "is not a plain path", options{"path=/s;}"}},
		{"nginx", "is not a plain path", options{"path=/s\n"}},
		{"systemd", "is not a plain path", options{"path=/%h"}},
		{"systemd", "is not a plain path", options{"path=/a/"}},
		{"nginx", `--allow: "all" is neither`, options{"allow=all"}},
		{"nginx", "is neither", options{"allow=10.0.0.0/33"}},
		{"access-log", `--spool: "access.log" is not a plain path`, options{"spool=access.log"}},
		{"access-log", `--spool: "/dev/stdout" is a pipe or device`, options{"spool=/dev/stdout"}},
		{"access-log", `--syslog: "9514" is not a valid address`, options{"syslog=9514"}},
		{"access-log", "is not a valid address", options{"syslog=localhost:9514"}},
		{"access-log", "--spool and --syslog are mutually exclusive", options{"syslog=127.0.0.1:9514", "spool=/a"}},
		{"systemd", `--port: "0" is not a port`, options{"port=0"}},
		{"systemd", "is not a port", options{"port=65536"}},
		{"systemd", "is not a port", options{"port=http"}},
		{"prometheus", `--host: "web:9113" is not a host name`, options{"host=web:9113"}},
		{"prometheus", `--host: "" is not a host name`, options{"host="}},
		{"prometheus", "is not a host name", options{"host='"}},
		{"adapter-rule", `--scrape-interval: "15" is not a duration`, options{"scrape-interval=15"}},
		{"adapter-rule", "is not between 1s and 5m", options{"scrape-interval=999ms"}},
		{"adapter-rule", "is not between 1s and 5m", options{"scrape-interval=1h"}},
		{"adapter-rule", "is not a duration", options{"scrape-interval=-15s"}},
		{"keda", `--workload: "daemonset/web" is not`, options{"workload=daemonset/web"}},
		{"keda", "is not deployment/NAME", options{"workload=web"}},
		{"keda", "is not deployment/NAME", options{"workload=deployment/"}},
		{"keda", "is not deployment/NAME", options{"workload=deployment/a_b"}},
		{"keda", "is not deployment/NAME", options{"workload=deployment/" + strings.Repeat("a", 64)}},
		{"keda", `--namespace: "a.b" is not a valid name`, options{"namespace=a.b"}},
		{"keda", `is not a plain URL`, options{"prometheus-url=prometheus:9090"}},
		{"keda", `is not a plain URL`, options{"prometheus-url=http://u:p@prometheus:9090"}},
		{"keda", `is not a plain URL`, options{"prometheus-url=http://prometheus:9090/a b"}},
		{"keda", `is not a plain URL`, options{"prometheus-url=http://prometheus:9090/#"}},
		{"keda", `--requests-per-second: "0" is not a number between`, options{"requests-per-second=0"}},
		{"keda", "is not a number between", options{"requests-per-second=NaN"}},
		{"keda", "is not a number between", options{"requests-per-second=+Inf"}},
		{"keda", "is not a number between", options{"requests-per-second=many"}},
	} {
		made, err := Text(c.name, c.values())
		switch {
		case err == nil:
			t.Errorf("%s %q is not an error:\n%s", c.name, c.options, made)
		case !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s %q: %v", c.name, c.options, err)
		}
	}
}

// TestWindow checks that rates cover four scrape intervals, in whole seconds.
func TestWindow(t *testing.T) {
	for ms := time.Second; ms <= 5*time.Minute; ms += 333 * time.Millisecond {
		interval := model.Duration(ms).String()
		rule := text(t, "adapter-rule", "scrape-interval="+interval)
		_, rest, _ := strings.Cut(rule, "}[")
		window, _, found := strings.Cut(rest, "])))")
		d, err := model.ParseDuration(window)
		if over := time.Duration(d) - 4*ms; !found || err != nil || over < 0 || over >= time.Second {
			t.Errorf("for the interval %s, the window is %q (%v)", interval, window, err)
		}
		if trigger := text(t, "keda", "scrape-interval="+interval); !strings.Contains(trigger, "}["+window+"])") {
			t.Errorf("for the interval %s, KEDA has another window than %s:\n%s", interval, window, trigger)
		}
	}
}

// TestRate checks the notation of numbers.
func TestRate(t *testing.T) {
	for given, want := range map[string]string{"100": "100", "1e6": "1000000", "0.5": "0.5", "0.001": "0.001", "20.50": "20.5", "1e9": "1000000000"} {
		if trigger := text(t, "keda", "requests-per-second="+given); !strings.Contains(trigger, "threshold: \""+want+"\"\n") {
			t.Errorf("%s requests per second are not %q in\n%s", given, want, trigger)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
