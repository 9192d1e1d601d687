//go:build linux

package status

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"nginx-exporter/client/angie"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
)

// page is that of an nginx without load.
const page = "Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n"

// limited allows one request to all servers.
const limited = "limit_req_zone $server_port zone=one:1m rate=1r/m;\n"

const statusServer = "server { listen LISTEN; location = /stub_status { stub_status; } location / { return 404; } }\n"

func port(address string) int {
	_, text, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(text) // an address that was just made
	return number
}

// refusals are targets without a listener, or that cannot be reached.
func refusals() map[string]problem {
	inPod := func(name string) string { return map[string]string{"KUBERNETES_SERVICE_HOST": "10.96.0.1"}[name] }
	return map[string]problem{
		"refused": {"nginx-refused", func(s *scene) {
			s.listens("127.0.0.1:5432", "[::]:22")
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"refused in a pod": {"nginx-refused", func(s *scene) {
			s.listens("0.0.0.0:80", "[::]:9113")
			s.options.Listen, s.options.machine.Env = []string{":9113"}, inPod
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"alone in a pod": {"pod-network", func(s *scene) {
			s.listens("[::]:9113")
			s.options.Listen, s.options.machine.Env = []string{":9113"}, inPod
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"refused by another machine": {"nginx-refused", func(s *scene) {
			s.listens("127.0.0.1:5432")
			_, p, _ := net.SplitHostPort(vacant(s))
			// Reaches this machine, but is not a loopback address.
			s.target("http://0.0.0.0:" + p + "/stub_status")
		}},
		"other loopback": {"listen-address", func(s *scene) {
			a := s.address("::1")
			nginxtest.Start(s, strings.ReplaceAll(statusServer, "LISTEN", a))
			s.target(fmt.Sprintf("http://127.0.0.1:%d/stub_status", port(a)))
		}},
		"other address": {"listen-address", func(s *scene) {
			a := s.address("127.0.0.2")
			nginxtest.Start(s, strings.ReplaceAll(statusServer, "LISTEN", a))
			s.listens(a)
			s.target(fmt.Sprintf("http://127.0.0.1:%d/stub_status", port(a)))
		}},
		"usual port": {"status-elsewhere", func(s *scene) {
			s.target("http://" + vacant(s) + "/stub_status")
			a, _ := s.nginx("server { listen LISTEN; location /nginx_status { stub_status; } }")
			s.options.machine.Ports = []int{port(a)}
		}},
		"usual socket": {"status-elsewhere", func(s *scene) {
			s.target("http://" + vacant(s) + "/stub_status")
			n := nginxtest.New(s)
			s.replace = append(s.replace, n.Dir, "/DIR")
			n.Configure(s, strings.ReplaceAll(statusServer, "LISTEN", "unix:"+n.Dir+"/n.sock"))
			n.Start(s)
			s.options.machine.Sockets = []string{n.Dir + "/*.sock"}
		}},
		"unreachable": {"nginx-unreachable", func(s *scene) { s.target("http://" + fullBacklog(s) + "/stub_status").Timeout = time.Second }},
		"slow": {"nginx-slow", func(s *scene) {
			a := s.serve(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
				case <-time.After(700 * time.Millisecond):
				}
				_, _ = io.WriteString(w, page)
			})
			s.target("http://" + a + "/stub_status").Timeout = 300 * time.Millisecond
		}},
		"hangs": {"nginx-hangs", func(s *scene) {
			a := s.accept(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
			s.target("http://" + a + "/stub_status").Timeout = 200 * time.Millisecond
		}},
	}
}

// bind reserves a port of 127.0.0.1 without listening on it.
func bind(s *scene) (fd int, address string) {
	s.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = syscall.Close(fd) }) // nothing was accepted
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		s.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		s.Fatal(err)
	}
	address = fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port) //nolint:forcetypeassert // as bound above
	s.shown(address)
	return fd, address
}

// vacant is a reserved address without a listener.
func vacant(s *scene) string {
	s.Helper()
	_, address := bind(s)
	return address
}

// fullBacklog is an address that drops connection attempts.
func fullBacklog(s *scene) string {
	s.Helper()
	fd, address := bind(s)
	if err := syscall.Listen(fd, 0); err != nil {
		s.Fatal(err)
	}
	for range 20 {
		conn, err := (&net.Dialer{Timeout: 200 * time.Millisecond}).DialContext(s.Context(), "tcp", address)
		if err != nil {
			break // the queue is full
		}
		s.Cleanup(func() { _ = conn.Close() }) // it was never accepted
	}
	return address
}

// sockets are targets on Unix sockets.
func sockets() map[string]problem {
	place := func(s *scene) string {
		dir := s.TempDir()
		s.replace = append(s.replace, dir, "/DIR")
		return filepath.Join(dir, "n.sock")
	}
	return map[string]problem{
		"socket missing": {"socket-missing", func(s *scene) { s.target("unix:" + place(s) + ":/stub_status") }},
		"socket is a file": {"socket-other", func(s *scene) {
			path := place(s)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				s.Fatal(err)
			}
			s.target("unix:" + path + ":/stub_status")
		}},
		"socket stale": {"socket-stale", func(s *scene) {
			path := place(s)
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				s.Fatal(err)
			}
			listener.SetUnlinkOnClose(false)
			if err := listener.Close(); err != nil {
				s.Fatal(err)
			}
			s.target("unix:" + path + ":/stub_status")
		}},
	}
}

