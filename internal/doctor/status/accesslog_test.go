//go:build linux

package status

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/internal/doctor"
)

// logScene is an access log with the metrics of its exporter. Without a
// configuration of nginx, that of logConf is used.
type logScene struct {
	code    doctor.Code // empty if it is healthy
	address input.Address
	metrics map[string]string // by name with labels, in addition to those of a healthy log
	conf    string
	file    os.FileMode // of the spool file; 0 for none
}

const logConf = `http {
	access_log SPOOL nginx_exporter buffer=64k flush=1s;
	access_log syslog:server=127.0.0.1:9514,nohostname nginx_exporter;
	server { server_name shop.example.com; location / { return 200; } location = /health { access_log off; } }
	server { server_name status; access_log off; }
}`

func logScenes() map[string]logScene {
	spool, udp := input.Address{Kind: input.KindSpool}, input.Address{Kind: input.KindUDP, Path: "127.0.0.1:9514"}
	const lines, failed = `nginx_exporter_log_lines_total{log="access"}`, `nginx_exporter_log_lines_failed_total{reason="format",log="access"}`
	return map[string]logScene{
		"log healthy":     {address: spool, file: 0o666},
		"log healthy udp": {address: udp},
		"log unreadable": {
			code: "log-unreadable", address: spool, metrics: map[string]string{`nginx_exporter_source_success{source="access_log"}`: "0"},
		},
		"log failed": { // a source that failed has no metrics of its own
			code: "log-unreadable", address: spool,
			metrics: map[string]string{`nginx_exporter_source_success{source="access_log"}`: "0", `nginx_exporter_log_lines_total{log="access"}`: ""},
		},
		"log not written": {code: "log-not-written", address: spool, file: 0o666, conf: "http { access_log /var/log/nginx/access.log; server { } }"},
		"log not written udp": {
			code: "log-not-written", address: udp, conf: "http { access_log syslog:server=127.0.0.1,nohostname; server { } }",
		},
		"log silent": {code: "log-silent", address: spool, file: 0o666, metrics: map[string]string{lines: "0"}},
		"log format": {code: "log-format", address: spool, file: 0o666, metrics: map[string]string{failed: "100"}},
		"log some lines": {
			code: "log-some-lines", address: spool, file: 0o666, metrics: map[string]string{failed: "3"},
		},
		"log shadowed": {
			code: "log-shadowed", address: spool, file: 0o666, conf: strings.Replace(logConf, "return 200;", "access_log /var/log/nginx/shop.log;", 1),
		},
		"log shadowed servers": {
			code: "log-shadowed", address: spool, file: 0o666,
			conf: strings.Replace(logConf, "http {", "http { server { listen 8088; access_log /var/log/nginx/a.log; location / { access_log SPOOL; } } server { access_log b.log; if ($a) { } }", 1),
		},
		"log dropped": {
			code: "log-dropped", address: udp,
			metrics: map[string]string{`nginx_exporter_log_dropped_total{log="access"}`: "7", `nginx_exporter_log_buffer_bytes{log="access"}`: "212992"},
		},
		"log unix": {
			code: "log-unix-queue", address: input.Address{Kind: input.KindUnix, Path: "/run/log.sock"},
			conf: "http { access_log syslog:server=unix:/run/log.sock nginx_exporter; server { } }",
		},
		"log not freed": {
			code: "log-not-freed", address: spool, file: 0o666, metrics: map[string]string{`nginx_exporter_log_allocated_bytes{log="access"}`: "5e9"},
		},
		"log capped": {
			code: "log-labels-capped", address: spool, file: 0o666, metrics: map[string]string{`nginx_exporter_log_series_limited_total{log="access"}`: "55"},
		},
		"log durations zero": {
			code: "log-durations-zero", address: spool, file: 0o666, metrics: map[string]string{
				`nginx_http_request_duration_seconds_count{server="a\"b"}`: "5000", `nginx_http_request_duration_seconds_sum{server="a\"b"}`: "0",
			},
		},
	}
}

// TestGoldenLogs diagnoses access logs by the metrics of their exporter, the
// configuration of nginx and the file.
func TestGoldenLogs(t *testing.T) {
	for name, one := range logScenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			address, _ := s.nginx(statusServer)
			s.target("http://" + address + "/stub_status")
			path := filepath.Join(t.TempDir(), "spool.log")
			s.replace = append(s.replace, path, "/DIR/spool.log")
			if one.file != 0 {
				if err := os.WriteFile(path, nil, one.file); err != nil {
					t.Fatal(err)
				}
			}
			if one.address.Path == "" {
				one.address.Path = path
			}
			if one.conf == "" {
				one.conf = logConf
			}
			dump := "# configuration file /etc/nginx/nginx.conf:\n" + strings.ReplaceAll(one.conf, "SPOOL", path) + "\n"
			s.options.NginxBinary = s.script("cat <<'END'\n" + dump + "END\n")
			s.replace = append(s.replace, s.options.NginxBinary, "nginx")
			s.options.Logs = []Log{{Address: one.address, Name: "access", Source: "access_log", Target: "http://" + address + "/stub_status"}}
			s.options.Metrics = func(context.Context) (string, error) { return exposed(one.metrics), nil }
			report := Examine(t.Context(), s.options)
			text := s.text(report)
			var want []doctor.Code
			if one.code != "" {
				want = append(want, one.code)
			}
			if codes := report.Codes(); strings.Join(strs(codes), " ") != strings.Join(strs(want), " ") {
				t.Errorf("found %v, not %v:\n%s", codes, want, text)
			}
			golden(t, name, text)
		})
	}
}

func strs(codes []doctor.Code) []string {
	all := make([]string, 0, len(codes))
	for _, c := range codes {
		all = append(all, string(c))
	}
	return all
}

// exposed is an exposition with a healthy log and these values. An empty value
// removes the series.
func exposed(values map[string]string) string {
	all := map[string]string{
		`nginx_http_requests_total`: "150", `nginx_exporter_nginx_requests_total`: "50",
		`nginx_exporter_source_success{source="access_log"}`:             "1",
		`nginx_exporter_log_lines_total{log="access"}`:                   "100",
		`nginx_exporter_log_lines_total{log="other"}`:                    "1e9",
		`nginx_http_responses_total{code="200",method="GET",server="a"}`: "90",
	}
	for name, value := range values {
		all[name] = value
	}
	var text strings.Builder
	text.WriteString("# TYPE nginx_http_requests_total counter\nnonsense\n")
	for name, value := range all {
		if value != "" {
			text.WriteString(name + " " + value + "\n")
		}
	}
	return text.String()
}

// Without a running exporter, the file and the configuration of nginx are checked.
func TestLogsWithoutExporter(t *testing.T) {
	o := Options{Logs: []Log{{Address: input.Address{Kind: input.KindFile, Path: filepath.Join(t.TempDir(), "missing.log")}, Source: "access_log"}}}
	report := Examine(t.Context(), o)
	if codes := report.Codes(); len(codes) != 1 || codes[0] != "log-unreadable" {
		t.Errorf("found %v", codes)
	}
	o.Logs[0].Address.Kind = input.KindSpool // the exporter will create it
	if report := Examine(t.Context(), o); len(report.Codes()) > 0 {
		t.Errorf("found %v", report.Codes())
	}
}

func FuzzParseExposition(f *testing.F) {
	f.Add(exposed(nil))
	f.Add("a{b=\"\\\\\"} 1\na{b=\"c 1\n a{ 1")
	f.Fuzz(func(_ *testing.T, text string) { parseExposition(text) })
}
