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

// options are those of a test, as NAME=VALUE.
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

// TestGoldenText shows each snippet, as it is by default and with its options.
func TestGoldenText(t *testing.T) {
	variants := map[string]options{
		"nginx":          {"listen=10.0.0.5:81", "allow=10.1.2.3/8", "allow=fd00::1", "path=/nginx/status"},
		"nginx-docker":   {"listen=0.0.0.0:8081", "allow=172.16.0.0/12", "port=9114"},
		"nginx-unix":     {"listen=unix:/srv/nginx/status.sock", "path=/s"},
		"nginx-plus":     {"listen=unix:/run/api.sock", "path=/plus/api"},
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
			t.Errorf("%s is not shown with options", s.Name)
		}
	}
}

// TestRefused holds that what cannot work, or would mean something else to
// whoever reads the snippet, is one line that names the option.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, says string
		options
	}{
		{"", `there is no snippet ""; there are nginx, `, nil},
		{"Nginx", `there is no snippet "Nginx"`, nil},
		{"nginx", "--port means nothing to nginx, which takes --listen, --path, --allow", options{"port=9113"}},
		{"nginx", `--listen: "8080" is no address`, options{"listen=8080"}},
		{"nginx", `--listen: ":8080" is no address`, options{"listen=:8080"}},
		{"nginx", `--listen: "localhost:80" is no address`, options{"listen=localhost:80"}},
		{"nginx", `--listen: "127.0.0.1:0" is no address`, options{"listen=127.0.0.1:0"}},
		{"nginx", `--listen: "[fe80::1%eth0]:80" is no address`, options{"listen=[fe80::1%eth0]:80"}},
		{"nginx", "--listen: 0.0.0.0:80 is not on loopback, so say with --allow", options{"listen=0.0.0.0:80"}},
		{"nginx", "--listen: nginx takes IP:PORT, not unix:/run/s", options{"listen=unix:/run/s"}},
		{"kubernetes", "--listen: kubernetes takes IP:PORT", options{"listen=unix:/run/s"}},
		{"nginx-unix", "--listen: 127.0.0.1:80 is no socket", options{"listen=127.0.0.1:80"}},
		{"nginx-unix", "is no socket", options{"listen=unix:status.sock"}},
		{"nginx-unix", "is no socket", options{"listen=unix:/run/a b"}},
		{"nginx-unix", "is no socket", options{"listen=unix:/run/../s"}},
		{"nginx-unix", "is no socket", options{"listen=unix:/" + strings.Repeat("s", 107)}},
		{"nginx", `--path: "/" is no plain path`, options{"path=/"}},
		{"nginx", "is no plain path", options{"path=stub_status"}},
		{"nginx", "is no plain path", options{"path=/s;}"}},
		{"nginx", "is no plain path", options{"path=/s\n"}},
		{"systemd", "is no plain path", options{"path=/%h"}},
		{"systemd", "is no plain path", options{"path=/a/"}},
		{"nginx", `--allow: "all" is neither`, options{"allow=all"}},
		{"nginx", "is neither", options{"allow=10.0.0.0/33"}},
		{"systemd", `--port: "0" is no port`, options{"port=0"}},
		{"systemd", "is no port", options{"port=65536"}},
		{"systemd", "is no port", options{"port=http"}},
		{"prometheus", `--host: "web:9113" is no name`, options{"host=web:9113"}},
		{"prometheus", `--host: "" is no name`, options{"host="}},
		{"prometheus", "is no name", options{"host='"}},
		{"adapter-rule", `--scrape-interval: "15" is no duration`, options{"scrape-interval=15"}},
		{"adapter-rule", "is not within 1s and 5m", options{"scrape-interval=999ms"}},
		{"adapter-rule", "is not within 1s and 5m", options{"scrape-interval=1h"}},
		{"adapter-rule", "is no duration", options{"scrape-interval=-15s"}},
		{"keda", `--workload: "daemonset/web" is not`, options{"workload=daemonset/web"}},
		{"keda", "is not deployment/NAME", options{"workload=web"}},
		{"keda", "is not deployment/NAME", options{"workload=deployment/"}},
		{"keda", "is not deployment/NAME", options{"workload=deployment/a_b"}},
		{"keda", "is not deployment/NAME", options{"workload=deployment/" + strings.Repeat("a", 64)}},
		{"keda", `--namespace: "a.b" is no name`, options{"namespace=a.b"}},
		{"keda", `is no plain URL`, options{"prometheus-url=prometheus:9090"}},
		{"keda", `is no plain URL`, options{"prometheus-url=http://u:p@prometheus:9090"}},
		{"keda", `is no plain URL`, options{"prometheus-url=http://prometheus:9090/a b"}},
		{"keda", `is no plain URL`, options{"prometheus-url=http://prometheus:9090/#"}},
		{"keda", `--requests-per-second: "0" is no number within`, options{"requests-per-second=0"}},
		{"keda", "is no number within", options{"requests-per-second=NaN"}},
		{"keda", "is no number within", options{"requests-per-second=+Inf"}},
		{"keda", "is no number within", options{"requests-per-second=many"}},
	} {
		made, err := Text(c.name, c.values())
		switch {
		case err == nil:
			t.Errorf("%s %q gives\n%s", c.name, c.options, made)
		case !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s %q: %v", c.name, c.options, err)
		}
	}
}

// TestWindow holds that a rate looks back four scrapes, in whole seconds.
func TestWindow(t *testing.T) {
	for ms := time.Second; ms <= 5*time.Minute; ms += 333 * time.Millisecond {
		interval := model.Duration(ms).String()
		rule := text(t, "adapter-rule", "scrape-interval="+interval)
		_, rest, _ := strings.Cut(rule, "}[")
		window, _, found := strings.Cut(rest, "])))")
		d, err := model.ParseDuration(window)
		if over := time.Duration(d) - 4*ms; !found || err != nil || over < 0 || over >= time.Second {
			t.Errorf("scraped each %s, the window is %q (%v)", interval, window, err)
		}
		if trigger := text(t, "keda", "scrape-interval="+interval); !strings.Contains(trigger, "}["+window+"])") {
			t.Errorf("scraped each %s, KEDA has another window than %s:\n%s", interval, window, trigger)
		}
	}
}

// TestLimit holds how numbers are written.
func TestLimit(t *testing.T) {
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
