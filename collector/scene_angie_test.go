package collector

import (
	"testing"

	"nginx-exporter/client/angie"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
)

// angieScenes show the status of Angie: recorded from a real server, and a
// document with everything that Angie and Angie PRO can have.
func angieScenes() []scene {
	scenes := []scene{
		{"angie_refused", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			o := asking(tb, "http://"+refusing(tb)+"/status/")
			o.Client.Mode = angie.Mode
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, o)
		}},
	}
	for name, text := range map[string]string{"angie_recorded": angietest.Recorded(), "angie_full": angietest.Full()} {
		scenes = append(scenes, scene{name, func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			return scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, asking(tb, serveStandin(tb, angietest.New("/status/", text))))
		}})
	}
	return scenes
}

// serveStandin serves a status interface until the test ends, and returns its URL.
func serveStandin(tb testing.TB, nginx *standin.Nginx) string {
	tb.Helper()
	server := nginx.Start()
	tb.Cleanup(server.Close)
	return server.URL
}
