package collector

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// A gauge of NGINX Plus that is below zero, as a number or as an unsigned one, is
// dropped and counted, whatever the document.
func TestImpossibleGauges(t *testing.T) {
	t.Parallel()
	numbers := regexp.MustCompile(`(:\s*)[0-9][0-9.]*`)
	for _, wrong := range []string{"-1", "-9223372036854775808", "-0.5", "18446744073709551615", "18446744073709551612", "9223372036854775808"} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			documents := map[string][]byte{}
			for path, document := range plustest.Sample() {
				documents[path] = numbers.ReplaceAll(document, []byte("${1}"+wrong))
			}
			o := asking(t, servePlus(t, standin.WithDocuments(documents)).URL)
			o.Filter.Sources = everything()
			families := oracle.Check(t, scrapeOnce(t, Options{ExporterMetrics: MetricsNone}, o))
			for name, family := range families {
				wantPossible(t, name, family)
			}
			wantInvalid(t, families["nginx_exporter_series_dropped_total"], "connections", "http_requests", "http_server_zones",
				"http_caches", "http_upstreams", "stream_server_zones", "stream_upstreams", "stream_zone_sync", "slabs",
				"license", "workers", "nginx")
		})
	}
}

// wantPossible checks that no gauge of a family is below zero or wrapped.
func wantPossible(t *testing.T, name string, family *dto.MetricFamily) {
	t.Helper()
	if family.GetType() != dto.MetricType_GAUGE {
		return
	}
	for _, m := range family.GetMetric() {
		if v := m.GetGauge().GetValue(); v < 0 || v >= math.MaxInt64 {
			t.Errorf("%s is %v: %v", name, v, m.GetLabel())
		}
	}
}

// While nginx has its first configuration, all counters started with it. After a
// reload the start of a zone is unknown: it may be new.
func TestCreated(t *testing.T) {
	t.Parallel()
	for generation, want := range map[string]bool{"1": true, "2": false} {
		documents := plustest.Sample()
		documents["nginx"] = []byte(`{"version":"1.29.8","generation":` + generation + `,"load_timestamp":"2026-07-01T08:15:30.250Z"}`)
		o := asking(t, servePlus(t, standin.WithDocuments(documents)).URL)
		o.Filter.Sources = everything()
		for _, family := range scrapeOnce(t, Options{ExporterMetrics: MetricsNone}, o).Gather() {
			name := family.GetName()
			// Workers and servers may have been added later.
			later := strings.HasPrefix(name, "nginxplus_worker_") || strings.Contains(name, "upstream_server_") || name == "nginxplus_config_reloads_total"
			if strings.HasPrefix(name, "nginxplus_") && family.GetType() == dto.MetricType_COUNTER {
				wantCreated(t, family, want && !later)
			}
		}
	}
}

// wantCreated checks whether all series of a family have created timestamps.
func wantCreated(t *testing.T, family *dto.MetricFamily, want bool) {
	t.Helper()
	for _, m := range family.GetMetric() {
		if created := m.GetCounter().GetCreatedTimestamp(); (created != nil) != want {
			t.Errorf("%s was created at %v; want a time: %t", family.GetName(), created, want)
		}
	}
}

// A sidecar has few series: none that says that what cannot happen did not.
func TestSidecarSeries(t *testing.T) {
	t.Parallel()
	const most = 24
	text := oracle.Text(t, scrapeOnce(t, Options{}, start(t, says("nginx/1.29.1", plainPage)).options(t)))
	series := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			series++
		}
	}
	if series > most {
		t.Errorf("a sidecar has %d series; want at most %d:\n%s", series, most, text)
	}
	for _, reason := range []string{"refused", "timeout", "network", "status", "too_large", "parse"} {
		if !strings.Contains(text, `nginx_exporter_scrape_errors_total{reason="`+reason+`",source="stub_status"} 0`) {
			t.Errorf("there is no %s, which an alert needs", reason)
		}
	}
}

// What can happen to a target depends on its address.
func TestPossibleReasons(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]struct{ dns, tls bool }{
		"http://127.0.0.1/s":      {false, false},
		"http://[::1]:80/s":       {false, false},
		"http://localhost:8080/s": {false, false},
		"http://web:8080/s":       {true, false},
		"https://10.0.0.1/s":      {false, true},
		"https://web/s":           {true, true},
		"unix:/run/n.sock:/s":     {false, false},
	} {
		o := asking(t, uri)
		reasons := o.Client.Reasons()
		if dns, tls := slices.Contains(reasons, client.ReasonDNS), slices.Contains(reasons, client.ReasonTLS); dns != want.dns || tls != want.tls {
			t.Errorf("%s: dns %t, tls %t", uri, dns, tls)
		}
		if !slices.Contains(reasons, client.ReasonRefused) {
			t.Errorf("%s is never refused", uri)
		}
	}
}

// wantInvalid checks that each source has dropped something invalid.
func wantInvalid(tb testing.TB, dropped *dto.MetricFamily, sources ...string) {
	tb.Helper()
	count := map[string]float64{}
	for _, m := range dropped.GetMetric() {
		labels := map[string]string{}
		for _, pair := range m.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		if labels["reason"] == "invalid" {
			count[labels["source"]] = m.GetCounter().GetValue()
		}
	}
	for _, name := range sources {
		if count[name] == 0 {
			tb.Errorf("nothing invalid was counted of %s", name)
		}
	}
}

// Empty strings and a license that expires in 1970 are not exposed.
func TestEmptyValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, document, family string }{
		"build":        {"nginx", `{}`, "nginxplus_build_info"},
		"license":      {"license", `{"active_till":0}`, "nginxplus_license_expiration_timestamp_seconds"},
		"worker":       {"workers", `[{}]`, "nginxplus_worker_info"},
		"server":       {"http/upstreams", `{"u":{"peers":[{}]}}`, "nginxplus_upstream_server_info"},
		"zone":         {"http/upstreams", `{"u":{"peers":[]}}`, "nginxplus_upstream_info"},
		"stream zone":  {"stream/upstreams", `{"u":{}}`, "nginxplus_stream_upstream_info"},
		"no such time": {"nginx", `{"load_timestamp":"0001-01-01T00:00:00Z"}`, "nginxplus_config_last_load_timestamp_seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documents := plustest.Sample()
			documents[c.path] = []byte(c.document)
			o := asking(t, servePlus(t, standin.WithDocuments(documents)).URL)
			o.Filter.Sources = everything()
			if text := oracle.Text(t, scrapeOnce(t, Options{}, o)); strings.Contains(text, "\n"+c.family+"{") || strings.Contains(text, "\n"+c.family+" ") {
				t.Errorf("%s is exposed", c.family)
			}
		})
	}
}
