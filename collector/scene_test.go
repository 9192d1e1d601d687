package collector

import (
	"encoding/pem"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source/exporter"
	"nginx-exporter/internal/nginxtest"
)

// scene makes one exposition. Each has a golden file, testdata/NAME.prom; together
// they must contain every row of every table.
type scene struct {
	name       string
	exposition func(tb testing.TB) *metric.Exposition
}

func scenes() []scene {
	return slices.Concat(exporterScenes(), stubStatusScenes(), rateScenes(), plusScenes(), angieScenes(), vtsScenes())
}

// exporterScenes show what does not depend on the kind of nginx.
func exporterScenes() []scene {
	return []scene{
		{"no_targets", func(tb testing.TB) *metric.Exposition { tb.Helper(); return scrapeOnce(tb, Options{}) }},
		{"metrics_none", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, start(tb, says("nginx/1.29.1", plainPage)).options(tb))
		}},
		{"metrics_full", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsFull}, start(tb, says("nginx/1.29.1", plainPage)).options(tb))
		}},
		{"reload_failed", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			c := newCollector(tb, Options{ExporterMetrics: MetricsNone})
			c.SetReload(exporter.Reload{Success: false, Time: 1782893730})
			return c.Scrape(tb.Context())
		}},
	}
}

func stubStatusScenes() []scene {
	return []scene{
		{"stub_status_up", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{}, start(tb, says("nginx/1.29.1", plainPage)).options(tb))
		}},
		{"stub_status_refused", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{}, asking(tb, "http://"+refusing(tb)+"/stub_status"))
		}},
		{"stub_status_several", func(tb testing.TB) *metric.Exposition { tb.Helper(); return scrapeOnce(tb, Options{}, several(tb)...) }},
		{"stub_status_waiting_wrapped", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			page := strings.Replace(plainPage, "Waiting: 106", "Waiting: 18446744073709551615", 1)
			return scrapeOnce(tb, Options{}, start(tb, says("nginx", page)).options(tb))
		}},
		{"stub_status_tengine", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			page := strings.NewReplacer("requests\n", "requests request_time\n", "31070465 ", "31070465 2864051926").Replace(plainPage)
			return scrapeOnce(tb, Options{}, start(tb, says("Tengine/3.1.0", page)).options(tb))
		}},
		{"stub_status_probe", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			c := newCollector(tb, Options{})
			exposition, err := c.Probe(tb.Context(), start(tb, says("nginx/1.29.1", plainPage)).options(tb, label("env", "test")))
			if err != nil {
				tb.Fatal(err)
			}
			return exposition
		}},
		{"stub_status_https", func(tb testing.TB) *metric.Exposition { tb.Helper(); return scrapeOnce(tb, Options{}, secure(tb)) }},
		{"stub_status_real_nginx", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{}, asking(tb, nginxtest.StartStatus(tb, "server_tokens off;")))
		}},
	}
}

// secure is a target over https.
func secure(tb testing.TB) TargetOptions {
	tb.Helper()
	server := httptest.NewTLSServer(says("nginx/1.29.1", plainPage))
	tb.Cleanup(server.Close)
	options := asking(tb, server.URL+"/stub_status")
	options.Client.HTTP.TLSConfig.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return options
}

// several are targets of all kinds, with labels that need escaping and one that a
// metric has too.
func several(tb testing.TB) []TargetOptions {
	tb.Helper()
	labels := func(addr string) []metric.Label {
		return []metric.Label{
			label("addr", addr), label("env", `a "quoted" \ and`+"\nbroken \xff value"), label("source", "of the target"), label("team", "größe"),
		}
	}
	wrong := start(tb, says("nginx", "<html>welcome</html>"))
	return []TargetOptions{
		start(tb, says("nginx/1.29.1", plainPage)).options(tb, labels("http://web1:8080/stub_status")...),
		asking(tb, "http://"+refusing(tb)+"/stub_status", labels("http://web2:8080/stub_status")...),
		wrong.options(tb, labels("https://web3/")...),
	}
}

// newCollector returns a collector that is closed when the test ends.
func newCollector(tb testing.TB, options Options, targets ...TargetOptions) *Collector {
	tb.Helper()
	c := New(options)
	tb.Cleanup(c.Close)
	if err := c.SetTargets(targets); err != nil {
		tb.Fatal(err)
	}
	return c
}

// scrapeOnce scrapes the targets once.
func scrapeOnce(tb testing.TB, options Options, targets ...TargetOptions) *metric.Exposition {
	tb.Helper()
	return newCollector(tb, options, targets...).Scrape(tb.Context())
}
