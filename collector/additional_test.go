package collector

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// logSource is a source that is not read over HTTP, such as an access log. The
// configuration defines its metrics and their labels.
type logSource struct {
	table *metric.Table[*logCount]
	count logCount
	err   error
}

type logCount struct {
	route string
	lines float64
}

func newLogSource(name, label string, kind metric.Kind) *logSource {
	count := func(to []metric.Series, c *logCount) []metric.Series {
		return append(to, metric.Series{Label: "200", Value: value.Of(c.lines)})
	}
	return &logSource{table: metric.NewTable("access_log", "", []metric.Row[*logCount]{
		metric.DynamicVec(kind, name, "Lines of the access log.", "code", count),
	}, metric.LabelFrom(label, func(c *logCount) string { return c.route }))}
}

// Name implements [source.Source].
func (*logSource) Name() string { return "access_log" }

// Families implements [source.Source].
func (l *logSource) Families() []metric.Family { return l.table.Families() }

// Collect implements [source.Source].
func (l *logSource) Collect(_ context.Context, b *metric.Batch) error {
	count := l.count // a copy, since the batch keeps it
	metric.Add(b, l.table, &count)
	return l.err
}

// A source that is not read over HTTP is one more source of its target.
func TestAdditionalSource(t *testing.T) {
	var book book
	nginx := start(t, says("nginx", plainPage))
	options := nginx.options(t)
	log := newLogSource("nginx_log_lines_total", "route", metric.KindCounter)
	log.count = logCount{"/shop", 3}
	options.Sources = append(options.Sources, log)
	c := newCollector(t, Options{Logger: book.logger(), ExporterMetrics: MetricsNone}, options)
	e := c.Scrape(t.Context())
	wantUp(t, e, true)
	wantValue(t, e, 3, "nginx_log_lines_total", "route", "/shop")
	wantValue(t, e, 1, "nginx_exporter_source_success", "source", "access_log")
	oracle.Check(t, e)
	book.wantLines(t, `source=stub_status msg="Scrape succeeded"`)

	// A change of its state is not a change of the configuration.
	log.count.lines++
	set(t, c, options)
	wantValue(t, c.Scrape(t.Context()), 4, "nginx_log_lines_total", "route", "/shop")
	if got := nginx.opened.Load(); got != 1 {
		t.Errorf("%d connections were opened; want 1", got)
	}

	// It can be selected, and it fails by itself.
	if _, found := valueOf(t, c.Scrape(t.Context(), "stub_status"), "nginx_log_lines_total"); found {
		t.Error("a scrape of another source has it")
	}
	wantValue(t, c.Scrape(t.Context(), log.Name()), 4, "nginx_log_lines_total", "route", "/shop")
	log.err = &client.Error{Reason: client.ReasonParse, Err: errors.New("no line has the format")}
	e = c.Scrape(t.Context())
	wantUp(t, e, true)
	wantValue(t, e, 0, "nginx_exporter_source_success", "source", "access_log")
	if _, found := valueOf(t, e, "nginx_log_lines_total"); found {
		t.Error("a source that failed has series")
	}
	book.wantLines(t, `source=access_log msg="Scrape failed" reason=parse`)
}

// It is read even if nginx cannot be.
func TestAdditionalSourceWithoutNginx(t *testing.T) {
	options := asking(t, "http://"+refusing(t)+"/")
	options.Sources = append(options.Sources, newLogSource("nginx_log_lines_total", "route", metric.KindCounter))
	e := newCollector(t, Options{}, options).Scrape(t.Context())
	wantUp(t, e, false)
	wantValue(t, e, 0, "nginx_log_lines_total")
	wantValue(t, e, 1, "nginx_exporter_source_success", "source", "access_log")
}

// Metrics of the same name may have different labels and buckets per target, but
// must have the same type.
func TestAdditionalSourcesOfTargets(t *testing.T) {
	one, two := start(t, says("nginx", plainPage)).options(t, label("addr", "one")), start(t, says("nginx", plainPage)).options(t, label("addr", "two"))
	one.Sources = append(one.Sources, newLogSource("nginx_log_lines_total", "route", metric.KindCounter))
	two.Sources = append(two.Sources, newLogSource("nginx_log_lines_total", "server", metric.KindCounter))
	c := newCollector(t, Options{}, one, two)
	text := oracle.Text(t, c.Scrape(t.Context()))
	if strings.Count(text, "# TYPE nginx_log_lines_total counter\n") != 1 || strings.Count(text, "\nnginx_log_lines_total{") != 2 {
		t.Errorf("got\n%s", text)
	}
	for _, name := range []string{"nginx_up", "nginx_http_requests_total"} {
		two.Sources = []source.Source{newLogSource(name, "server", metric.KindHistogram)}
		if err := c.SetTargets([]TargetOptions{one, two}); err == nil || !strings.Contains(err.Error(), "source access_log: the metric "+name) {
			t.Errorf("a second type of %s makes the error %v", name, err)
		}
	}
	if got := c.SourceNames(); !slices.Contains(got, "access_log") {
		t.Errorf("the sources are %q", got)
	}
	found := false
	for _, f := range Families(one.Sources...) {
		found = found || f.Name == "nginx_log_lines_total"
	}
	if !found {
		t.Error("the families have no nginx_log_lines_total")
	}
}
