//go:build linux

package programtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

// realNginx is an nginx and its two targets.
type realNginx struct {
	*nginxtest.Nginx
	tcp, unix string
}

// startNginx serves stub_status on TCP and on a unix socket.
func startNginx(tb testing.TB) *realNginx {
	tb.Helper()
	address, socket := freeAddress(tb), nginxtest.Socket(tb)
	server := fmt.Sprintf("server { listen %s; listen unix:%s; location = /stub_status { stub_status; } }\n", address, socket)
	return &realNginx{nginxtest.Start(tb, server), "http://" + address + "/stub_status", "unix:" + socket + ":/stub_status"}
}

// nginx is stopped and started again, on TCP and with a new socket.
func TestNginxRestarts(t *testing.T) {
	t.Parallel()
	nginx := startNginx(t)
	e := serve(t, uri(nginx.tcp), uri(nginx.unix))
	up := func() {
		x := e.scrape(t)
		x.mustBeUp(t, nginx.tcp)
		x.mustBeUp(t, nginx.unix)
	}
	for range 2 {
		up()
		nginx.Stop(t) // closed connections alone are not an outage
		nginx.Start(t)
		up()
		nginx.Stop(t)
		x := e.scrape(t)
		x.wantDown(t, nginx.tcp)
		x.wantDown(t, nginx.unix)
		x.wantError(t, nginx.tcp, "refused")
		nginx.Start(t)
	}
	up()
	// Each outage and each recovery is one line.
	e.wantLogged(t, 4, "level=warn", "reason=")
	e.wantLogged(t, 6, "level=info", "source=stub_status")
}

// A reload is not an outage, although old workers close kept connections.
func TestNginxReloads(t *testing.T) {
	t.Parallel()
	nginx := startNginx(t)
	e := serve(t, uri(nginx.tcp))
	var group sync.WaitGroup
	stop, scrapes := make(chan struct{}), 0
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				e.scrape(t).mustBeUp(t, "")
				scrapes++
			}
		}
	})
	for range 5 {
		nginx.Reload(t)
	}
	close(stop)
	group.Wait()
	if scrapes == 0 {
		t.Error("there was no scrape during the reloads")
	}
}

// The counters of nginx show how many requests and connections scrapes take.
func TestRequestsAndConnections(t *testing.T) {
	t.Parallel()
	nginx := startNginx(t)
	e := serve(t, uri(nginx.tcp))
	const scrapes = 51
	var last *exposition
	for range scrapes {
		last = e.scrape(t)
	}
	for name, most := range map[string]float64{"nginx_http_requests_total": scrapes, "nginx_connections_accepted": 5} {
		if got := last.series[name][""]; got < 1 || got > most {
			t.Errorf("%d scrapes are %s %v; at most %v are wanted", scrapes, name, got, most)
		}
	}
	if got := last.series["nginx_exporter_nginx_requests_total"][""]; got != last.series["nginx_http_requests_total"][""] {
		t.Errorf("nginx counts other than %v requests", got)
	}
}

// Certificates that are renewed on disk are used without a restart: nginx logs
// the serial number of the client certificate that it sees.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	ca, folder, address := nginxtest.NewAuthority(t), t.TempDir(), freeAddress(t)
	file := func(name string) string { return filepath.Join(folder, name) }
	issue := func(ca *nginxtest.Authority, name string, leaf nginxtest.Leaf) {
		certificate, key := ca.Issue(t, leaf)
		write(t, file(name+".pem"), certificate)
		write(t, file(name+".key"), key)
	}
	write(t, file("ca.pem"), ca.PEM)
	write(t, file("clients.pem"), ca.PEM)
	issue(ca, "server", nginxtest.Leaf{})
	nginx := nginxtest.Start(t, strings.NewReplacer("ADDRESS", address, "FOLDER", folder).Replace(`
log_format serials $ssl_client_serial;
server {
	listen ADDRESS ssl;
	keepalive_timeout 0;
	ssl_certificate FOLDER/server.pem;
	ssl_certificate_key FOLDER/server.key;
	ssl_client_certificate FOLDER/clients.pem;
	ssl_verify_client on;
	access_log FOLDER/serials serials;
	location = /stub_status { stub_status; }
}
`))
	issue(ca, "client", nginxtest.Leaf{Client: true, Serial: 0x101})
	target := uri("https://" + address + "/stub_status")
	client := []string{"--nginx.ssl-client-cert=" + file("client.pem"), "--nginx.ssl-client-key=" + file("client.key")}
	e := serve(t, append(client, "--nginx.ssl-ca-cert="+file("ca.pem"), target)...)
	e.scrape(t).mustBeUp(t, "")
	issue(ca, "client", nginxtest.Leaf{Client: true, Serial: 0x102})
	e.scrape(t).mustBeUp(t, "")
	proctest.Until(t, "nginx to log both certificates", func() bool {
		serials, err := os.ReadFile(file("serials"))
		return err == nil && strings.Join(strings.Fields(string(serials)), " ") == "0101 0102"
	})

	// Another CA of the server is trusted once it is in the file. The CAs of the
	// system are trusted without any flag.
	other := nginxtest.NewAuthority(t)
	issue(other, "server", nginxtest.Leaf{})
	nginx.Reload(t)
	e.scrape(t).wantDown(t, "")
	write(t, file("ca.pem"), other.PEM)
	e.scrape(t).mustBeUp(t, "")
	system := serveSpec(t, &spec{args: append(client, target), env: []string{"SSL_CERT_FILE=" + file("ca.pem")}})
	system.scrape(t).mustBeUp(t, "")
}
