package collector

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source/stubstatus"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
)

// book collects log lines.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// lines returns the lines since the last call.
func (b *book) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := strings.TrimSpace(b.text.String())
	b.text.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// logger logs what an operator sees by default.
func (b *book) logger() log.Logger {
	return level.NewFilter(log.NewLogfmtLogger(b), level.AllowInfo())
}

// wantLines checks that there is one line for each text, and that it contains it.
func (b *book) wantLines(tb testing.TB, texts ...string) {
	tb.Helper()
	lines := b.lines()
	if len(lines) != len(texts) {
		tb.Fatalf("the log has %d lines; want %d:\n%s", len(lines), len(texts), strings.Join(lines, "\n"))
	}
	for i, text := range texts {
		if !strings.Contains(lines[i], text) {
			tb.Errorf("line %q of the log has no %q", lines[i], text)
		}
	}
}

func TestLogOnlyChanges(t *testing.T) {
	var (
		book   book
		status atomic.Int64
	)
	nginx := start(t, func(w http.ResponseWriter, r *http.Request) {
		if code := int(status.Load()); code != http.StatusOK {
			w.WriteHeader(code)
			return
		}
		says("nginx", plainPage)(w, r)
	})
	c := newCollector(t, Options{Logger: book.logger()}, nginx.options(t))
	const scrapes = 50
	for _, step := range []struct {
		status int
		line   string
	}{
		{http.StatusOK, `level=info target=` + nginx.server.URL + `/stub_status source=stub_status msg="Scrape succeeded"`},
		{http.StatusForbidden, `level=warn target=` + nginx.server.URL + `/stub_status source=stub_status msg="Scrape failed" reason=status`},
		{http.StatusOK, `msg="Scrape recovered"`},
	} {
		status.Store(int64(step.status))
		for range scrapes {
			c.Scrape(t.Context())
		}
		book.wantLines(t, step.line)
	}
	// A reload that does not change the state is not logged.
	options := nginx.options(t)
	options.Client.Timeout++
	set(t, c, options)
	c.Scrape(t.Context())
	book.wantLines(t)
}

// Documents of NGINX Plus that fail share one line, which names them. A scrape of
// other sources does not change their state.
func TestLogNamesDocuments(t *testing.T) {
	t.Parallel()
	var book book
	api := plustest.New()
	server := api.Start()
	t.Cleanup(server.Close)
	c := newCollector(t, Options{Logger: book.logger()}, asking(t, server.URL))
	for _, step := range []struct {
		fail string
		only []string
		line string
	}{
		{"", nil, `level=info target=` + server.URL + ` source=api msg="Scrape succeeded"`},
		{"slabs", nil, `level=warn target=` + server.URL + ` source=api msg="Scrape failed in part" failed=slabs reason=status`},
		{"slabs", nil, ""},
		{"slabs", []string{"connections"}, ""},
		{"http/upstreams", nil, `msg="Scrape failed in part" failed=slabs,http_upstreams reason=status`},
		{"", []string{"slabs"}, `msg="Scrape failed in part" failed=http_upstreams reason=status`},
		{"", nil, `msg="Scrape recovered"`},
	} {
		if step.fail == "" {
			api.Set(standin.WithoutFaults())
		} else {
			api.Set(standin.WithStatus(step.fail, http.StatusForbidden, ""))
		}
		wantPlus(t, c.Scrape(t.Context(), step.only...))
		if step.line == "" {
			book.wantLines(t)
		} else {
			book.wantLines(t, step.line)
		}
	}
}

// So do parts of the status of Angie, which can fail by themselves if not all are
// read.
func TestLogNamesParts(t *testing.T) {
	t.Parallel()
	var book book
	status := angietest.New("/status/", angietest.Recorded())
	url := serveStandin(t, status)
	options := asking(t, url)
	options.Filter.Sources = map[string]bool{"angie_http_acme_clients": false}
	c := newCollector(t, Options{Logger: book.logger()}, options)
	for _, step := range []struct{ fail, line string }{
		{"", `level=info target=` + url + ` source=angie msg="Scrape succeeded"`},
		{"slabs", `level=warn target=` + url + ` source=angie msg="Scrape failed in part" failed=angie_slabs reason=status`},
		{"slabs,http/server_zones,http/location_zones", `msg="Scrape failed in part" failed=angie_slabs,angie_http_server_zones,angie_http_location_zones`},
		{"", `msg="Scrape recovered"`},
	} {
		status.Set(standin.WithoutFaults())
		for path := range strings.SplitSeq(step.fail, ",") {
			status.Set(standin.WithStatus(path, http.StatusBadGateway, ""))
		}
		text := oracle.Text(t, c.Scrape(t.Context()))
		if !strings.Contains(text, "\nnginx_up 1\n") || strings.Contains(text, "angie_slabs_") == (step.fail != "") {
			t.Errorf("%s fails: got\n%s", step.fail, text)
		}
		book.wantLines(t, step.line)
	}
}

