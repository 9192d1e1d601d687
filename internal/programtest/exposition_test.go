//go:build linux

package programtest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// stats has the seven numbers of stub_status in their order.
type stats struct {
	active, accepted, handled, requests, reading, writing, waiting uint64
}

// usual is what most of the fakes respond with.
func usual() stats { return stats{12, 7001, 6999, 1448, 1, 3, 8} }

// body is the response of nginx.
func (s stats) body() string {
	return fmt.Sprintf("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: %d Writing: %d Waiting: %d \n",
		s.active, s.accepted, s.handled, s.requests, s.reading, s.writing, s.waiting)
}

// series has the expected metrics.
func (s stats) series() map[string]float64 {
	return map[string]float64{
		"nginx_connections_active":   float64(s.active),
		"nginx_connections_accepted": float64(s.accepted),
		"nginx_connections_handled":  float64(s.handled),
		"nginx_http_requests_total":  float64(s.requests),
		"nginx_connections_reading":  float64(s.reading),
		"nginx_connections_writing":  float64(s.writing),
		"nginx_connections_waiting":  float64(s.waiting),
	}
}

// exposition is a well-formed response to a scrape.
type exposition struct {
	text   string
	series map[string]map[string]float64 // by family, by labels
}

// parse checks that no series is duplicate, and that exactly the targets that are
// up have all metrics.
func parse(tb testing.TB, text string) *exposition {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("the exposition does not parse: %v", err)
	}
	x := &exposition{text, map[string]map[string]float64{}}
	for name, family := range families {
		x.series[name] = map[string]float64{}
		for _, metric := range family.GetMetric() {
			key := labels(metric)
			if _, duplicate := x.series[name][key]; duplicate {
				tb.Errorf("the series %s{%s} is duplicate", name, key)
			}
			x.series[name][key] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + metric.GetUntyped().GetValue()
		}
	}
	x.checkTargets(tb)
	return x
}

// labels writes the labels of a series in the order of their names.
func labels(metric *dto.Metric) string {
	var pairs []string
	for _, pair := range metric.GetLabel() {
		pairs = append(pairs, pair.GetName()+"="+strconv.Quote(pair.GetValue()))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

func (x *exposition) checkTargets(tb testing.TB) {
	tb.Helper()
	if len(x.series["nginx_up"]) == 0 || len(x.series["nginx_exporter_build_info"]) == 0 {
		tb.Error("nginx_up or nginx_exporter_build_info is missing")
	}
	for target, up := range x.series["nginx_up"] {
		if _, plus := x.series["nginxplus_up"][target]; plus {
			continue // it has other metrics
		}
		for name := range (stats{}).series() {
			if _, there := x.series[name][target]; there != (up == 1) {
				tb.Errorf("nginx_up{%s} is %v, and %s is present: %t", target, up, name, there)
			}
		}
	}
}

// target returns the labels of the series of a target, for one address or none.
func target(addr string) string {
	if addr == "" {
		return ""
	}
	return "addr=" + strconv.Quote(addr)
}

// up reports whether the target, the only one if addr is empty, is up.
func (x *exposition) up(addr string) bool { return x.series["nginx_up"][target(addr)] == 1 }

func (x *exposition) mustBeUp(tb testing.TB, addr string) {
	tb.Helper()
	if !x.up(addr) {
		tb.Errorf("nginx_up{%s} is not 1", target(addr))
	}
}

// wantUp checks that a target is up, with these values.
func (x *exposition) wantUp(tb testing.TB, addr string, truth stats) {
	tb.Helper()
	x.mustBeUp(tb, addr)
	for name, want := range truth.series() {
		if got, there := x.series[name][target(addr)]; got != want || !there {
			tb.Errorf("%s{%s} is %v, not %v", name, target(addr), got, want)
		}
	}
}

// wantDown checks that a target is down. parse has checked that it has no data.
func (x *exposition) wantDown(tb testing.TB, addr string) {
	tb.Helper()
	if up, there := x.series["nginx_up"][target(addr)]; up != 0 || !there {
		tb.Errorf("nginx_up{%s} is not 0", target(addr))
	}
	for labels := range x.series["nginx_server_info"] {
		if strings.Contains(labels, target(addr)) {
			tb.Errorf("nginx_server_info{%s} is exposed", labels)
		}
	}
}

// wantError checks the reason of a failure.
func (x *exposition) wantError(tb testing.TB, addr, reason string) {
	tb.Helper()
	labels := strings.TrimPrefix(target(addr)+`,reason="`+reason+`",source="stub_status"`, ",")
	if x.series["nginx_exporter_scrape_errors_total"][labels] == 0 {
		tb.Errorf("nginx_exporter_scrape_errors_total{%s} is 0", labels)
	}
}