// protocols are servers with another protocol than the exporter expects.
func protocols() map[string]problem {
	proxied := strings.Replace(statusServer, "LISTEN", "LISTEN proxy_protocol", 1)
	return map[string]problem{
		"proxy protocol": {"proxy-protocol-expected", func(s *scene) {
			a, _ := s.nginx(proxied)
			s.target("http://" + a + "/stub_status")
		}},
		"proxy protocol and TLS": {"proxy-protocol-expected", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN ssl proxy_protocol; TLS location / { stub_status; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"proxy protocol in the file": {"proxy-protocol-expected", func(s *scene) {
			a, _ := s.nginx(proxied)
			s.options.FromFile = true
			s.target("http://" + a + "/stub_status")
		}},
		"no proxy protocol": {"proxy-protocol-unexpected", func(s *scene) {
			a, _ := s.nginx(statusServer)
			s.target("http://" + a + "/stub_status").ProxyProtocol = true
		}},
		"no connections": {"worker-connections", func(s *scene) {
			a, n := s.nginxWith("worker_connections 2;", statusServer)
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"no connections for PROXY protocol": {"worker-connections", func(s *scene) {
			a, _ := s.nginxWith("worker_connections 2;", proxied)
			s.target("http://" + a + "/stub_status").ProxyProtocol = true
		}},
		"no connections for TLS": {"worker-connections", func(s *scene) {
			a, _ := s.nginxWith("worker_connections 2;", "server { listen LISTEN ssl; TLS location / { stub_status; } }")
			s.target("https://" + a + "/stub_status")
		}},
		"HTTP2": {"http2-only", func(s *scene) {
			a := s.accept(func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 1024))
				// As nginx 1.22 does: SETTINGS, then GOAWAY.
				_, _ = conn.Write([]byte("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff\xff\xff" +
					"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"))
			})
			n := nginxtest.New(s)
			s.replace = append(s.replace, n.Dir, "/DIR")
			n.Configure(s, fill("server { listen LISTEN; listen 127.0.0.1:1 http2; } server { listen LISTEN http2; server_name shop.test; } "+statusServer, a, n))
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"SSH": {"not-http", func(s *scene) {
			a := s.accept(func(conn net.Conn) {
				_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
				_, _ = conn.Read(make([]byte, 1024))
			})
			s.target("http://" + a + "/stub_status")
		}},
		"closes the connection": {"connection-closed", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; return 444; }")
			s.target("http://" + a + "/stub_status")
		}},
		"host": {"host-header", func(s *scene) {
			a, n := s.nginx("server { listen LISTEN default_server; return 444; }\n" +
				"server { listen LISTEN; server_name status.test; location = /stub_status { stub_status; } }")
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"host with a pattern": {"host-header", func(s *scene) {
			a, n := s.nginx("server { listen LISTEN default_server; return 404; }\n" +
				"server { listen LISTEN; server_name *.status.test; location = /stub_status { stub_status; } }")
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"shadowed": {"listen-shadowed", func(s *scene) {
			a, n := s.nginx("server { listen LISTEN; return 404; }")
			n.Configure(s, fmt.Sprintf("server { listen %s; return 404; } server { listen *:%d; location ~ ^/stub_status$ { stub_status; } }", a, port(a)))
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"host localhost": {"host-header", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; return 404; }\n" +
				"server { listen LISTEN; server_name localhost; location = /stub_status { stub_status; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"wrong host": {"host-header", func(s *scene) {
			a, _ := s.nginx(statusServer + "server { listen LISTEN; server_name shop.test; return 404; }")
			s.target("http://" + a + "/stub_status").Host = "shop.test"
		}},
	}
}

// statusCodes are responses with a status other than 200.
func statusCodes() map[string]problem {
	return map[string]problem{
		"limit_req": {"status-limited", func(s *scene) {
			a, n := s.nginx(limited + "limit_req zone=one; limit_req_status 429;\n" + statusServer)
			s.options.NginxBinary = n.Program(s)
			s.get("http://" + a + "/stub_status")
			s.target("http://" + a + "/stub_status")
		}},
		"limit in the server": {"status-limited", func(s *scene) {
			a, n := s.nginx(limited + "server { listen LISTEN; limit_req zone=one; location = /stub_status { stub_status; } }")
			s.options.NginxBinary = n.Program(s)
			s.get("http://" + a + "/stub_status")
			s.target("http://" + a + "/stub_status")
		}},
		"limit unknown": {"status-limited", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; return 429; }")
			s.target("http://" + a + "/stub_status")
		}},
		"503 at times": {"status-limited", func(s *scene) {
			var requests atomic.Int32
			a := s.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Server", "nginx/1.22.1")
				if requests.Add(1) <= 2 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				_, _ = io.WriteString(w, page)
			})
			s.target("http://" + a + "/stub_status")
		}},
		"503 always": {"nginx-error", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; return 503; }")
			s.target("http://" + a + "/stub_status")
		}},
		"path": {"status-path", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location /nginx_status { stub_status; } location / { return 404; } }")
			s.target("http://someone:" + secret + "@" + a + "/stub_status")
		}},
		"no path": {"status-path", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location / { return 404; } }")
			s.target("http://" + a + "/stub_status?token=" + secret)
		}},
		"directory": {"status-path", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; root DIR/conf.d; location = /status { stub_status; } }")
			s.target("http://" + a + "/")
		}},
		"404, at another port": {"status-elsewhere", func(s *scene) {
			app, _ := s.nginx("server { listen LISTEN; return 404; }")
			s.target("http://" + app + "/stub_status")
			a, n := s.nginx("server { listen LISTEN; location = /odd { stub_status; } }")
			_ = a
			s.options.NginxBinary = n.Program(s)
		}},
		"denied": {"status-denied", func(s *scene) {
			a, n := s.nginx("server { listen LISTEN; deny 10.0.0.0/8; location = /stub_status { stub_status; allow 192.0.2.1; deny all; } }")
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"denied, unknown why": {"status-denied", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location / { return 403; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"login": {"login-required", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location / { stub_status; auth_basic x; auth_basic_user_file DIR/nginx.conf; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"wrong login": {"login-refused", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location / { stub_status; auth_basic x; auth_basic_user_file DIR/nginx.conf; } }")
			s.target("http://someone:" + secret + "@" + a + "/stub_status")
		}},
		"redirect": {"status-redirect", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location = /stub_status { return 301 http://127.0.0.1:$server_port/new?key=" + secret + "; } location = /new { stub_status; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"redirect away": {"status-redirect", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; return 302 https://login.example/?next=" + secret + "; }")
			s.target("http://" + a + "/stub_status")
		}},
		"bad gateway": {"nginx-error", func(s *scene) {
			gone := vacant(s)
			a, _ := s.nginx("server { listen LISTEN; location / { proxy_pass http://" + gone + "; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"unknown": {"status-unknown", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; default_type text/plain; return 418 'I am a teapot, " + strings.Repeat("and ", 20) + secret + "'; }")
			s.target("http://" + a + "/stub_status")
		}},
	}
}

// bodies are responses with status 200 that are not a status page.
func bodies() map[string]problem {
	respond := func(text string) func(*scene) {
		return func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location / { default_type text/plain; return 200 '" + text + "'; } }")
			s.target("http://" + a + "/stub_status")
		}
	}
	return map[string]problem{
		"html":      {"status-html", respond("<!doctype html><title>Shop</title>" + strings.Repeat("lorem ipsum ", 10) + secret)},
		"empty":     {"status-empty", respond("")},
		"cut":       {"status-unreadable", respond("Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Wri")},
		"something": {"status-other", respond(`{"status":"up"}`)},
		"html, the page is nearby": {"status-html", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location = /status { stub_status; } location / { default_type text/html; return 200 '<html>'; } }")
			s.target("http://" + a + "/stub_status")
		}},
		"itself": {"exporter-itself", func(s *scene) {
			a := s.serve(exporter)
			s.options.Listen = []string{a}
			s.target("http://" + a + "/stub_status")
			there, _ := s.nginx(statusServer)
			s.options.machine.Ports = []int{port(there)}
		}},
		"another nginx-exporter": {"exporter-itself", func(s *scene) { s.target("http://" + s.serve(exporter) + "/metrics") }},
		"another exporter": {"exporter-other", func(s *scene) {
			a := s.serve(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "<html><head><title>NGINX Prometheus Exporter</title></head></html>")
			})
			s.target("http://" + a + "/")
		}},
	}
}

