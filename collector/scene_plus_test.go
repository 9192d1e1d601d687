package collector

import (
	"testing"

	"nginx-exporter/client/plus"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// plusScenes show the NGINX Plus API: by default, with all sources enabled, and
// with each set of odd documents.
func plusScenes() []scene {
	scenes := []scene{
		{"plus_default", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, asking(tb, servePlus(tb).URL))
		}},
		{"plus_everything", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			o := asking(tb, servePlus(tb).URL)
			o.Filter.Sources = everything()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone, PadCodes: true, ServerID: true}, o)
		}},
		{"plus_refused", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			o := asking(tb, "http://"+refusing(tb)+"/api")
			o.Client.Mode = plus.Mode
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, o)
		}},
	}
	for _, name := range plustest.Odds() {
		scenes = append(scenes, scene{"plus_odd_" + name, func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, asking(tb, servePlus(tb, odd(tb, name)).URL))
		}})
	}
	return scenes
}

// everything enables all sources.
func everything() map[string]bool {
	all := map[string]bool{}
	for _, source := range Sources() {
		all[source.Name] = true
	}
	return all
}

// servePlus serves the API until the test ends.
func servePlus(tb testing.TB, options ...standin.Option) *standin.Server {
	tb.Helper()
	server := plustest.New(options...).Start()
	tb.Cleanup(server.Close)
	return server
}

// odd serves one set of odd documents, and from the sample only what every target
// has, so that the golden file shows what is odd.
func odd(tb testing.TB, name string) standin.Option {
	tb.Helper()
	documents, err := plustest.Odd(name)
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range []string{"connections", "http/requests", "nginx"} {
		if _, there := documents[path]; !there {
			documents[path] = plustest.Sample()[path]
		}
	}
	return standin.WithDocuments(documents)
}
