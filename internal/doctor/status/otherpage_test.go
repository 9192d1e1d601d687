//go:build linux

package status

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"nginx-exporter/client/plus"
)

// leastVTS has what all versions of nginx-module-vts send.
const leastVTS = `{"hostName":"vm","nginxVersion":"1.22.1","loadMsec":1,"nowMsec":2,"connections":{"active":1,"accepted":2,"handled":2,"requests":3}}`

// served is a response of another status page than the exporter expects.
func served(s *scene, server, contentType, body string) (address string) {
	s.Helper()
	return s.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", server)
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	})
}

// otherPages are status pages that the exporter does not read. Those in testdata are
// recorded.
func otherPages() map[string]problem {
	const js = "application/json"
	page := func(server, contentType, body string) func(*scene) {
		return func(s *scene) { s.target("http://" + served(s, server, contentType, body) + "/status") }
	}
	recorded := func(server, contentType, file string) func(*scene) {
		return func(s *scene) {
			body, err := os.ReadFile(filepath.Join("testdata", "pages", file))
			if err != nil {
				s.Fatal(err)
			}
			page(server, contentType, string(body))(s)
		}
	}
	// More than the exporter reads of such a page.
	long := `{"hostName":"vm","nginxVersion":"1.22.1","connections":{"active":1},"serverZones":{"` + strings.Repeat("a", 70_000) + `":{}}}`
	return map[string]problem{
		"a part of angie, alone": {"angie-part", page("Angie/1.13.0", js, `{"accepted":14,"dropped":0,"active":1,"idle":1}`)},
		"vts html with json": {"vts-page", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location /status { default_type text/html; return 200 '<title>nginx vhost traffic status monitor</title>'; } " +
				"location /status/format/json { default_type application/json; return 200 '" + leastVTS + "'; } }")
			s.target("http://" + a + "/status")
		}},
		"vts prometheus with json": {"vts-page", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location = /vts/format/prometheus { return 200 '# HELP nginx_vts_info Nginx info'; } " +
				"location /vts/format/json { default_type application/json; return 200 '" + leastVTS + "'; } }")
			s.target("http://" + a + "/vts/format/prometheus")
		}},
		"vts cut": {"vts-page", page("nginx/1.22.1", js, leastVTS[:len(leastVTS)-2])},
		"vts for plus": {"vts-found", func(s *scene) {
			s.target("http://" + served(s, "nginx/1.22.1", js, leastVTS) + "/status/format/json").Mode = plus.Mode
		}},
		"vts module missing": {"vts-module-missing", func(s *scene) {
			s.options.NginxBinary = s.script(`case $1 in
-V) echo 'nginx version: nginx/1.22.1' >&2; echo 'configure arguments: --with-http_stub_status_module' >&2 ;;
-T) echo 'nginx: [emerg] unknown directive "vhost_traffic_status_zone" in /etc/nginx/nginx.conf:9' >&2; exit 1 ;;
esac
`)
			s.target("http://" + vacant(s) + "/status/format/json")
		}},
		"long vts":       {"vts-page", page("nginx/1.22.1", js, long)},
		"vts prometheus": {"vts-page", recorded("nginx/1.22.1", "text/plain", "vts.prom")},
		"vts html":       {"vts-page", page("nginx/1.22.1", "text/html", "<!DOCTYPE html>\n<html>\n<head>\n<title>nginx vhost traffic status monitor</title>\n")},
		"old plus": {"plus-old-status", page("nginx/1.11.10", js,
			`{"version":8,"nginx_version":"1.11.10","nginx_build":"nginx-plus-r12","address":"127.0.0.1","generation":1,"load_timestamp":1488000000000,"timestamp":1488000001000,"pid":7,"ppid":1}`)},
		"php-fpm":      {"php-fpm-page", page("nginx/1.22.1", "text/plain", "pool:                 www\nprocess manager:      dynamic\nstart time:           09/Aug/2016:13:31:40 +0800\n")},
		"php-fpm json": {"php-fpm-page", page("nginx/1.22.1", js, `{"pool":"www","process manager":"ondemand","start time":1470720700}`)},
		"php-fpm html": {"php-fpm-page", page("nginx/1.22.1", "text/html", "<?xml version=\"1.0\"?>\n<html>\n<head><title>PHP-FPM Status Page</title></head>")},
		"unit":         {"unit-api", page("Unit/1.34.1", js, `{"certificates":{},"js_modules":{},"config":{"listeners":{}},"status":{}}`)},
		"unit status":  {"unit-api", page("", js, `{"modules":{},"connections":{"accepted":1,"active":0,"idle":0,"closed":1},"requests":{"total":1},"applications":{}}`)},
		"json":         {"status-other", page("nginx/1.22.1", js, `{"version":"1.2.3","pool":"main","config":null}`)},
	}
}

// notRunning are machines with and without processes of nginx.
func notRunning() map[string]problem {
	const machine, container = "pid:[4026531836]", "pid:[4026532000]"
	installed := func(s *scene, servers string) string {
		s.Helper()
		a := vacant(s)
		_, n := s.nginx("server { listen LISTEN; return 404; }") // for the folder
		n.Configure(s, strings.ReplaceAll(servers, "LISTEN", a))
		s.options.NginxBinary = n.Program(s)
		return a
	}
	return map[string]problem{
		"not running": {"nginx-not-running", func(s *scene) {
			s.processes(machine, "systemd", "sshd", "nginx-exporter")
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"not running, stale socket": {"nginx-not-running", func(s *scene) {
			s.processes(machine, "systemd")
			sockets()["socket stale"].make(s)
		}},
		"not running, configured": {"nginx-not-running", func(s *scene) {
			s.processes(container, "sh", "nginx-exporter")
			s.target("http://" + installed(s, statusServer) + "/stub_status")
		}},
		"not running, configured at another path": {"nginx-not-running", func(s *scene) {
			s.processes(container, "sh", "nginx-exporter")
			s.target("http://" + installed(s, "server { listen LISTEN; location = /nginx_status { stub_status; } }") + "/stub_status")
		}},
		"not running, not configured": {"nginx-not-running", func(s *scene) {
			s.processes(container, "sh", "nginx-exporter")
			s.target("http://" + installed(s, "server { listen LISTEN; return 404; }") + "/stub_status")
		}},
		"running": {"nginx-refused", func(s *scene) {
			s.processes(machine, "systemd", "nginx", "nginx")
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"alone in a container": {"nginx-refused", func(s *scene) {
			s.processes(container, "nginx-exporter")
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"processes hidden": {"nginx-refused", func(s *scene) {
			s.processes(machine, "", "nginx-exporter")
			s.target("http://" + vacant(s) + "/stub_status")
		}},
	}
}
