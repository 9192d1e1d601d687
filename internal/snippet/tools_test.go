package snippet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNginx checks the snippets for nginx with nginx -t, which must not warn. Open-source nginx has no directive api;
// the test replaces it.
func TestNginx(t *testing.T) {
	for name, made := range map[string]string{
		"nginx":        text(t, "nginx"),
		"network":      text(t, "nginx", "listen=[::]:8080", "allow=10.1.2.3/8", "allow=fd00::1/8", "allow=192.0.2.1", "path=/nginx/status"),
		"nginx-docker": text(t, "nginx-docker"),
		"nginx-unix":   text(t, "nginx-unix", "listen=unix:"+filepath.Join(t.TempDir(), "status.sock")),
		"nginx-plus":   text(t, "nginx-plus"),
		"angie":        text(t, "angie"),
		"vts":          withoutVTS(text(t, "vts")),
		"access-log":   text(t, "access-log", "spool="+filepath.Join(t.TempDir(), "access.log")),
		"syslog":       text(t, "access-log", "syslog=127.0.0.1:9514"),
		"kubernetes":   configMapServer(t, "listen=[::1]:8080"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "status.conf"), strings.NewReplacer("api write=off;", "return 204;", "api /status/;", "return 204;").Replace(made))
			write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf("pid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"+
				"client_body_temp_path %[1]s/b;\nproxy_temp_path %[1]s/p;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\n"+
				"include %[1]s/status.conf;\n}\n", dir))
			t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
			out := run(t, dir, "nginx", "-t", "-e", "stderr", "-p", dir, "-c", "nginx.conf")
			for line := range strings.Lines(out) {
				if !strings.HasPrefix(line, "nginx: ") {
					t.Errorf("nginx -t printed %s", line)
				}
			}
			if !strings.Contains(out, "test is successful") {
				t.Errorf("nginx -t printed %q", out)
			}
		})
	}
}

// withoutVTS replaces the directives of nginx-module-vts, which nginx does not have
// here.
func withoutVTS(made string) string {
	made = strings.ReplaceAll(made, "vhost_traffic_status_display;", "return 204;")
	return regexp.MustCompile(`(?m)^ *vhost_traffic_status_.*\n`).ReplaceAllString(made, "")
}

// TestPromtool checks the scrape job with promtool.
func TestPromtool(t *testing.T) {
	for _, o := range []options{nil, {"host=web1", "host=::1", "port=99", "scrape-interval=1m30s"}, {"scrape-interval=1s"}} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "prometheus.yml"), text(t, "prometheus", o...))
		if out := run(t, dir, "promtool", "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml"); !strings.Contains(out, "is valid prometheus config file") {
			t.Errorf("promtool printed %s", out)
		}
	}
}

// TestCountedOnce runs the queries of prometheus-adapter and KEDA on pods that are scraped twice, with the unit tests of the
// chart.
func TestCountedOnce(t *testing.T) {
	const pods = `namespace="shop",pod=~"web-5d4f9c7b8-.*"`
	var config struct {
		Rules []struct {
			MetricsQuery string `yaml:"metricsQuery"`
		}
	}
	decode(t, text(t, "adapter-rule"), &config)
	if len(config.Rules) != 1 {
		t.Fatalf("the adapter has %d rules", len(config.Rules))
	}
	adapter := strings.NewReplacer("<<.GroupBy>>", "pod", "<<.Series>>", "nginx_http_requests_total", "<<.LabelMatchers>>", pods).Replace(config.Rules[0].MetricsQuery)
	keda := trigger(t, "namespace=shop", "workload=deployment/web")["query"]
	dir := t.TempDir()
	write(t, filepath.Join(dir, "queries.yaml"), fmt.Sprintf(
		"groups:\n  - name: queries\n    rules:\n      - record: adapter\n        expr: '%s'\n      - record: keda\n        expr: '%s'\n", adapter, keda))
	write(t, filepath.Join(dir, "tests.yaml"), read(t, filepath.Join(repository, "charts/promql/counted-once.yaml")))
	run(t, dir, "promtool", "check", "rules", "queries.yaml")
	if out := run(t, dir, "promtool", "test", "rules", "tests.yaml"); !strings.Contains(out, "SUCCESS") {
		t.Errorf("promtool printed %s", out)
	}
}

// TestSystemd checks the unit and its drop-in with systemd-analyze, which must print nothing: unknown keys are only
// warnings. It also rates the exposure of the unit, from 0 to 100.
func TestSystemd(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []options{nil, {"listen=unix:/run/nginx-status.sock", "plus=true"}, {"port=99", "path=/a~b+c@d"}} {
		dir := t.TempDir()
		made := text(t, "systemd", o...)
		unit := strings.Replace(made, "/usr/local/bin/nginx-exporter", program, 1)
		if unit == made {
			t.Errorf("no path of the program in\n%s", made)
		}
		if !strings.Contains(made, "\nExecReload=/bin/kill -HUP $MAINPID\n") { // SIGHUP reloads the configuration
			t.Errorf("systemctl reload does not work with\n%s", made)
		}
		const name, most = "nginx-exporter.service", "15"
		write(t, filepath.Join(dir, name), unit)
		dropin := text(t, "systemd-dropin", o...)
		if err := os.Mkdir(filepath.Join(dir, name+".d"), 0o750); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name+".d", "nginx.conf"), dropin)
		if out := run(t, dir, "systemd-analyze", "verify", "--man=no", "./"+name); out != "" {
			t.Errorf("systemd-analyze printed %s", out)
		}
		run(t, dir, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold="+most, "./"+name)
	}
}

// run runs a program, which must succeed, and returns its output.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
