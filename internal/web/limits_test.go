package web_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/config"
)

const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// TestScrapeTimeout ends scrapes of an nginx that hangs, long before the timeout
// of the target.
func TestScrapeTimeout(t *testing.T) {
	t.Parallel()
	for value, limit := range map[string]time.Duration{
		"2": 2 * time.Second, "2.5": 2500 * time.Millisecond, "3": 3 * time.Second, "30e-1": 3 * time.Second,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			hold := make(chan struct{})
			t.Cleanup(func() { close(hold) })
			e := newExporter(t, configure(startNginx(t, hold).URL))
			began := time.Now()
			body := e.do(t, http.MethodGet, "/metrics", http.Header{timeoutHeader: {value}}).Body.String()
			if took := time.Since(began); took < limit/2 {
				t.Errorf("the response came after %s already", took)
			}
			if !strings.Contains(body, "\nnginx_up 0\n") || strings.Contains(body, "nginx_connections_") {
				t.Errorf("nginx is not down:\n%s", body)
			}
		})
	}
}

// TestScrapeTimeoutInvalid lets nginx respond only after any timeout that an
// invalid header could be misread as.
func TestScrapeTimeoutInvalid(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"NaN", "-1", "0", "-0", "1e309", "+Inf", "-Inf", "abc", "", "5,5", "1e300", "1s", "0.2s", "1e-400", "86401", " 0.2", "0.2 ", "٣",
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			hold := make(chan struct{})
			n := startNginx(t, hold)
			e := newExporter(t, configure(n.URL))
			responded := make(chan *httptest.ResponseRecorder)
			go func() { responded <- e.do(t, http.MethodGet, "/metrics", http.Header{timeoutHeader: {value}}) }()
			eventually(t, "the scrape to reach nginx", func() bool { return n.requests.Load() == 1 })
			select {
			case early := <-responded:
				t.Fatalf("the response came before that of nginx:\n%s", early.Body)
			case <-time.After(300 * time.Millisecond):
			}
			close(hold)
			if body := (<-responded).Body.String(); !strings.Contains(body, "\nnginx_up 1\n") {
				t.Errorf("nginx is not up:\n%s", body)
			}
		})
	}
}

// TestTooManyScrapes fills the slots of scrapes or those of probes, which are
// separate.
func TestTooManyScrapes(t *testing.T) {
	t.Parallel()
	for busy, free := range map[string]string{"/metrics": "/probe", "/probe": "/metrics"} {
		t.Run(busy, func(t *testing.T) {
			t.Parallel()
			hold := make(chan struct{})
			hanging, responding := startNginx(t, hold), startNginx(t, nil)
			targets := map[string]*nginx{busy: hanging, free: responding}
			c := configure(targets["/metrics"].URL)
			c.Nginx.DefaultURI, c.Web.MaxRequests = false, 1
			c.File = file(t, "config.yml", "probe: {allow: [{cidr: 127.0.0.0/8}]}")
			e := newExporter(t, c)
			paths := map[string]string{"/metrics": "/metrics", "/probe": probe(targets["/probe"].URL, "")}
			first := make(chan *httptest.ResponseRecorder, 1)
			go func() { first <- e.get(t, paths[busy]) }()
			eventually(t, "the scrape to reach nginx", func() bool { return hanging.requests.Load() == 1 })
			mustBeBusy(t, e.get(t, paths[busy]))
			for _, path := range []string{paths[free], "/-/healthy"} {
				if got := e.get(t, path).Code; got != http.StatusOK {
					t.Errorf("%s has status %d while %s is busy", path, got, busy)
				}
			}
			close(hold)
			for _, got := range []int{(<-first).Code, e.get(t, paths[busy]).Code} {
				if got != http.StatusOK {
					t.Errorf("a scrape within the limit has status %d", got)
				}
			}
		})
	}
}

func mustBeBusy(tb testing.TB, refused *httptest.ResponseRecorder) {
	tb.Helper()
	if refused.Code != http.StatusServiceUnavailable || refused.Header().Get("Retry-After") != "1" ||
		!strings.Contains(refused.Body.String(), "--web.max-requests") {
		tb.Errorf("the refusal has status %d and %v: %s", refused.Code, refused.Header(), refused.Body)
	}
}

// TestCallerLeaves checks that a scrape ends when its caller leaves, and
// with it the request to nginx.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	n := startNginx(t, hold)
	e := newExporter(t, configure(n.URL))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", http.NoBody))
	}()
	eventually(t, "the scrape to reach nginx", func() bool { return n.requests.Load() == 1 })
	cancel()
	select {
	case <-done:
	case <-time.After(patience): // long before the timeout of the target
		t.Error("the scrape goes on although its caller left")
	}
}

