package collector

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// alone returns options of a source without a target.
func alone(s source.Source, labels ...metric.Label) SourceOptions {
	return SourceOptions{Source: s, Labels: labels, Timeout: time.Minute}
}

// An access log can be read without its nginx, with its own failures.
func TestSourceWithoutTarget(t *testing.T) {
	var book book
	c := newCollector(t, Options{Logger: book.logger(), ExporterMetrics: MetricsNone})
	log := newLogSource("nginx_log_lines_total", "route", metric.KindCounter)
	log.count = logCount{"/shop", 3}
	options := alone(log, label("team", "web"))
	if err := c.SetSources([]SourceOptions{options}); err != nil {
		t.Fatal(err)
	}
	e := c.Scrape(t.Context())
	oracle.Check(t, e)
	wantValue(t, e, 3, "nginx_log_lines_total", "route", "/shop")
	wantValue(t, e, 1, "nginx_exporter_source_success", "team", "web")
	if _, found := valueOf(t, e, "nginx_up"); found {
		t.Error("nginx_up is exposed without an nginx")
	}
	if !slices.Contains(c.SourceNames(), "access_log") || !c.Offers([]string{"access_log"}) {
		t.Errorf("the sources are %q", c.SourceNames())
	}
	if _, found := valueOf(t, c.Scrape(t.Context(), "stub_status"), "nginx_log_lines_total"); found {
		t.Error("a scrape of another source has it")
	}
	log.err = &client.Error{Reason: client.ReasonFile, Err: errors.New("no such file")}
	for range 2 {
		e = c.Scrape(t.Context(), "access_log")
	}
	wantValue(t, e, 0, "nginx_exporter_source_success", "source", "access_log")
	wantValue(t, e, 2, "nginx_exporter_scrape_errors_total", "reason", "file")
	if _, found := valueOf(t, e, "nginx_log_lines_total"); found {
		t.Error("a source that failed has series")
	}
	if lines := book.lines(); len(lines) != 1 || !strings.HasSuffix(strings.TrimSpace(lines[0]), `source=access_log msg="Scrape failed" reason=file err="no such file"`) {
		t.Errorf("the log is %q", lines)
	}

	// It keeps its counters when the configuration is reloaded.
	log.err = nil
	if err := c.SetSources([]SourceOptions{options}); err != nil {
		t.Fatal(err)
	}
	wantValue(t, c.Scrape(t.Context()), 2, "nginx_exporter_scrape_errors_total", "reason", "file")
	if err := c.SetSources([]SourceOptions{options, alone(newLogSource("nginx_log_lines_total", "route", metric.KindCounter))}); err == nil ||
		!strings.Contains(err.Error(), "is set twice") {
		t.Errorf("got %v", err)
	}
	if err := c.SetSources([]SourceOptions{alone(newLogSource("nginx_up", "route", metric.KindHistogram))}); err == nil {
		t.Error("a second type of nginx_up is accepted")
	}
	if err := c.SetSources(nil); err != nil {
		t.Fatal(err)
	}
	if _, found := valueOf(t, c.Scrape(t.Context()), "nginx_log_lines_total"); found {
		t.Error("a source that was removed is exposed")
	}
}
