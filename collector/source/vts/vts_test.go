package vts_test

import (
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/vts"
	"nginx-exporter/internal/standin/vtstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// discover discovers the sources of a server that responds with this status and body.
func discover(tb testing.TB, o vts.Options, status int, body string, filter source.Filter) ([]source.Source, error) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the exporter may have left
	}))
	defer server.Close()
	target, err := client.ParseTarget(server.URL + "/status/format/json")
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	p := vts.New(o)
	selection, err := filter.Compile(p.Sources())
	if err != nil {
		tb.Fatal(err)
	}
	return p.Open(c).Discover(tb.Context(), selection)
}

// collect reads all sources of a document into a batch of each.
func collect(tb testing.TB, o vts.Options, body string, filter source.Filter) map[string]*metric.Batch {
	tb.Helper()
	sources, err := discover(tb, o, http.StatusOK, body, filter)
	if err != nil {
		tb.Fatal(err)
	}
	batches := map[string]*metric.Batch{}
	for _, s := range sources {
		b := metric.NewBatch(nil)
		if err := s.Collect(tb.Context(), b); err != nil {
			tb.Errorf("%s: %v", s.Name(), err)
		}
		batches[s.Name()] = b
	}
	return batches
}

// exposed returns the exposition of a document.
func exposed(tb testing.TB, o vts.Options, body string, filter source.Filter) *metric.Exposition {
	tb.Helper()
	e := &metric.Exposition{}
	for _, b := range collect(tb, o, body, filter) {
		e.Add(b)
	}
	oracle.Check(tb, e)
	return e
}

func text(tb testing.TB, o vts.Options, body string, filter source.Filter) string {
	tb.Helper()
	return oracle.Text(tb, exposed(tb, o, body, filter))
}

// variants are the metrics of the module, and those of nginx-vts-exporter with and
// without a namespace.
func variants() map[string]vts.Options {
	return map[string]vts.Options{"module": {}, "exporter": {Compat: true, Namespace: "nginx"}, "no namespace": {Compat: true}}
}

// families returns the names of the families of a protocol.
func families(p *vts.Protocol) map[string]bool {
	names := map[string]bool{}
	for _, f := range p.Families() {
		names[f.Name] = true
	}
	return names
}

// The document with everything has every family, and others have no more.
func TestFamilies(t *testing.T) {
	t.Parallel()
	for name, o := range variants() {
		known := families(vts.New(o))
		for _, file := range []string{"full", "v0.2.7", "v0.1.15", "v0.1.10", "wrapped", "bare"} {
			found := oracle.Parse(t, text(t, o, string(vtstest.Recorded(file)), source.Filter{}))
			for family := range found {
				if !known[family] {
					t.Errorf("%s: %s has %s", name, file, family)
				}
			}
			const tengine = 1 // nginx_http_request_time_seconds_total, which the table of stub_status has for it
			if missing := len(known) - len(found); file == "full" && missing != tengine {
				t.Errorf("%s: %d of %d families are missing", name, missing, len(known))
			}
		}
	}
}

// The live page shows metrics that exist.
func TestViews(t *testing.T) {
	t.Parallel()
	for name, o := range variants() {
		p := vts.New(o)
		known := families(p)
		for _, view := range p.Views() {
			for _, column := range view.Columns {
				if !known[column.Metric] {
					t.Errorf("%s: %s does not exist", name, column.Metric)
				}
			}
		}
	}
}

// Values of each kind of object, in the units of each variant.
func TestValues(t *testing.T) {
	t.Parallel()
	const status = `{"hostName":"h","nginxVersion":"1.28.0","loadMsec":1000000,"nowMsec":1061999,"connections":{"accepted":7},"serverZones":{"a":{"requestCounter":30,` +
		`"inBytes":1,"requestMsecCounter":2500,"requestMsec":125,"responses":{"2xx":20,"hit":3},"statusCodes":{"200":19,"other":1},"requestBuckets":{"msecs":[5,1000],"counters":[10,25]},` +
		`"overCounts":{"maxIntegerSize":1000,"2xx":2}}},"upstreamZones":{"u":[{"server":"b:80","requestCounter":4,"responseMsec":250,"responseMsecCounter":4000,"down":true}]},` +
		`"cacheZones":{"c":{"maxSize":100,"usedSize":50,"responses":{"miss":6}}}}`
	for name, lines := range map[string][]string{
		"module": {
			`nginx_vts_info{hostname="h",module_version="",version="1.28.0"} 1`, `nginx_vts_start_time_seconds 1000`, `nginx_connections_accepted 7`,
			`nginx_vts_server_requests_total{code="2xx",host="a"} 2020`, `nginx_vts_server_cache_total{status="hit",host="a"} 3`,
			`nginx_vts_status_code_requests_total{code="other",host="a"} 1`, `nginx_vts_server_request_seconds{host="a"} 0.125`,
			`nginx_vts_server_request_seconds_total{host="a"} 2.5`, `nginx_vts_server_request_duration_seconds_bucket{le="0.005",host="a"} 10`,
			`nginx_vts_server_request_duration_seconds_bucket{le="1",host="a"} 25`, `nginx_vts_server_request_duration_seconds_bucket{le="+Inf",host="a"} 30`,
			`nginx_vts_server_request_duration_seconds_sum{host="a"} 2.5`, `nginx_vts_upstream_response_seconds_total{backend="b:80",upstream="u"} 4`,
			`nginx_vts_upstream_down{backend="b:80",upstream="u"} 1`, `nginx_vts_cache_usage_bytes{cache_size="used",cache_zone="c"} 50`,
		},
		"exporter": {
			`nginx_server_info{hostName="h",nginxVersion="1.28.0"} 61`, `nginx_server_requests{code="total",host="a"} 30`, `nginx_server_requests{code="2xx",host="a"} 2020`,
			`nginx_server_requestMsec{host="a"} 125`, `nginx_upstream_responseMsec{backend="b:80",upstream="u"} 250`, `nginx_cache_requests{status="miss",zone="c"} 6`,
		},
		"no namespace": {`server_requestMsec{host="a"} 125`, `cache_requests{status="miss",zone="c"} 6`},
	} {
		got := text(t, variants()[name], status, source.Filter{})
		for _, line := range lines {
			if !strings.Contains("\n"+got, "\n"+line+"\n") {
				t.Errorf("%s: no %s in\n%s", name, line, got)
			}
		}
		for _, absent := range []string{"_connections_waiting", `code="3xx"`, `direction="out"`, "_backup", `cache_size="max",cache_zone=""`} {
			if strings.Contains(got, absent) && !strings.Contains(got, "# TYPE "+absent) {
				t.Errorf("%s: %s is exposed, which the document does not have", name, absent)
			}
		}
	}
}