// deaf is a client that accepts the header and no body.
type deaf struct{ header http.Header }

var errDeaf = errors.New("the client is deaf")

// Header implements [http.ResponseWriter].
func (d *deaf) Header() http.Header { return d.header }

// WriteHeader implements [http.ResponseWriter].
func (*deaf) WriteHeader(int) {}

// Write implements [http.ResponseWriter].
func (*deaf) Write([]byte) (int, error) { return 0, errDeaf }

func TestResponseIsNotRead(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.ConstLabs = []string{"pad=" + strings.Repeat("x", 1<<15)}
	for name, header := range map[string]http.Header{
		"text": nil, "gzip": {"Accept-Encoding": {"gzip"}},
		"protobuf": {"Accept": {acceptProto}}, "protobuf, gzip": {"Accept": {acceptProto}, "Accept-Encoding": {"gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExporter(t, c)
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
			for key, values := range header {
				request.Header[key] = values
			}
			for range c.Web.MaxRequests + 1 { // each must release its slot
				e.Handler().ServeHTTP(&deaf{header: http.Header{}}, request)
			}
			log := e.log.String()
			if !strings.Contains(log, "level=debug") || !strings.Contains(log, errDeaf.Error()) || strings.Contains(log, "level=error") {
				t.Errorf("the log is:\n%s", log)
			}
			if got := e.get(t, "/metrics").Code; got != http.StatusOK {
				t.Errorf("the next scrape has status %d", got)
			}
		})
	}
}

// slowly serves responses that exceed the buffers of a Unix socket: 200 kB; those of
// TCP can grow to megabytes.
func slowly(tb testing.TB, change func(*config.Config)) *running {
	tb.Helper()
	c := configure(startNginx(tb, nil).URL)
	c.Web.Listen = []string{"unix:" + tb.TempDir() + "/e.sock"}
	c.ConstLabs = []string{"pad=" + strings.Repeat("x", 1<<16)}
	change(c)
	return serve(tb, c)
}

// begin requests the metrics and reads the first line of the response.
func (r *running) begin(tb testing.TB) net.Conn {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(tb.Context(), "unix", r.address(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
		tb.Fatal(err)
	}
	mustStart(tb, conn)
	return conn
}

// TestWriteTimeout has a client that sends requests and never reads.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	r := slowly(t, func(c *config.Config) { c.Web.WriteTimeout = 5 * time.Second }) // time to begin the response
	r.begin(t)
	eventually(t, "the timeout", func() bool { return strings.Contains(r.log.String(), "Writing the response failed") })
}

// TestSlowReaders has more clients that do not read than scrapes are allowed at
// once, and then more than responses can be written at once.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	r := slowly(t, func(c *config.Config) { c.Web.MaxRequests = 1 })
	const mostWriters = 16
	readers := make([]net.Conn, mostWriters)
	for i := range readers {
		readers[i] = r.begin(t)
	}
	if got := r.log.lines("Writing the response failed"); got != 0 {
		t.Errorf("%d responses within the limit were cut off:\n%.10000s", got, r.log)
	}
	mustScrapePadded(t, r)
	eventually(t, "a response to be cut off", func() bool { return r.log.lines("Writing the response failed") == 1 })
	whole := 0
	for _, conn := range readers {
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(string(text), "\r\n0\r\n\r\n") {
			whole++
		}
	}
	if whole != mostWriters-1 {
		t.Errorf("%d of %d responses are whole; want all but one", whole, mostWriters)
	}
}

func mustScrapePadded(tb testing.TB, r *running) {
	tb.Helper()
	status, body, err := fetch(tb, "unix", r.address(tb), "/metrics", nil)
	if err != nil || status != http.StatusOK || !strings.Contains(body, "\nnginx_up{pad=") {
		tb.Errorf("a scrape has status %d, %d bytes, error %v", status, len(body), err)
	}
}

// mustStart checks that a response has begun.
func mustStart(tb testing.TB, conn net.Conn) {
	tb.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
		tb.Errorf("the response began with %q: %v", line, err)
	}
}

// TestReadTimeout has clients that do not complete their request.
func TestReadTimeout(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.ReadTimeout = 200 * time.Millisecond
	r := serve(t, c)
	for _, begun := range []string{"", "GET /metrics", "GET /metrics HTTP/1.1\r\nHost: x\r\nX:"} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.address(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(begun)); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		_, err = bufio.NewReader(conn).ReadString(0)
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			t.Errorf("a client that sent %q is still connected", begun)
		}
		_ = conn.Close() // the exporter has
	}
}

// cancelled returns the context of a scraper that has left.
func cancelled(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	cancel()
	return ctx
}
