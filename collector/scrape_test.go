package collector

import (
	"context"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
)

// moment is a time-out that is over soon, yet long enough for a request to
// arrive on a busy machine.
const moment = 2 * time.Second

// deadline is a context whose time is over when the test says so.
type deadline struct {
	context.Context
	over chan struct{}
}

// Deadline implements [context.Context]. It is before the target's time-out.
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

// await waits until so many scrapes share the round.
func (c *Collector) await(tb testing.TB, waiters int) {
	tb.Helper()
	target := (*c.targets.Load())[0]
	eventually(tb, "the scrapes to come together", func() bool {
		target.mu.Lock()
		defer target.mu.Unlock()
		current := target.scrapes[""]
		return current != nil && current.waiters == waiters
	})
}

func TestScrapesShareOneRound(t *testing.T) {
	c, nginx := asked(t)
	const scrapers = 20
	pages := make([]<-chan *metric.Exposition, scrapers)
	for i := range pages {
		pages[i] = c.scrapeBeside(t.Context(), t)
	}
	receive(t, "the request", nginx.arrived)
	c.await(t, scrapers)
	nginx.answer <- struct{}{}
	for _, page := range pages {
		wantUp(t, receive(t, "a page", page), true)
	}
	if got := nginx.requests.Load(); got != 1 {
		t.Errorf("nginx had %d requests; want 1", got)
	}
	// What was shared is over.
	nginx.answer <- struct{}{}
	wantUp(t, c.Scrape(t.Context()), true)
	if got := nginx.requests.Load(); got != 2 {
		t.Errorf("nginx had %d requests after another scrape; want 2", got)
	}
}

func TestLeavingDoesNotCancelOthers(t *testing.T) {
	for _, first := range []bool{false, true} {
		c, nginx := asked(t)
		one := c.scraper(t, first)
		receive(t, "the request", nginx.arrived)
		other := c.scraper(t, true)
		c.await(t, 2)
		one.leave()
		if first {
			page := receive(t, "the page of the one who left", one.page)
			wantUp(t, page, false)
			wantErrors(t, page, client.ReasonTimeout, 0)
		}
		c.await(t, 1)
		nginx.answer <- struct{}{}
		page := receive(t, "the page of the one who stayed", other.page)
		wantUp(t, page, true)
		for _, reason := range client.Reasons() {
			wantErrors(t, page, reason, 0)
		}
		if got := nginx.requests.Load(); got != 1 {
			t.Errorf("nginx had %d requests; want 1", got)
		}
	}
}

// Whoever leaves last, and in whatever order: nginx is not waited for then.
func TestLastOneWhoLeavesCancels(t *testing.T) {
	for name, order := range map[string][]int{"alone": {0}, "first come first": {0, 1, 2}, "first come last": {2, 1, 0}} {
		t.Run(name, func(t *testing.T) { leaveInOrder(t, false, order) })
		t.Run(name+", bounded", func(t *testing.T) { leaveInOrder(t, true, order) })
	}
}

// leaveInOrder has scrapers leave one after another. The first who came is
// bounded in time or not.
func leaveInOrder(t *testing.T, bounded bool, order []int) {
	t.Helper()
	c, nginx := asked(t)
	scrapers := []scraper{c.scraper(t, bounded)}
	receive(t, "the request", nginx.arrived)
	for len(scrapers) < len(order) {
		scrapers = append(scrapers, c.scraper(t, true))
	}
	for left, i := range order {
		c.await(t, len(order)-left)
		if len(nginx.gone) > 0 {
			t.Fatalf("the request was given up while %d scrapers waited", len(order)-left)
		}
		scrapers[i].leave()
	}
	receive(t, "nginx to see that nobody waits", nginx.gone)
	for _, s := range scrapers {
		wantUp(t, receive(t, "a page", s.page), false)
	}
	nginx.answer <- struct{}{}
	page := c.Scrape(t.Context())
	wantUp(t, page, true)
	for _, reason := range client.Reasons() {
		wantErrors(t, page, reason, 0)
	}
}

// Several scrapers run out of time in one round: that is one time-out.
func TestDeadlineOfScrapers(t *testing.T) {
	c, nginx := asked(t)
	patient := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	for range 3 {
		ctx := deadline{t.Context(), make(chan struct{})}
		one, other := c.scrapeBeside(ctx, t), c.scrapeBeside(ctx, t)
		c.await(t, 3)
		close(ctx.over)
		for _, page := range []*metric.Exposition{receive(t, "a page", one), receive(t, "a page", other)} {
			wantUp(t, page, false)
			wantErrors(t, page, client.ReasonTimeout, 1)
			wantValue(t, page, 0, "nginx_exporter_source_success", "source", "stub_status")
		}
	}
	nginx.answer <- struct{}{}
	page := receive(t, "the page of the patient one", patient.page)
	wantUp(t, page, true)
	wantErrors(t, page, client.ReasonTimeout, 1)
	if got := nginx.requests.Load(); got != 1 {
		t.Errorf("nginx had %d requests; want 1", got)
	}
}

