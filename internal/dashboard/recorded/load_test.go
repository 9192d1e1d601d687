package recorded_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/nginxtest"
)

// app is two upstreams: one that becomes slow, and one that fails.
type app struct {
	scrape             atomic.Int64
	catalog, checkout  *httptest.Server
	absent             string // nothing listens there
	catalogue, payment string
}

func startApp(t *testing.T) *app {
	t.Helper()
	a := &app{absent: nginxtest.FreeAddress(t, "127.0.0.1")}
	a.catalog = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slow := 1.0
		if recorded.During(recorded.SlowUpstream, int(a.scrape.Load())) {
			slow = 8
		}
		respond(w, r, http.StatusOK, 20*slow)
	}))
	t.Cleanup(a.catalog.Close)
	a.checkout = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := http.StatusOK
		if recorded.During(recorded.ServerErrors, int(a.scrape.Load())) && rand.Float64() < 0.4 {
			code = http.StatusInternalServerError
		}
		respond(w, r, code, 60)
	}))
	t.Cleanup(a.checkout.Close)
	a.catalogue, a.payment = a.catalog.Listener.Addr().String(), a.checkout.Listener.Addr().String()
	return a
}

// respond waits for a time with a log-normal distribution, whose median is given in
// milliseconds.
func respond(w http.ResponseWriter, r *http.Request, code int, median float64) {
	wait := time.NewTimer(time.Duration(median * math.Exp(0.5*rand.NormFloat64()) * float64(time.Millisecond)))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.Context().Done():
	}
	w.Header().Set("Cache-Control", "max-age=30")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, strings.Repeat("x", 200+rand.IntN(4000)))
}

// servers is the configuration of nginx. The second server of checkout is down during
// no time at all: nothing listens there, so nginx tries the next.
func (a *app) servers(address, status, response string) string {
	return fmt.Sprintf(`
upstream catalog { server %[1]s; keepalive 16; }
upstream checkout { server %[2]s; server %[3]s max_fails=3 fail_timeout=20s; keepalive 16; }
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_cache_path @DIR@/cache keys_zone=pages:1m max_size=10m;
limit_req_zone $server_name zone=login:1m rate=1r/s;
keepalive_timeout 15s;
server {
	listen %[4]s deferred;
	server_name shop.example.com;
	location /products/ { proxy_pass http://catalog; }
	location /old/ { return 301 /products/; }
	location = /login { limit_req zone=login burst=1 nodelay; proxy_pass http://checkout; }
}
server {
	listen %[4]s;
	server_name api.example.com;
	location / { proxy_pass http://checkout; }
}
server {
	listen %[4]s;
	server_name static.example.com;
	location / { proxy_cache pages; proxy_cache_valid 200 10s; proxy_pass http://catalog; }
}
server {
	listen %[5]s;
	access_log off;
	location = /stub_status { %[6]s }
}
`, a.catalogue, a.payment, a.absent, address, status, response)
}

// load sends requests at a rate that can change.
type load struct {
	address   string
	perSecond atomic.Uint64 // bits of a float64
	cancel    context.CancelFunc
	senders   sync.WaitGroup
}

func startLoad(t *testing.T, address string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{address: address, cancel: cancel}
	l.rate(recorded.Rate(0))
	const clients = 8 // each with a connection of its own
	for range clients {
		l.senders.Go(func() { l.client(ctx, clients) })
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) rate(perSecond float64) { l.perSecond.Store(math.Float64bits(perSecond)) }

func (l *load) stop() {
	l.cancel()
	l.senders.Wait()
}

// client sends requests at random times, and opens a new connection after some.
func (l *load) client(ctx context.Context, clients float64) {
	next := time.NewTimer(0)
	defer next.Stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	transport := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second}
	defer transport.CloseIdleConnections()
	for sent := 0; ; sent++ {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		next.Reset(time.Duration(rand.ExpFloat64() * clients / math.Float64frombits(l.perSecond.Load()) * float64(time.Second)))
		if sent%50 == 49 {
			transport.CloseIdleConnections()
		}
		requests.Go(func() { l.request(ctx, transport) })
	}
}

func (l *load) request(ctx context.Context, transport *http.Transport) {
	limit := 3 * time.Second
	if rand.Float64() < 0.003 {
		limit = 15 * time.Millisecond // the client goes away
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	host, path := page()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.address+path, nil)
	if err != nil {
		return
	}
	if host == "api.example.com" && rand.Float64() < 0.4 {
		request.Method = http.MethodPost
	}
	request.Host = host
	response, err := transport.RoundTrip(request)
	if err != nil {
		return // an incident
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}

// page returns what a client requests.
func page() (host, path string) {
	switch x := rand.Float64(); {
	case x < 0.40:
		return "shop.example.com", fmt.Sprintf("/products/%d", rand.IntN(1000))
	case x < 0.42:
		return "shop.example.com", "/old/1"
	case x < 0.44:
		return "shop.example.com", "/missing"
	case x < 0.46:
		return "shop.example.com", "/login"
	case x < 0.70:
		return "api.example.com", "/orders"
	default:
		return "static.example.com", fmt.Sprintf("/img/%d.png", rand.IntN(60))
	}
}

// held is connections with an unfinished request, which use up worker_connections. nginx
// closes idle ones to make room, and those that it has accepted but not read from: with
// deferred in listen there are none of these.
type held struct {
	address     string
	connections []net.Conn
}

func (h *held) open(t *testing.T, n int) {
	t.Helper()
	for range n {
		var dialer net.Dialer
		connection, err := dialer.DialContext(t.Context(), "tcp", h.address)
		if err != nil {
			t.Error(err)
			return
		}
		h.connections = append(h.connections, connection)
		_, _ = io.WriteString(connection, "GET / HTTP/1.1\r\n")
	}
}

func (h *held) close() {
	for _, connection := range h.connections {
		_ = connection.Close()
	}
	h.connections = nil
}
