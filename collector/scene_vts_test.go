package collector

import (
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin"
)

// vtsScenes show each document of nginx-module-vts, and a module that cannot be
// read.
func vtsScenes() []scene {
	scenes := []scene{
		{"vts_refused", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			o := asking(tb, "http://"+refusing(tb)+"/status/format/json")
			o.Client.Mode = vts.Mode
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, o)
		}},
	}
	for _, namespace := range []string{"nginx", "web"} {
		scenes = append(scenes, scene{"vts_compat_" + namespace, func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone, VTSCompat: true, VTSNamespace: namespace},
				asking(tb, serve(tb, vtsHandler(tb, "vts/full.json"))+"/status/format/json"))
		}})
	}
	for _, name := range standin.Documents("vts/*.json") {
		version := strings.TrimSuffix(path.Base(name), ".json")
		scenes = append(scenes, scene{"vts_" + strings.ReplaceAll(version, ".", "_"), func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, asking(tb, serve(tb, vtsHandler(tb, name))+"/status/format/json"))
		}})
	}
	return scenes
}

// vtsHandler serves a document of nginx-module-vts.
func vtsHandler(tb testing.TB, name string) http.Handler {
	tb.Helper()
	body, err := standin.Document(name)
	if err != nil {
		tb.Fatal(err)
	}
	return serves(body)
}

// serve serves a handler until the test ends, and returns its URL.
func serve(tb testing.TB, handler http.Handler) string {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}
