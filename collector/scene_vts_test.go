package collector

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin/vtstest"
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
				asking(tb, serveStandin(tb, vtstest.New(vtstest.Recorded("full")))))
		}})
	}
	for _, name := range vtstest.Names() {
		scenes = append(scenes, scene{"vts_" + strings.ReplaceAll(name, ".", "_"), func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, asking(tb, serveStandin(tb, vtstest.New(vtstest.Recorded(name)))))
		}})
	}
	return scenes
}

// serve serves a handler until the test ends, and returns its URL.
func serve(tb testing.TB, handler http.Handler) string {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}