// exporter responds as nginx-exporter does.
func exporter(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/-/healthy":
		_, _ = io.WriteString(w, "the exporter is healthy\n")
	case "/metrics":
		_, _ = io.WriteString(w, "# HELP nginx_up x\n# TYPE nginx_up gauge\nnginx_up 0\n")
	default:
		http.NotFound(w, r)
	}
}

// configurations are problems that nginx -T and -V show.
func configurations() map[string]problem {
	return map[string]problem{
		"configured on another port": {"status-elsewhere", func(s *scene) {
			s.target("http://" + vacant(s) + "/stub_status")
			_, n := s.nginx("# password " + secret + "\nserver { listen LISTEN; location ^~ /nginx/st { stub_status; } }")
			s.options.NginxBinary = n.Program(s)
		}},
		"not configured": {"status-not-configured", func(s *scene) {
			s.target("http://" + vacant(s) + "/nginx_status")
			_, n := s.nginx("server { listen LISTEN; set $key " + secret + "; return 404; }")
			s.options.NginxBinary = n.Program(s)
		}},
		"not reloaded": {"nginx-not-reloaded", func(s *scene) {
			a, n := s.nginx("server { listen LISTEN; return 404; }")
			n.Configure(s, fill(statusServer, a, n))
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"not started": {"nginx-not-reloaded", func(s *scene) {
			a, n := s.address("127.0.0.1"), nginxtest.New(s)
			s.replace = append(s.replace, n.Dir, "/DIR")
			n.Configure(s, fill(statusServer, a, n))
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"configuration rejected": {"nginx-config-broken", func(s *scene) {
			a, n := s.nginx("server { listen LISTEN; return 404; }")
			n.Configure(s, "server { listen LISTEN "+secret+"; }")
			s.options.NginxBinary = n.Program(s)
			s.target("http://" + a + "/stub_status")
		}},
		"no module": {"module-missing", func(s *scene) {
			s.options.NginxBinary = s.script(`case $1 in
-V) echo "nginx version: nginx/1.29.1" >&2; echo "configure arguments: --with-http_ssl_module" >&2 ;;
-T) echo 'nginx: [emerg] unknown directive "stub_status" in /etc/nginx/conf.d/status.conf:3' >&2; exit 1 ;;
esac
`)
			s.target("http://" + vacant(s) + "/stub_status")
		}},
		"configuration not readable": {"nginx-refused", func(s *scene) {
			s.options.NginxBinary = s.script("echo 'nginx: [emerg] open() \"/run/nginx.pid\" failed (13: Permission denied)' >&2; exit 1\n")
			s.target("http://" + vacant(s) + "/stub_status")
		}},
	}
}

// modes are targets with another interface than the exporter expects.
func modes() map[string]problem {
	return map[string]problem{
		"plus for stub_status": {"plus-found", func(s *scene) { s.target(s.plus()).Mode = stubstatus.Mode }},
		"a document of plus":   {"plus-path", func(s *scene) { s.target(s.plus() + "/9/nginx") }},
		"stub_status for plus": {"stub-status-found", func(s *scene) {
			a, _ := s.nginx(statusServer)
			s.target("http://" + a + "/stub_status").Mode = plus.Mode
		}},
		"angie for plus":        {"angie-found", func(s *scene) { s.target(s.angie("/status/") + "/status/").Mode = plus.Mode }},
		"angie for stub_status": {"angie-found", func(s *scene) { s.target(s.angie("/status/") + "/status/").Mode = stubstatus.Mode }},
		"stub_status for angie": {"stub-status-found", func(s *scene) {
			a, _ := s.nginx(statusServer)
			s.target("http://" + a + "/stub_status").Mode = angie.Mode
		}},
		"plus for angie":        {"plus-found", func(s *scene) { s.target(s.plus()).Mode = angie.Mode }},
		"a part of angie":       {"angie-part", func(s *scene) { s.target(s.angie("/a/status/") + "/a/status/http/upstreams/") }},
		"the root of angie":     {"angie-part", func(s *scene) { s.target(s.angie("/api/status/") + "/api/") }},
		"angie at another path": {"status-path", func(s *scene) { s.target(s.angie("/status/") + "/nginx_status") }},
	}
}

// documents are faults of documents of NGINX Plus, and of parts of the status of
// Angie, which are read one by one if the exporter does not read all.
func documents() map[string]problem {
	faults := func(options ...standin.Option) func(*scene) {
		return func(s *scene) { s.target(s.plus(options...)).Timeout = 2 * time.Second }
	}
	return map[string]problem{
		"a document fails": {"plus-document", faults(standin.WithStatus("http/upstreams", http.StatusInternalServerError, ""))},
		"documents fail": {"plus-document", faults(
			standin.WithStatus("http/server_zones", http.StatusForbidden, ""),
			standin.WithStatus("ssl", http.StatusNotFound, ""),
			standin.WithStatus("resolvers", http.StatusServiceUnavailable, ""),
			standin.WithRaw("slabs", []byte("<html>"+secret)),
			standin.WithTruncated("http/caches"),
			standin.WithAborted("connections"),
			standin.WithHang("workers"),
		)},
		"each document fails": {"plus-document", faults(standin.WithStatus(standin.Every, http.StatusBadGateway, ""),
			standin.WithDelay("versions", 0), standin.WithDelay("root", 0), standin.WithDelay("http", 0), standin.WithDelay("stream", 0))},
		"parts of angie fail": {"angie-failed", func(s *scene) {
			server := angietest.New("/status/", angietest.Recorded(), standin.WithStatus("http/upstreams", http.StatusBadGateway, ""),
				standin.WithRaw("slabs", []byte("<html>"+secret))).Start()
			s.Cleanup(server.Close)
			s.shown(strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/status/"))
			s.filter.Sources = map[string]bool{"angie_http_acme_clients": false}
			s.target(server.URL)
		}},
	}
}

// oddities are unusual pages that can be read.
func oddities() map[string]problem {
	respond := func(page string) func(*scene) {
		return func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN; location / { default_type text/plain; return 200 '" + page + "'; } }")
			s.target("http://" + a + "/stub_status")
		}
	}
	return map[string]problem{
		"second request limited": {"status-limited", func(s *scene) {
			a, _ := s.nginx(limited + "limit_req zone=one;\n" + statusServer)
			s.target("http://" + a + "/stub_status")
		}},
		"more columns": {"status-columns", respond("Active connections: 1 \nserver accepts handled requests lost\n 1 1 1 5 \nReading: 0 Writing: 1 Waiting: 0 \n")},
		"wrapped":      {"status-wrapped", respond("Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 2 Waiting: 18446744073709551615 \n")},
	}
}