// A response that is not the whole document has no sources.
func TestFaults(t *testing.T) {
	t.Parallel()
	full := string(vtstest.Recorded("full"))
	for name, fault := range map[string]struct {
		status int
		body   string
		reason client.Reason
	}{
		"not found":  {http.StatusNotFound, full, client.ReasonStatus},
		"cut":        {http.StatusOK, full[:len(full)-10], client.ReasonParse},
		"other JSON": {http.StatusOK, `{"angie":{}}`, client.ReasonParse},
		"too large":  {http.StatusOK, full + strings.Repeat(" ", 1<<20), client.ReasonTooLarge},
		"HTML":       {http.StatusOK, "<html>", client.ReasonParse},
	} {
		for variant, o := range variants() {
			o.MaxDocument = 1 << 20
			sources, err := discover(t, o, fault.status, fault.body, source.Filter{})
			if len(sources) != 0 || client.ReasonOf(err) != fault.reason {
				t.Errorf("%s, %s: got %d sources and %v", variant, name, len(sources), err)
			}
		}
	}
	other := client.Unexpected([]byte(full), io.ErrUnexpectedEOF, "")
	if p := vts.New(vts.Options{}); !p.Recognizes(other) || p.Recognizes(io.EOF) {
		t.Error("the document is not recognized, or another one is")
	}
}

