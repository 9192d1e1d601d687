//go:build linux

package blackbox_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"nginx-exporter/internal/plustest"
)

// nginxPlus is the API of NGINX Plus, served from documents.
type nginxPlus struct {
	*plustest.API
	server *plustest.Server
}

// startPlus serves the API of a server that uses everything, unless options
// say otherwise.
func startPlus(tb testing.TB, options ...plustest.Option) *nginxPlus {
	tb.Helper()
	return servePlus(tb, plustest.New(options...))
}

func servePlus(tb testing.TB, api *plustest.API) *nginxPlus {
	tb.Helper()
	p := &nginxPlus{API: api, server: api.Start()}
	tb.Cleanup(p.server.Close)
	return p
}

// uri is the flag with the API as a target.
func (p *nginxPlus) uri() string { return uri(p.server.URL) }

// odd lays a set of odd documents over the others, but for some.
func odd(tb testing.TB, name string, but ...string) plustest.Option {
	tb.Helper()
	documents, err := plustest.Odd(name)
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range but {
		delete(documents, path)
	}
	return plustest.WithOverlay(documents)
}

// Series of the sample that most cases look at.
const (
	requestsTotal = "nginxplus_http_requests_total"
	accepted      = "nginxplus_connections_accepted"
)

// core are numbers of the sample that must not be lost with anything else.
func core() map[string]float64 {
	return map[string]float64{
		"nginx_up": 1, "nginxplus_up": 1, requestsTotal: 2345678, accepted: 812345, "nginxplus_connections_active": 37,
	}
}

// plusPage is a page that shows targets of NGINX Plus. It is checked like the
// others, but for the seven metrics of stub_status.
type plusPage struct {
	page
	metrics map[string]map[string]*dto.Metric
}

func (e *exporter) scrapePlus(tb testing.TB, query ...string) *plusPage {
	tb.Helper()
	path := "/metrics"
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return readPlus(tb, e.get(tb, path, nil))
}

// readPlus reads a page of text or of protobuf.
func readPlus(tb testing.TB, a *answer) *plusPage {
	tb.Helper()
	if a.status != http.StatusOK {
		tb.Fatalf("the answer has status %d: %s", a.status, clip(string(a.body)))
	}
	if expfmt.ResponseFormat(a.header).FormatType() == expfmt.TypeProtoDelim {
		return newPlusPage(tb, decodeFamilies(tb, a))
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(a.body))
	if err != nil {
		tb.Fatalf("the page does not parse: %v\n%s", err, clip(string(a.body)))
	}
	p := newPlusPage(tb, families)
	p.text = string(a.body)
	p.checkText(tb)
	return p
}

func decodeFamilies(tb testing.TB, a *answer) map[string]*dto.MetricFamily {
	tb.Helper()
	families := map[string]*dto.MetricFamily{}
	decoder := expfmt.NewDecoder(bytes.NewReader(a.body), expfmt.ResponseFormat(a.header))
	for {
		family := &dto.MetricFamily{}
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			tb.Fatalf("the page does not decode: %v", err)
		}
		families[family.GetName()] = family
	}
}

func newPlusPage(tb testing.TB, families map[string]*dto.MetricFamily) *plusPage {
	tb.Helper()
	p := &plusPage{page: page{series: map[string]map[string]float64{}}, metrics: map[string]map[string]*dto.Metric{}}
	for name, family := range families {
		p.series[name], p.metrics[name] = map[string]float64{}, map[string]*dto.Metric{}
		for _, metric := range family.GetMetric() {
			key := labels(metric)
			if _, twice := p.series[name][key]; twice {
				tb.Errorf("the series %s{%s} is there twice", name, key)
			}
			p.series[name][key] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			p.metrics[name][key] = metric
		}
	}
	p.checkUp(tb)
	return p
}

// checkUp checks that the two metrics of being up agree, and that a target
// that is down shows nothing else.
func (p *plusPage) checkUp(tb testing.TB) {
	tb.Helper()
	for target, plusUp := range p.series["nginxplus_up"] {
		if up, there := p.series["nginx_up"][target]; up != plusUp || !there {
			tb.Errorf("nginx_up{%s} is %v and nginxplus_up %v", target, up, plusUp)
		}
		if plusUp == 1 {
			continue
		}
		for _, name := range p.data() {
			for labels := range p.series[name] {
				if strings.Contains(labels, target) {
					tb.Errorf("nginxplus_up{%s} is 0 and %s{%s} is there", target, name, labels)
				}
			}
		}
	}
}

// data names the families that come from documents.
func (p *plusPage) data() []string {
	var names []string
	for name := range p.series {
		if strings.HasPrefix(name, "nginxplus_") && name != "nginxplus_up" && !strings.HasPrefix(name, "nginxplus_scrape_") {
			names = append(names, name)
		}
	}
	return names
}

// want wants a series, labels in the order of their names.
func (p *plusPage) want(tb testing.TB, name, labels string, value float64) {
	tb.Helper()
	if got, there := p.series[name][labels]; got != value || !there {
		tb.Errorf("%s{%s} is %v (there: %t), not %v; the family is %v", name, labels, got, there, value, p.series[name])
	}
}

// wantCore wants a target that is up, with the numbers of the sample.
func (p *plusPage) wantCore(tb testing.TB, addr string) {
	tb.Helper()
	for name, value := range core() {
		p.want(tb, name, target(addr), value)
	}
}

// wantPlusDown wants a page that says so. That nothing else is there was
// checked when it was read.
func (p *plusPage) wantPlusDown(tb testing.TB) {
	tb.Helper()
	p.want(tb, "nginx_up", "", 0)
	p.want(tb, "nginxplus_up", "", 0)
}

// without wants no series of families with that prefix.
func (p *plusPage) without(tb testing.TB, prefix string) {
	tb.Helper()
	for name, series := range p.series {
		if strings.HasPrefix(name, prefix) && len(series) > 0 {
			tb.Errorf("%s is there: %v", name, series)
		}
	}
}

// wantFailed wants the failure of one source, and of no other.
func (p *plusPage) wantFailed(tb testing.TB, source, endpoint, reason string) {
	tb.Helper()
	p.want(tb, "nginx_exporter_source_success", "source="+strconv.Quote(source), 0)
	p.want(tb, "nginxplus_scrape_endpoint_success", "endpoint="+strconv.Quote(endpoint), 0)
	if p.series["nginx_exporter_scrape_errors_total"]["reason="+strconv.Quote(reason)+",source="+strconv.Quote(source)] == 0 {
		tb.Errorf("no error of %s because of %s: %v", source, reason, p.series["nginx_exporter_scrape_errors_total"])
	}
	for labels, success := range p.series["nginx_exporter_source_success"] {
		if success != 1 && labels != "source="+strconv.Quote(source) {
			tb.Errorf("nginx_exporter_source_success{%s} is %v", labels, success)
		}
	}
}

// wantAllRead wants that no source failed.
func (p *plusPage) wantAllRead(tb testing.TB) {
	tb.Helper()
	for labels, success := range p.series["nginx_exporter_source_success"] {
		if success != 1 {
			tb.Errorf("nginx_exporter_source_success{%s} is %v", labels, success)
		}
	}
}

// dropped returns how many series were left out.
func (p *plusPage) dropped(reason string) float64 {
	return p.series["nginx_exporter_series_dropped_total"]["reason="+strconv.Quote(reason)]
}