// A round that somebody could not wait for has failed already: what it brings
// for the others does not count again.
func TestFailureAfterDeadline(t *testing.T) {
	c, nginx := asked(t)
	patient := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	ctx := deadline{t.Context(), make(chan struct{})}
	hurried := c.scrapeBeside(ctx, t)
	c.await(t, 2)
	close(ctx.over)
	wantErrors(t, receive(t, "the page of the hurried one", hurried), client.ReasonTimeout, 1)
	nginx.fail <- struct{}{}
	page := receive(t, "the page of the patient one", patient.page)
	wantUp(t, page, false)
	wantErrors(t, page, client.ReasonTimeout, 1)
	wantErrors(t, page, client.ReasonStatus, 0)
}

// That a scraper leaves says nothing of nginx; that it runs out of time does.
func TestLogOfThoseWhoLeave(t *testing.T) {
	var book book
	nginx := startSlow(t)
	c := newCollector(t, Options{Logger: book.logger()}, nginx.options(t))
	leaving := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	leaving.leave()
	receive(t, "the page of the one who left", leaving.page)
	book.wantLines(t)
	ctx := deadline{t.Context(), make(chan struct{})}
	scrape := c.scrapeBeside(ctx, t)
	receive(t, "the request", nginx.arrived)
	close(ctx.over)
	receive(t, "the page of the one without time", scrape)
	eventually(t, "the round to end", func() bool {
		book.mu.Lock()
		defer book.mu.Unlock()
		return book.text.Len() > 0
	})
	book.wantLines(t, "level=warn target="+nginx.server.URL+"/stub_status source=stub_status msg=\"Scrape failed\" reason=timeout")
}

// A round that nobody waits for any more is not joined by the next scrape.
func TestScrapeAfterDeadlineAsksAnew(t *testing.T) {
	c, nginx := asked(t)
	for i := range 3 {
		ctx := deadline{t.Context(), make(chan struct{})}
		scrape := c.scrapeBeside(ctx, t)
		receive(t, "the request", nginx.arrived)
		close(ctx.over)
		page := receive(t, "the page", scrape)
		wantUp(t, page, false)
		wantErrors(t, page, client.ReasonTimeout, float64(i+1))
		receive(t, "the request to be given up", nginx.gone)
	}
	nginx.answer <- struct{}{}
	page := c.Scrape(t.Context())
	wantUp(t, page, true)
	wantErrors(t, page, client.ReasonTimeout, 3)
	if got := nginx.requests.Load(); got != 4 {
		t.Errorf("nginx had %d requests; want 4", got)
	}
}

// The target's own time-out ends a round for all who wait.
func TestTimeoutOfTarget(t *testing.T) {
	nginx := startSlow(t)
	options := nginx.options(t)
	options.Client.Timeout = moment
	c := newCollector(t, Options{}, options)
	page := c.Scrape(t.Context())
	wantUp(t, page, false)
	wantErrors(t, page, client.ReasonTimeout, 1)
	if seconds, _ := valueOf(t, page, "nginx_exporter_source_duration_seconds"); seconds < 0.9*moment.Seconds() || seconds > patience.Seconds() {
		t.Errorf("the source took %v s; want %v at least", seconds, moment)
	}
	receive(t, "the request to be given up", nginx.gone)
	nginx.answer <- struct{}{}
	longer := nginx.options(t)
	if err := c.SetTargets([]TargetOptions{longer}); err != nil {
		t.Fatal(err)
	}
	wantUp(t, c.Scrape(t.Context()), true)
}

// A scraper whose time is over before it begins learns that, and nginx is left
// in peace.
func TestDeadlineBeforeScrape(t *testing.T) {
	c, nginx := asked(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	page := c.Scrape(ctx)
	wantUp(t, page, false)
	wantErrors(t, page, client.ReasonTimeout, 1)
	nginx.answer <- struct{}{}
	wantUp(t, c.Scrape(t.Context()), true)
}

// A target that hangs takes nothing from the others.
func TestTargetsFailApart(t *testing.T) {
	hanging := startSlow(t)
	down := asking(t, "http://"+refusing(t)+"/", label("addr", "down"))
	hangs := hanging.options(t, label("addr", "hangs"))
	hangs.Client.Timeout = moment
	up := start(t, says("nginx", plainPage)).options(t, label("addr", "up"))
	c := newCollector(t, Options{}, hangs, down, up)
	page := c.Scrape(t.Context())
	wantValue(t, page, 1, "nginx_up", "addr", "up")
	wantValue(t, page, 0, "nginx_up", "addr", "down")
	wantValue(t, page, 0, "nginx_up", "addr", "hangs")
	wantValue(t, page, 31070465, "nginx_http_requests_total", "addr", "up")
	for _, addr := range []string{"down", "hangs"} {
		if _, found := valueOf(t, page, "nginx_http_requests_total", "addr", addr); found {
			t.Errorf("target %q has figures", addr)
		}
	}
}
