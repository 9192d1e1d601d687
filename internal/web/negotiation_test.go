package web_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	acceptProto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	textType    = "text/plain; version=0.0.4; charset=utf-8"
)

// families parses a response by its content type, after decompressing it if
// necessary.
func families(tb testing.TB, recorder *httptest.ResponseRecorder) map[string]*dto.MetricFamily {
	tb.Helper()
	body := recorder.Body.Bytes()
	if recorder.Header().Get("Content-Encoding") == "gzip" {
		body = unpack(tb, body)
	}
	format := expfmt.ResponseFormat(recorder.Header())
	if format.FormatType() == expfmt.TypeTextPlain {
		parser := expfmt.NewTextParser(model.LegacyValidation)
		parsed, err := parser.TextToMetricFamilies(bytes.NewReader(body))
		if err != nil {
			tb.Fatalf("the response does not parse: %v\n%s", err, body)
		}
		return parsed
	}
	parsed := map[string]*dto.MetricFamily{}
	decoder := expfmt.NewDecoder(bytes.NewReader(body), format)
	for {
		family := &dto.MetricFamily{}
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return parsed
		}
		if err != nil {
			tb.Fatalf("the response does not decode: %v", err)
		}
		parsed[family.GetName()] = family
	}
}

func unpack(tb testing.TB, body []byte) []byte {
	tb.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// content returns the series of a response, without values that change with each
// scrape.
func content(tb testing.TB, recorder *httptest.ResponseRecorder) map[string]string {
	tb.Helper()
	series := map[string]string{}
	for name, family := range families(tb, recorder) {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
			}
			slices.Sort(labels) // the text format has them in another order
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			if name == "nginx_exporter_source_duration_seconds" || name == "nginx_exporter_nginx_requests_total" {
				value = 0
			}
			series[name+"{"+strings.Join(labels, ",")+"}"] = fmt.Sprint(family.GetType(), family.GetHelp(), value)
		}
	}
	return series
}

func TestFormatsAgree(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.ExporterMetrics = "none"
	c.ConstLabs = []string{`cluster=a "b" \c` + "\nd é"}
	e := newExporter(t, c)
	want := content(t, e.get(t, "/metrics"))
	if len(want) < 20 {
		t.Fatalf("the response has only %d series", len(want))
	}
	for _, header := range []http.Header{
		{"Accept-Encoding": {"gzip"}},
		{"Accept": {acceptProto}},
		{"Accept": {acceptProto}, "Accept-Encoding": {"gzip"}},
		{"Accept": {acceptProto + ";q=0.5, text/plain;version=0.0.4;q=0.9"}},
	} {
		got := content(t, e.do(t, http.MethodGet, "/metrics", header))
		if !maps.Equal(got, want) {
			t.Errorf("%v: %v, not %v", header, got, want)
		}
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	e := newExporter(t, configure(startNginx(t, nil).URL))
	const proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores"
	for accept, want := range map[string]string{
		"":                              textType,
		"*/*":                           textType,
		"text/plain":                    textType,
		"text/html":                     textType,
		"garbage;;;,":                   textType,
		"application/json":              textType,
		acceptProto:                     proto,
		acceptProto + ";q=0.1,*/*;q=.9": proto,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=strange": textType,
		"application/vnd.google.protobuf": textType,
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
			"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2": textType, // Prometheus 3
		acceptProto + ";q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2": proto, // with native histograms
		"\xff\xfe":                   textType,
		strings.Repeat("a/b,", 2000): textType,
		"application/openmetrics-text;version=1.0.0":                 textType,
		"application/openmetrics-text;version=1.0.0,text/plain;q=.1": textType,
	} {
		recorder := e.do(t, http.MethodGet, "/metrics", http.Header{"Accept": {accept}})
		if got := recorder.Header().Get("Content-Type"); got != want {
			t.Errorf("Accept %q gets %q, not %q", accept, got, want)
		}
		if len(families(t, recorder)) == 0 {
			t.Errorf("Accept %q gets no metrics", accept)
		}
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.ConstLabs = []string{"pad=" + strings.Repeat("x", 1<<10)} // a small response is not compressed
	e := newExporter(t, c)
	for accept, want := range map[string]bool{
		"gzip": true, "GZIP": true, "deflate, gzip": true, "gzip;q=0.5": true, "br;q=1.0, gzip;q=0.8, *;q=0.1": true,
		"gzip;q=1": true, "gzip;x=y": true, " gzip ": true,
		"": false, "identity": false, "gzip;q=0": false, "gzip;q=0.000": false, "gzip;q=x": false, "xgzip": false, "gzipx": false,
		"*": false, "br": false, ",,;;": false, "gzip;q=0, br": false,
	} {
		recorder := e.do(t, http.MethodGet, "/metrics", http.Header{"Accept-Encoding": {accept}})
		if got := recorder.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: compressed is %v, not %v", accept, got, want)
		}
		if len(families(t, recorder)) == 0 {
			t.Errorf("Accept-Encoding %q gets no metrics", accept)
		}
	}
}

// TestLargeResponse is written in many pieces.
func TestLargeResponse(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.ConstLabs = []string{"pad=" + strings.Repeat("0123456789abcdef", 1<<12)}
	e := newExporter(t, c)
	plain := e.get(t, "/metrics")
	if plain.Body.Len() < 1<<20 {
		t.Fatalf("the response has %d bytes", plain.Body.Len())
	}
	packed := e.do(t, http.MethodGet, "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	if packed.Body.Len() > plain.Body.Len()/4 {
		t.Errorf("the response has %d bytes, compressed %d", plain.Body.Len(), packed.Body.Len())
	}
	if len(families(t, packed)) != len(families(t, plain)) {
		t.Error("the compressed response has other families")
	}
}

// TestSmallResponse is not compressed: that would cost more than it saves.
func TestSmallResponse(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	c := configure(n.URL)
	c.File = file(t, "config.yml", "targets: []\n")
	c.Web.ExporterMetrics = "none"
	recorder := newExporter(t, c).do(t, http.MethodGet, "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	if recorder.Header().Get("Content-Encoding") != "" || len(families(t, recorder)) == 0 {
		t.Errorf("a response of %d bytes is compressed, or empty", recorder.Body.Len())
	}
	if requests := n.requests.Load(); requests != 0 {
		t.Errorf("nginx had %d requests", requests)
	}
}
