package collector

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/nginxtest"
)

// scene makes one page. Each has its golden file testdata/NAME.prom; together
// they have to show every row of every table.
type scene struct {
	name string
	page func(tb testing.TB) *Page
}

func scenes() []scene {
	return slices.Concat(exporterScenes(), stubStatusScenes(), rateScenes(), plusScenes())
}

// exporterScenes show what does not depend on the kind of nginx.
func exporterScenes() []scene {
	return []scene{
		{"no_targets", func(tb testing.TB) *Page { tb.Helper(); return scrape(tb, Options{}) }},
		{"metrics_none", func(tb testing.TB) *Page {
			tb.Helper()
			return scrape(tb, Options{ExporterMetrics: MetricsNone}, start(tb, says("nginx/1.29.1", plainPage)).options(tb))
		}},
		{"metrics_full", func(tb testing.TB) *Page {
			tb.Helper()
			return scrape(tb, Options{ExporterMetrics: MetricsFull}, start(tb, says("nginx/1.29.1", plainPage)).options(tb))
		}},
		{"reload_failed", func(tb testing.TB) *Page {
			tb.Helper()
			c := newCollector(tb, Options{ExporterMetrics: MetricsNone})
			c.SetReload(Reload{Success: false, Time: c.LastReload().Time})
			return c.Scrape(tb.Context())
		}},
	}
}

func stubStatusScenes() []scene {
	return []scene{
		{"stub_status_up", func(tb testing.TB) *Page {
			tb.Helper()
			return scrape(tb, Options{}, start(tb, says("nginx/1.29.1", plainPage)).options(tb))
		}},
		{"stub_status_refused", func(tb testing.TB) *Page {
			tb.Helper()
			return scrape(tb, Options{}, asking(tb, "http://"+refusing(tb)+"/stub_status"))
		}},
		{"stub_status_several", func(tb testing.TB) *Page { tb.Helper(); return scrape(tb, Options{}, several(tb)...) }},
		{"stub_status_waiting_wrapped", func(tb testing.TB) *Page {
			tb.Helper()
			page := strings.Replace(plainPage, "Waiting: 106", "Waiting: 18446744073709551615", 1)
			return scrape(tb, Options{}, start(tb, says("nginx", page)).options(tb))
		}},
		{"stub_status_tengine", func(tb testing.TB) *Page {
			tb.Helper()
			page := strings.NewReplacer("requests\n", "requests request_time\n", "31070465 ", "31070465 2864051926").Replace(plainPage)
			return scrape(tb, Options{}, start(tb, says("Tengine/3.1.0", page)).options(tb))
		}},
		{"stub_status_probe", func(tb testing.TB) *Page {
			tb.Helper()
			c := newCollector(tb, Options{})
			page, err := c.Probe(tb.Context(), start(tb, says("nginx/1.29.1", plainPage)).options(tb, Label{"env", "test"}))
			if err != nil {
				tb.Fatal(err)
			}
			return page
		}},
		{"stub_status_real_nginx", func(tb testing.TB) *Page {
			tb.Helper()
			return scrape(tb, Options{}, asking(tb, nginxtest.StartStatus(tb, "server_tokens off;")))
		}},
	}
}

// several are targets of all kinds, with labels that are hard to write and one
// that a metric has of its own.
func several(tb testing.TB) []TargetOptions {
	tb.Helper()
	labels := func(addr string) []Label {
		return []Label{
			{"addr", addr}, {"env", `a "quoted" \ and` + "\nbroken \xff value"}, {"source", "of the target"}, {"team", "größe"},
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

// scrape scrapes the targets once.
func scrape(tb testing.TB, options Options, targets ...TargetOptions) *Page {
	tb.Helper()
	return newCollector(tb, options, targets...).Scrape(tb.Context())
}

// textOf returns a page as Prometheus reads it.
func textOf(tb testing.TB, page *Page) string {
	tb.Helper()
	var text bytes.Buffer
	if err := page.WriteText(&text); err != nil {
		tb.Fatal(err)
	}
	return text.String()
}
