//go:build linux

package blackbox_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestSeveralTargets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"two unix sockets at once":                  twoSockets,
		"a unix socket and a TCP target at once":    socketAndTCP,
		"one of two targets is down":                oneDown,
		"one of two targets hangs":                  oneHangs,
		"a unix socket is removed and made anew":    socketMadeAnew,
		"two targets and a const label addr":        labelAddr,
		"twenty targets come and go, pages add up":  manyTargets,
		"real nginx behind a socket and behind TCP": realTargets,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// other differs from usual in every number.
func other() figures { return figures{112, 17001, 16999, 11448, 11, 13, 18} }

func twoSockets(t *testing.T) {
	t.Helper()
	a, b := fakeUnix(t, always(ok(usual().page()))), fakeUnix(t, always(ok(other().page())))
	e := serve(t, uri(a.uri), uri(b.uri))
	for range 10 {
		p := e.scrape(t)
		p.wantUp(t, a.uri, usual())
		p.wantUp(t, b.uri, other())
	}
}

func socketAndTCP(t *testing.T) {
	t.Helper()
	a, b := fakeUnix(t, always(ok(usual().page()))), fakeTCP(t, always(ok(other().page())))
	e := serve(t, uri(a.uri), uri(b.uri))
	for range 10 {
		p := e.scrape(t)
		p.wantUp(t, a.uri, usual())
		p.wantUp(t, b.uri, other())
	}
}

func oneDown(t *testing.T) {
	t.Helper()
	up, down := fakeTCP(t, always(ok(usual().page()))), "http://"+freeAddress(t)+"/stub_status"
	e := serve(t, uri(down), uri(up.uri))
	for range 3 {
		p := e.scrape(t)
		p.wantUp(t, up.uri, usual())
		p.wantDown(t, down)
	}
}

func oneHangs(t *testing.T) {
	t.Helper()
	up, hung := fakeTCP(t, always(ok(usual().page()))), fakeTCP(t, silence)
	e := serve(t, uri(hung.uri), uri(up.uri), impatient)
	for range 2 {
		p := e.scrapeInTime(t)
		p.wantUp(t, up.uri, usual())
		p.wantDown(t, hung.uri)
	}
}

// socketMadeAnew is what restarts of nginx do with its socket.
func socketMadeAnew(t *testing.T) {
	t.Helper()
	nginx := startNginxUnix(t, statusServer)
	e := serve(t, nginx.uri(""))
	for range 3 {
		if p := e.scrape(t); !p.up("") {
			t.Fatalf("nginx is not up:\n%s", p.data())
		}
		nginx.stop(t)
		e.scrape(t).wantDown(t, "")
		nginx.start(t)
	}
	if p := e.scrape(t); !p.up("") {
		t.Errorf("nginx is not up again:\n%s", p.data())
	}
	if log := e.log.String(); !strings.Contains(log, "check its path, and that nginx runs") {
		t.Errorf("the log has no advice on the socket:\n%s", log)
	}
}

func labelAddr(t *testing.T) {
	t.Helper()
	a, b := fakeTCP(t, always(ok(usual().page()))), fakeTCP(t, always(ok(other().page())))
	e := serve(t, uri(a.uri), uri(b.uri), "--prometheus.const-label=addr=here")
	p := e.scrape(t)
	p.wantUp(t, a.uri, usual())
	p.wantUp(t, b.uri, other())
	if !strings.Contains(e.log.String(), "a constant label of that name is left out") {
		t.Errorf("the log does not tell what became of the label:\n%s", e.log)
	}
}

// manyTargets lets fakes go one after another while pages are asked for.
func manyTargets(t *testing.T) {
	t.Helper()
	var fakes []*fake
	var truths []figures
	var args []string
	for i := range uint64(20) {
		truth := figures{i, 100 + i, 200 + i, 300 + i, 400 + i, 500 + i, 600 + i}
		f := fakeTCP(t, always(ok(truth.page())))
		fakes, truths, args = append(fakes, f), append(truths, truth), append(args, uri(f.uri))
	}
	e := serve(t, args...)
	for gone := range fakes {
		p := e.scrape(t)
		for i, f := range fakes {
			if i < gone {
				p.wantDown(t, f.uri)
			} else {
				p.wantUp(t, f.uri, truths[i])
			}
		}
		fakes[gone].close()
	}
	if most, got := 60, strings.Count(e.log.String(), "\n"); got > most {
		t.Errorf("the log has %d lines, more than %d", got, most)
	}
}

func realTargets(t *testing.T) {
	t.Helper()
	socket, tcp := startNginxUnix(t, statusServer), startNginx(t, statusServer)
	a, b := socket.uri(""), tcp.uri("http")
	e := serve(t, a, b)
	for i := range 3 {
		p := e.scrape(t)
		for _, flag := range []string{a, b} {
			addr := strings.TrimPrefix(flag, uri(""))
			// The looks of the test at whether nginx listens are requests of
			// nobody, so that the requests are those of the exporter.
			if got := p.series["nginx_http_requests_total"][target(addr)]; got != float64(i+1) {
				t.Errorf("scrape %d: %s has had %v requests", i+1, addr, got)
			}
			version := target(addr) + ",version="
			if !strings.Contains(fmt.Sprint(p.series["nginx_server_info"]), version) {
				t.Errorf("there is no nginx_server_info of %s: %v", addr, p.series["nginx_server_info"])
			}
		}
	}
}
