//go:build linux

package blackbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// figures are the seven numbers of stub_status in the order of its page.
type figures struct {
	active, accepted, handled, requests, reading, writing, waiting uint64
}

// usual is what most of the fakes say.
func usual() figures { return figures{12, 7001, 6999, 1448, 1, 3, 8} }

// page is the text of nginx.
func (f figures) page() string {
	return fmt.Sprintf("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: %d Writing: %d Waiting: %d \n",
		f.active, f.accepted, f.handled, f.requests, f.reading, f.writing, f.waiting)
}

// series are the metrics that the figures become.
func (f figures) series() map[string]float64 {
	return map[string]float64{
		"nginx_connections_active":   float64(f.active),
		"nginx_connections_accepted": float64(f.accepted),
		"nginx_connections_handled":  float64(f.handled),
		"nginx_http_requests_total":  float64(f.requests),
		"nginx_connections_reading":  float64(f.reading),
		"nginx_connections_writing":  float64(f.writing),
		"nginx_connections_waiting":  float64(f.waiting),
	}
}

// page is a page of the exporter that was checked.
type page struct {
	text   string
	series map[string]map[string]float64 // by family, by labels
}

// read checks an answer to a scrape: status, format, and whether the page
// agrees with itself.
func read(tb testing.TB, a *answer) *page {
	tb.Helper()
	if a.status != http.StatusOK {
		tb.Fatalf("the answer has status %d: %s", a.status, clip(string(a.body)))
	}
	if kind := a.header.Get("Content-Type"); kind != "text/plain; version=0.0.4; charset=utf-8" {
		tb.Errorf("the page has the type %q", kind)
	}
	return readText(tb, string(a.body))
}

func readText(tb testing.TB, text string) *page {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("the page does not parse: %v\n%s", err, clip(text))
	}
	p := newPage(tb, families)
	p.text = text
	p.checkText(tb)
	return p
}

func newPage(tb testing.TB, families map[string]*dto.MetricFamily) *page {
	tb.Helper()
	p := &page{series: map[string]map[string]float64{}}
	for name, family := range families {
		p.series[name] = map[string]float64{}
		for _, metric := range family.GetMetric() {
			key := labels(metric)
			if _, twice := p.series[name][key]; twice {
				tb.Errorf("the series %s{%s} is there twice", name, key)
			}
			p.series[name][key] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + metric.GetUntyped().GetValue()
		}
	}
	p.check(tb)
	return p
}

// labels writes the labels of a series sorted.
func labels(metric *dto.Metric) string {
	var pairs []string
	for _, pair := range metric.GetLabel() {
		pairs = append(pairs, pair.GetName()+"="+strconv.Quote(pair.GetValue()))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// checkText checks what a parser forgives.
func (p *page) checkText(tb testing.TB) {
	tb.Helper()
	if !strings.HasSuffix(p.text, "\n") {
		tb.Error("the last line of the page is cut")
	}
	described := map[string]bool{}
	seen := map[string]bool{}
	for line := range strings.Lines(p.text) {
		name := ""
		if typed, isType := strings.CutPrefix(line, "# TYPE "); isType {
			name, _, _ = strings.Cut(typed, " ")
			if described[name] {
				tb.Errorf("the family %s is there twice", name)
			}
			described[name] = true
			continue
		}
		series := line[:strings.LastIndexByte(line, ' ')]
		if seen[series] && !strings.HasPrefix(line, "#") {
			tb.Errorf("the series %s is there twice", series)
		}
		seen[series] = true
	}
}

// check looks whether the page agrees with itself: what belongs to a target
// that is up is there, of one that is down nothing is, and the exporter's own
// metrics are there in any case.
func (p *page) check(tb testing.TB) {
	tb.Helper()
	for _, name := range []string{"nginx_up", "nginx_exporter_build_info", "nginx_exporter_config_last_reload_successful"} {
		if len(p.series[name]) == 0 {
			tb.Errorf("the page has no %s", name)
		}
	}
	for target, up := range p.series["nginx_up"] {
		p.checkTarget(tb, target, up)
	}
	for name := range (figures{}).series() {
		for target := range p.series[name] {
			if _, known := p.series["nginx_up"][target]; !known {
				tb.Errorf("%s{%s} belongs to no target", name, target)
			}
		}
	}
}

// checkTarget checks the series of one target, known by its labels.
func (p *page) checkTarget(tb testing.TB, target string, up float64) {
	tb.Helper()
	invalid := p.series["nginx_exporter_series_dropped_total"][sourced(target, `reason="invalid"`)]
	for name := range (figures{}).series() {
		_, there := p.series[name][target]
		if up == 1 && !there && invalid == 0 {
			tb.Errorf("nginx_up{%s} is 1 and %s is not there", target, name)
		}
		if up == 0 && there {
			tb.Errorf("nginx_up{%s} is 0 and %s is there", target, name)
		}
	}
	if got := p.series["nginx_exporter_source_success"][sourced(target, `source="stub_status"`)]; got != up {
		tb.Errorf("nginx_up{%s} is %v and nginx_exporter_source_success %v", target, up, got)
	}
}

// sourced adds a label to those of a target, in their order.
func sourced(target, label string) string {
	pairs := append(strings.Split(target, ","), label)
	slices.Sort(pairs)
	return strings.Trim(strings.Join(pairs, ","), ",")
}

// target returns the labels of the series of a target, for one address or none.
func target(addr string) string {
	if addr == "" {
		return ""
	}
	return "addr=" + strconv.Quote(addr)
}

// up reports whether the page says that the target, the only one if addr is
// empty, is up.
func (p *page) up(addr string) bool { return p.series["nginx_up"][target(addr)] == 1 }

// wantDown wants a page that says so, and nothing else of the target.
func (p *page) wantDown(tb testing.TB, addr string) {
	tb.Helper()
	if up, there := p.series["nginx_up"][target(addr)]; up != 0 || !there {
		tb.Errorf("nginx_up{%s} is not 0:\n%s", target(addr), p.data())
	}
	for labels := range p.series["nginx_server_info"] {
		if strings.Contains(labels, target(addr)) {
			tb.Errorf("nginx_server_info{%s} is there", labels)
		}
	}
}

// wantUp wants a page with the true values.
func (p *page) wantUp(tb testing.TB, addr string, truth figures) {
	tb.Helper()
	if !p.up(addr) {
		tb.Errorf("nginx_up{%s} is not 1", target(addr))
	}
	for name, want := range truth.series() {
		if got, there := p.series[name][target(addr)]; got != want || !there {
			tb.Errorf("%s{%s} is %v, not %v", name, target(addr), got, want)
		}
	}
}

// wantTrueOrDown wants the true values or none.
func (p *page) wantTrueOrDown(tb testing.TB, truth figures) {
	tb.Helper()
	if p.up("") {
		p.wantUp(tb, "", truth)
	} else {
		p.wantDown(tb, "")
	}
}

// wantError wants the reason of a failure on the page.
func (p *page) wantError(tb testing.TB, reason string) {
	tb.Helper()
	labels := "reason=" + strconv.Quote(reason) + `,source="stub_status"`
	if p.series["nginx_exporter_scrape_errors_total"][labels] == 0 {
		tb.Errorf("nginx_exporter_scrape_errors_total{%s} is 0:\n%v", labels, p.series["nginx_exporter_scrape_errors_total"])
	}
}

// data shows the series of nginx for a message.
func (p *page) data() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(p.series)) {
		if strings.HasPrefix(name, "nginx_") {
			lines = append(lines, fmt.Sprintf("%s %v", name, p.series[name]))
		}
	}
	return strings.Join(lines, "\n")
}