func TestLogSaysWhatToDo(t *testing.T) {
	var book book
	c := newCollector(t, Options{Logger: book.logger()}, asking(t, "http://"+refusing(t)+"/stub_status"))
	c.Scrape(t.Context())
	book.wantLines(t, `advice="check that nginx runs`)
}

// A log that blocks delays only the scrape that writes to it: other scrapes of the
// target, and a reload, continue.
func TestBlockedLog(t *testing.T) {
	written, release := make(chan struct{}, 1), make(chan struct{})
	unblock := sync.OnceFunc(func() { close(release) })
	blocked := log.LoggerFunc(func(...any) error {
		written <- struct{}{}
		<-release
		return nil
	})
	nginx := start(t, notFound)
	options := nginx.options(t)
	c := newCollector(t, Options{Logger: level.NewFilter(blocked, level.AllowInfo())}, options)
	first := c.scrapeBeside(t.Context(), t)
	t.Cleanup(unblock) // before the test waits for the scrape
	receive(t, "the log", written)
	wantErrors(t, receive(t, "another scrape", c.scrapeReduced(t, stubstatus.Name)), client.ReasonStatus, 2)
	options.Client.Timeout++
	set(t, c, options)
	unblock()
	wantUp(t, receive(t, "the first scrape", first), false)
}

// scrapeReduced scrapes some sources in a goroutine.
func (c *Collector) scrapeReduced(tb testing.TB, only ...string) <-chan *metric.Exposition {
	tb.Helper()
	result := make(chan *metric.Exposition, 1)
	go func() { result <- c.Scrape(tb.Context(), only...) }()
	return result
}

// A source that flaps does not fill the log, and the next line has the number of
// suppressed changes.
func TestLogIsBounded(t *testing.T) {
	var (
		book  book
		count atomic.Int64
	)
	nginx := start(t, func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		says("nginx", plainPage)(w, r)
	})
	c := newCollector(t, Options{Logger: book.logger()}, nginx.options(t))
	const scrapes = 200
	for range scrapes {
		c.Scrape(t.Context())
	}
	if lines := book.lines(); len(lines) != budgetLines {
		t.Errorf("%d changes of state made %d lines; want %d", scrapes, len(lines), budgetLines)
	}
}

// flip changes the state of a source and writes the line, if there is one.
func flip(h *health, err error) {
	if line := h.update(err, false); line != nil {
		line.write()
	}
}

func TestLogBudgetIsRefilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book book
		h := &health{logger: book.logger(), budget: newBudget()}
		failure := &client.Error{Reason: client.ReasonRefused}
		flap := func() {
			flip(h, nil)
			flip(h, failure)
		}
		for range budgetLines {
			flap()
		}
		if lines := book.lines(); len(lines) != budgetLines {
			t.Errorf("%d lines; want %d", len(lines), budgetLines)
		}
		<-time.After(budgetRefill)
		flap()
		lines := book.lines()
		if len(lines) != 1 || !strings.Contains(lines[0], "suppressed_changes=") {
			t.Errorf("after a minute the log has %q; want one line with the number of suppressed changes", lines)
		}
		flap()
		book.wantLines(t)
		<-time.After(100 * budgetRefill)
		for range budgetLines {
			flap()
		}
		if lines := book.lines(); len(lines) != budgetLines {
			t.Errorf("after a long time %d lines; want %d, no more than at first", len(lines), budgetLines)
		}
	})
}

// Neither the log nor the exposition contains credentials or responses of other
// applications.
func TestSecretsStayInside(t *testing.T) {
	const secret = "geheim"
	var book book
	everything := level.NewFilter(log.NewLogfmtLogger(&book), level.AllowAll())
	body := "<html>" + strings.Repeat("welcome ", 20) + "session=" + secret + strings.Repeat(" and more", 1000)
	nginx := start(t, says("nginx/"+strings.Repeat("9", 100), body))
	address := strings.TrimPrefix(nginx.server.URL, "http://")
	options := asking(t, fmt.Sprintf("http://user:%s@%s/stub_status?token=%[1]s", secret, address))
	options.Labels = []metric.Label{label("addr", options.Client.Target.String())}
	c := newCollector(t, Options{Logger: everything}, options)
	const scrapes, most = 100, 512
	for range scrapes {
		if exposition := oracle.Text(t, c.Scrape(t.Context())); strings.Contains(exposition, secret) {
			t.Fatalf("the exposition holds a secret:\n%s", exposition)
		}
	}
	lines := book.lines()
	if len(lines) != scrapes {
		t.Errorf("%d lines at level debug; want one per scrape", len(lines))
	}
	for _, line := range lines {
		if strings.Contains(line, secret) || len(line) > most {
			t.Fatalf("the log holds a secret, or a line that is too long: %s", line)
		}
	}
}
