package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client/plus"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/web"
)

// patience is the deadline for events that must happen.
const patience = proctest.Patience

// nginx is a fake; other tests have a real one.
type nginx struct {
	*httptest.Server
	requests atomic.Int64
	hold     chan struct{} // responses wait until it is closed, unless nil
}

func startNginx(tb testing.TB, hold chan struct{}) *nginx {
	tb.Helper()
	n := &nginx{hold: hold}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		if n.hold != nil {
			select {
			case <-n.hold:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("Server", "nginx/1.29.1")
		_, _ = io.WriteString(w, stubPage) // the exporter may have disconnected
	}))
	tb.Cleanup(n.Close)
	return n
}

// configure returns a configuration like the defaults of the flags.
func configure(target string) *config.Config {
	return &config.Config{
		Nginx: config.Nginx{
			ScrapeURIs: []string{target}, DefaultURI: true, Verify: true, Timeout: time.Hour, AddrLabel: "auto", Mode: "auto",
			MaxDocument: plus.DefaultMaxDocument,
		},
		Web: config.Web{
			Listen: []string{"127.0.0.1:0"}, TelemetryPath: "/metrics", ExporterMetrics: "basic", MaxRequests: 8,
			Limits: config.Limits{
				ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience,
				ShutdownTimeout: patience, TimeoutOffset: 500 * time.Millisecond, MaxConnections: 1000,
			},
		},
	}
}

// exporter is a server and its parts.
type exporter struct {
	*web.Server
	settings *config.Settings
	log      *transcript
	reloads  atomic.Int64
	reload   error // error of the next reloads
}

func newExporter(tb testing.TB, c *config.Config) *exporter {
	tb.Helper()
	e, closer, err := assemble(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(closer)
	return e
}

func assemble(c *config.Config) (e *exporter, closer func(), err error) {
	e = &exporter{log: &transcript{}}
	if e.settings, err = c.Validate(); err != nil {
		return nil, nil, err
	}
	options := e.settings.CollectorOptions()
	options.Logger = level.NewFilter(log.NewLogfmtLogger(e.log), level.AllowInfo())
	scraper := collector.New(options)
	if err := scraper.SetTargets(e.settings.Targets()); err != nil {
		return nil, nil, err
	}
	e.Server, err = web.New(web.Options{
		Settings: e.settings, Collector: scraper, Probes: e.settings.Probes,
		Reload: func() error {
			e.reloads.Add(1)
			return e.reload
		},
		Logger: log.NewLogfmtLogger(e.log), Slog: slog.New(slog.NewTextHandler(e.log, nil)),
	})
	return e, scraper.Close, err
}

// do calls the handler without a connection.
func (e *exporter) do(tb testing.TB, method, path string, header http.Header) *httptest.ResponseRecorder {
	tb.Helper()
	request := httptest.NewRequestWithContext(tb.Context(), method, path, http.NoBody)
	for name, values := range header {
		request.Header[name] = values
	}
	recorder := httptest.NewRecorder()
	e.Handler().ServeHTTP(recorder, request)
	return recorder
}

func (e *exporter) get(tb testing.TB, path string) *httptest.ResponseRecorder {
	tb.Helper()
	return e.do(tb, http.MethodGet, path, nil)
}

// running is an exporter that serves.
type running struct {
	*exporter
	served chan error
	once   sync.Once
	err    error
}

// serve listens and serves until the test ends or shuts it down.
func serve(tb testing.TB, c *config.Config) *running {
	tb.Helper()
	e := newExporter(tb, c)
	if err := e.Listen(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	r := &running{exporter: e, served: make(chan error, 1)}
	go func() { r.served <- e.Serve() }()
	tb.Cleanup(func() {
		now := make(chan struct{})
		close(now)
		r.Shutdown(now)
		_ = r.ended() // tests check it before
	})
	for range c.Web.Listen {
		r.addresses(tb, len(c.Web.Listen))
	}
	return r
}

// ended waits for the end of Serve and returns its error.
func (r *running) ended() error {
	r.once.Do(func() {
		select {
		case r.err = <-r.served:
		case <-time.After(patience):
			r.err = errors.New("it still serves")
		}
	})
	return r.err
}

// addresses waits until the log has so many addresses.
func (r *running) addresses(tb testing.TB, count int) []string {
	tb.Helper()
	listening := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	var addresses []string
	eventually(tb, "the server to listen", func() bool {
		addresses = nil
		for _, found := range listening.FindAllStringSubmatch(r.log.String(), -1) {
			addresses = append(addresses, found[1])
		}
		return len(addresses) == count
	})
	return addresses
}

func (r *running) address(tb testing.TB) string {
	tb.Helper()
	return r.addresses(tb, 1)[0]
}

// fetch makes one request on a connection of its own.
func fetch(tb testing.TB, network, address, path string, header http.Header) (status int, body string, err error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://exporter"+path, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// mustScrape checks that a scrape has nginx_up 1.
func mustScrape(tb testing.TB, network, address string) {
	tb.Helper()
	status, body, err := fetch(tb, network, address, "/metrics", nil)
	if err != nil || status != http.StatusOK || !strings.Contains(body, "\nnginx_up 1\n") {
		tb.Errorf("a scrape of %s has status %d, error %v: %s", address, status, err, body)
	}
}

// transcript is a log in memory.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// String returns what was logged so far.
func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// lines returns how many lines have all the texts.
func (t *transcript) lines(texts ...string) int {
	count := 0
	for line := range strings.Lines(t.String()) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			count++
		}
	}
	return count
}

func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	proctest.Until(tb, what, condition)
}

// file writes a file of the test.
func file(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	overwrite(tb, path, text)
	return path
}

func overwrite(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
