package collector

import (
	"context"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/proctest"
)

// moment is a short timeout, long enough for a request to arrive on a busy
// machine.
const moment = 2 * time.Second

// deadline is a context whose deadline passes when the test says so.
type deadline struct {
	context.Context
	over chan struct{}
}

// Deadline implements [context.Context]. It is before the target's timeout.
func (d deadline) Deadline() (time.Time, bool) { return time.Now().Add(patience / 2), true }

// Done implements [context.Context].
func (d deadline) Done() <-chan struct{} { return d.over }

// Err implements [context.Context].
func (d deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// await waits until this number of callers share the scrape.
func (c *Collector) await(tb testing.TB, waiters int) {
	tb.Helper()
	target := (*c.targets.Load())[0]
	proctest.Until(tb, "the callers to share a scrape", func() bool {
		target.mu.Lock()
		defer target.mu.Unlock()
		current := target.scrapes[""]
		return current != nil && current.waiters == waiters
	})
}

func TestCallersShareOneScrape(t *testing.T) {
	c, nginx := newSlowCollector(t)
	const scrapers = 20
	expositions := make([]<-chan *metric.Exposition, scrapers)
	for i := range expositions {
		expositions[i] = c.scrapeBeside(t.Context(), t)
	}
	receive(t, "the request", nginx.arrived)
	c.await(t, scrapers)
	nginx.respond <- struct{}{}
	for _, exposition := range expositions {
		wantUp(t, receive(t, "an exposition", exposition), true)
	}
	if got := nginx.requests.Load(); got != 1 {
		t.Errorf("nginx had %d requests; want 1", got)
	}
	// A later scrape is not shared.
	nginx.respond <- struct{}{}
	wantUp(t, c.Scrape(t.Context()), true)
	if got := nginx.requests.Load(); got != 2 {
		t.Errorf("nginx had %d requests after another scrape; want 2", got)
	}
}

func TestLeavingDoesNotCancelOthers(t *testing.T) {
	for _, first := range []bool{false, true} {
		c, nginx := newSlowCollector(t)
		one := c.scraper(t, first)
		receive(t, "the request", nginx.arrived)
		other := c.scraper(t, true)
		c.await(t, 2)
		one.leave()
		if first {
			exposition := receive(t, "the exposition of the scraper that left", one.exposition)
			wantUp(t, exposition, false)
			wantErrors(t, exposition, client.ReasonTimeout, 0)
		}
		c.await(t, 1)
		nginx.respond <- struct{}{}
		exposition := receive(t, "the exposition of the scraper that stayed", other.exposition)
		wantUp(t, exposition, true)
		for _, reason := range client.Reasons() {
			wantErrors(t, exposition, reason, 0)
		}
		if got := nginx.requests.Load(); got != 1 {
			t.Errorf("nginx had %d requests; want 1", got)
		}
	}
}

// Callers leave in any order; the last one cancels the request.
func TestLastCallerCancels(t *testing.T) {
	for name, order := range map[string][]int{"alone": {0}, "in order": {0, 1, 2}, "in reverse": {2, 1, 0}} {
		t.Run(name, func(t *testing.T) { leaveInOrder(t, false, order) })
		t.Run(name+", bounded", func(t *testing.T) { leaveInOrder(t, true, order) })
	}
}

// leaveInOrder makes scrapers leave one after another. The first one is bounded or
// not.
func leaveInOrder(t *testing.T, bounded bool, order []int) {
	t.Helper()
	c, nginx := newSlowCollector(t)
	scrapers := []scraper{c.scraper(t, bounded)}
	receive(t, "the request", nginx.arrived)
	for len(scrapers) < len(order) {
		scrapers = append(scrapers, c.scraper(t, true))
	}
	for left, i := range order {
		c.await(t, len(order)-left)
		if len(nginx.gone) > 0 {
			t.Fatalf("the request was cancelled while %d callers waited", len(order)-left)
		}
		scrapers[i].leave()
	}
	receive(t, "the request to be cancelled", nginx.gone)
	for _, s := range scrapers {
		wantUp(t, receive(t, "an exposition", s.exposition), false)
	}
	nginx.respond <- struct{}{}
	exposition := c.Scrape(t.Context())
	wantUp(t, exposition, true)
	for _, reason := range client.Reasons() {
		wantErrors(t, exposition, reason, 0)
	}
}

// If several callers of a scrape time out, it counts as one timeout.
func TestDeadlineOfScrapers(t *testing.T) {
	c, nginx := newSlowCollector(t)
	patient := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	for range 3 {
		ctx := deadline{t.Context(), make(chan struct{})}
		one, other := c.scrapeBeside(ctx, t), c.scrapeBeside(ctx, t)
		c.await(t, 3)
		close(ctx.over)
		for _, exposition := range []*metric.Exposition{receive(t, "an exposition", one), receive(t, "an exposition", other)} {
			wantUp(t, exposition, false)
			wantErrors(t, exposition, client.ReasonTimeout, 1)
			wantValue(t, exposition, 0, "nginx_exporter_source_success", "source", "stub_status")
		}
	}
	nginx.respond <- struct{}{}
	exposition := receive(t, "the exposition of the patient scraper", patient.exposition)
	wantUp(t, exposition, true)
	wantErrors(t, exposition, client.ReasonTimeout, 1)
	if got := nginx.requests.Load(); got != 1 {
		t.Errorf("nginx had %d requests; want 1", got)
	}
}

// A source that was counted as a timeout of one caller is not counted again when
// it fails for the others.
func TestFailureAfterDeadline(t *testing.T) {
	c, nginx := newSlowCollector(t)
	patient := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	ctx := deadline{t.Context(), make(chan struct{})}
	hurried := c.scrapeBeside(ctx, t)
	c.await(t, 2)
	close(ctx.over)
	wantErrors(t, receive(t, "the exposition of the hurried scraper", hurried), client.ReasonTimeout, 1)
	nginx.fail <- struct{}{}
	exposition := receive(t, "the exposition of the patient scraper", patient.exposition)
	wantUp(t, exposition, false)
	wantErrors(t, exposition, client.ReasonTimeout, 1)
	wantErrors(t, exposition, client.ReasonStatus, 0)
}

// A scraper that leaves is not a failure of nginx; one that times out is.
func TestLogOfLeavingScrapers(t *testing.T) {
	var book book
	nginx := startSlow(t)
	c := newCollector(t, Options{Logger: book.logger()}, nginx.options(t))
	leaving := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	leaving.leave()
	receive(t, "the exposition of the scraper that left", leaving.exposition)
	book.wantLines(t)
	ctx := deadline{t.Context(), make(chan struct{})}
	scrape := c.scrapeBeside(ctx, t)
	receive(t, "the request", nginx.arrived)
	close(ctx.over)
	receive(t, "the exposition of the timed out scraper", scrape)
	proctest.Until(t, "the scrape to end", func() bool {
		book.mu.Lock()
		defer book.mu.Unlock()
		return book.text.Len() > 0
	})
	book.wantLines(t, "level=warn target="+nginx.server.URL+"/stub_status source=stub_status msg=\"Scrape failed\" reason=timeout")
}

// A scrape without callers is not joined by the next one.
func TestScrapeAfterDeadline(t *testing.T) {
	c, nginx := newSlowCollector(t)
	for i := range 3 {
		ctx := deadline{t.Context(), make(chan struct{})}
		scrape := c.scrapeBeside(ctx, t)
		receive(t, "the request", nginx.arrived)
		close(ctx.over)
		exposition := receive(t, "the exposition", scrape)
		wantUp(t, exposition, false)
		wantErrors(t, exposition, client.ReasonTimeout, float64(i+1))
		receive(t, "the request to be cancelled", nginx.gone)
	}
	nginx.respond <- struct{}{}
	exposition := c.Scrape(t.Context())
	wantUp(t, exposition, true)
	wantErrors(t, exposition, client.ReasonTimeout, 3)
	if got := nginx.requests.Load(); got != 4 {
		t.Errorf("nginx had %d requests; want 4", got)
	}
}

// The target's own timeout ends a scrape for all callers.
func TestTimeoutOfTarget(t *testing.T) {
	nginx := startSlow(t)
	options := nginx.options(t)
	options.Client.Timeout = moment
	c := newCollector(t, Options{}, options)
	exposition := c.Scrape(t.Context())
	wantUp(t, exposition, false)
	wantErrors(t, exposition, client.ReasonTimeout, 1)
	if seconds, _ := valueOf(t, exposition, "nginx_exporter_source_duration_seconds"); seconds < 0.9*moment.Seconds() || seconds > patience.Seconds() {
		t.Errorf("the source took %v s; want %v at least", seconds, moment)
	}
	receive(t, "the request to be cancelled", nginx.gone)
	nginx.respond <- struct{}{}
	longer := nginx.options(t)
	if err := c.SetTargets([]TargetOptions{longer}); err != nil {
		t.Fatal(err)
	}
	wantUp(t, c.Scrape(t.Context()), true)
}

// A scrape whose deadline has already passed is a timeout and sends no request.
func TestDeadlineBeforeScrape(t *testing.T) {
	c, nginx := newSlowCollector(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	exposition := c.Scrape(ctx)
	wantUp(t, exposition, false)
	wantErrors(t, exposition, client.ReasonTimeout, 1)
	nginx.respond <- struct{}{}
	wantUp(t, c.Scrape(t.Context()), true)
}

// A target that hangs does not affect the others.
func TestTargetsFailApart(t *testing.T) {
	hanging := startSlow(t)
	down := asking(t, "http://"+refusing(t)+"/", label("addr", "down"))
	hangs := hanging.options(t, label("addr", "hangs"))
	hangs.Client.Timeout = moment
	up := start(t, says("nginx", plainPage)).options(t, label("addr", "up"))
	c := newCollector(t, Options{}, hangs, down, up)
	exposition := c.Scrape(t.Context())
	wantValue(t, exposition, 1, "nginx_up", "addr", "up")
	wantValue(t, exposition, 0, "nginx_up", "addr", "down")
	wantValue(t, exposition, 0, "nginx_up", "addr", "hangs")
	wantValue(t, exposition, 31070465, "nginx_http_requests_total", "addr", "up")
	for _, addr := range []string{"down", "hangs"} {
		if _, found := valueOf(t, exposition, "nginx_http_requests_total", "addr", addr); found {
			t.Errorf("target %q has metrics", addr)
		}
	}
}