// Values of the wrong kind are absent, and counted once. Labels have a bound, and
// objects with the same labels are dropped.
func TestLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 5000)
	status := `{"nginxVersion":"1.28.0","connections":{"accepted":7,"active":-1,"waiting":"x"},"serverZones":{"a":{"inBytes":null,"outBytes":5,"requestMsec":1e400},"` + long + `":{"inBytes":1}},` +
		`"filterZones":{"f":{"k":{"inBytes":1},"k":{"inBytes":2}}},"upstreamZones":{"u":[{"server":"b","inBytes":1},{"server":"b","inBytes":1}],"v":[{"server":"b","inBytes":3}]},` +
		`"cacheZones":{"c":{"inBytes":1,"requestBuckets":{"msecs":[1]}}}}`
	for name, o := range variants() {
		batches := collect(t, o, status, source.Filter{})
		const invalid = 4
		if got := batches["vts_main"].Invalid; got != invalid {
			t.Errorf("%s: %d invalid values, want %d", name, got, invalid)
		}
		for source, b := range batches {
			if source != "vts_main" && b.Invalid != 0 {
				t.Errorf("%s: the invalid values are counted in %s, too", name, source)
			}
		}
		if servers, filters := batches["vts_servers"], batches["vts_filters"]; servers.Cut == 0 || filters.Duplicates == 0 {
			t.Errorf("%s: %d labels were shortened, %d objects dropped", name, servers.Cut, filters.Duplicates)
		}
		got := text(t, o, status, source.Filter{})
		if strings.Contains(got, long) || strings.Count(got, `backend="b",upstream="u"`) != strings.Count(got, `backend="b",upstream="v"`) {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}

// Names are filtered in all parts, but never the first part itself: without it nginx
// would seem down. The zone * is not a zone, so no filter applies to it.
func TestFilter(t *testing.T) {
	t.Parallel()
	const status = `{"nginxVersion":"1.28.0","connections":{"accepted":7},"serverZones":{"a":{"inBytes":1},"b":{"inBytes":1},"*":{"inBytes":2}},"filterZones":{"f":{"k":{"inBytes":1}}},` +
		`"upstreamZones":{"u":[{"server":"s1","inBytes":1},{"server":"s2","inBytes":1}],"v":[{"server":"s1","inBytes":3}]},"cacheZones":{"c":{"inBytes":1}}}`
	all := []string{`host="a"`, `host="b"`, `"k"`, `backend="s1",upstream="u"`, `backend="s2",upstream="u"`, `backend="s1",upstream="v"`, `zone="c"`}
	off := map[string]bool{"vts_main": false, "vts_servers": false, "vts_filters": false, "vts_upstreams": false, "vts_caches": false}
	for name, test := range map[string]struct {
		filter source.Filter
		kept   []string
	}{
		"none":                {source.Filter{}, all},
		"zones":               {source.Filter{IncludeZones: "a|c"}, []string{all[0], all[3], all[4], all[5], all[6]}},
		"filters by name":     {source.Filter{IncludeZones: "k"}, []string{all[2], all[3], all[4], all[5]}},
		"filters by group":    {source.Filter{ExcludeZones: "f"}, []string{all[0], all[1], all[3], all[4], all[5], all[6]}},
		"upstreams":           {source.Filter{ExcludeUpstreams: "u"}, []string{all[0], all[1], all[2], all[5], all[6]}},
		"servers":             {source.Filter{IncludeServers: "s2"}, []string{all[0], all[1], all[2], all[4], all[6]}},
		"all sources are off": {source.Filter{Sources: off}, nil},
	} {
		for variant, o := range variants() {
			got := text(t, o, status, test.filter)
			for _, labels := range all {
				if want := slices.Contains(test.kept, labels); strings.Contains(got, labels) != want {
					t.Errorf("%s, %s: %s is exposed: %t, want %t", variant, name, labels, !want, want)
				}
			}
			if sum := strings.Contains(got, `host="*"`); sum != (o.Compat && test.filter.Sources == nil) || !strings.Contains(got, "\nnginx_connections_accepted 7\n") {
				t.Errorf("%s, %s: the sum of all zones is exposed: %t\n%s", variant, name, sum, got)
			}
		}
	}
}

// The exposition has the families of the module's own Prometheus format, with the
// same types, texts, labels and values. The recorded page was requested one request
// after the recorded document, which a few counters show.
func TestLikeThePrometheusFormatOfTheModule(t *testing.T) {
	want := oracle.Parse(t, sumsRemoved(string(vtstest.Prometheus())))
	got := oracle.Parse(t, oracle.Text(t, exposed(t, vts.Options{}, string(vtstest.Recorded("v0.2.7")), source.Filter{})))
	const families = 28
	if len(want) != families {
		t.Errorf("the recorded page has %d families", len(want))
	}
	for name, theirs := range want {
		ours := got[name]
		if ours == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if help := strings.TrimSpace(strings.Replace(theirs.GetHelp(), " [vts]", "", 1)); !strings.EqualFold(ours.GetHelp(), help) {
			t.Errorf("%s: help %q, want %q", name, ours.GetHelp(), help)
		}
		if ours.GetType() != theirs.GetType() {
			t.Errorf("%s is a %s, want %s", name, ours.GetType(), theirs.GetType())
		}
		series := seriesOf(ours)
		// The module leaves out servers that had no request yet.
		maps.DeleteFunc(series, func(labels string, _ float64) bool { return strings.Contains(labels, "127.0.0.1:28183") })
		compareSeries(t, name, series, seriesOf(theirs))
	}
}

// sumsRemoved removes the zone that is the sum of all others.
func sumsRemoved(page string) string {
	return regexp.MustCompile(`(?m)^.*\{host="\*".*\n`).ReplaceAllString(page, "")
}

func compareSeries(t *testing.T, name string, ours, theirs map[string]float64) {
	t.Helper()
	for labels, want := range theirs {
		got, found := ours[labels]
		const bytes = 8192 // of the response to the first request
		if !found || math.Abs(got-want) > 1 && (!strings.Contains(name, "bytes_total") || math.Abs(got-want) > bytes) {
			t.Errorf("%s{%s} is %v, want %v", name, labels, got, want)
		}
	}
	if len(ours) != len(theirs) {
		t.Errorf("%s has %d series, want %d", name, len(ours), len(theirs))
	}
}

// seriesOf returns the values of a family by the sorted labels. The buckets of a
// histogram have their bounds as numbers: the module writes them with zeros.
func seriesOf(f *dto.MetricFamily) map[string]float64 {
	series := map[string]float64{}
	for _, m := range f.GetMetric() {
		var pairs []string
		for _, pair := range m.GetLabel() {
			pairs = append(pairs, pair.GetName()+"="+strconv.Quote(pair.GetValue()))
		}
		slices.Sort(pairs)
		labels := strings.Join(pairs, ",")
		switch h := m.GetHistogram(); {
		case h != nil:
			for _, b := range h.GetBucket() {
				series[labels+" le="+strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64)] = float64(b.GetCumulativeCount())
			}
			series[labels+" count"], series[labels+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
		case m.GetCounter() != nil:
			series[labels] = m.GetCounter().GetValue()
		default:
			series[labels] = m.GetGauge().GetValue()
		}
	}
	return series
}
