package collector_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/collector/metric"
)

// A program with its own metrics embeds the collector as a second gatherer beside
// its registry.
func ExampleCollector() {
	nginx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Active connections: 2 \nserver accepts handled requests\n 7 7 13 \nReading: 0 Writing: 1 Waiting: 1 \n")
	}))
	defer nginx.Close()

	target, err := client.ParseTarget(nginx.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	scraper := collector.New(collector.Options{ExporterMetrics: collector.MetricsNone})
	defer scraper.Close()
	if err := scraper.SetTargets([]collector.TargetOptions{{
		Client: client.Options{Target: target, Timeout: 5 * time.Second},
		Labels: []metric.Label{{Name: "site", Value: "shop"}},
	}}); err != nil {
		fmt.Println(err)
		return
	}

	program := prometheus.NewRegistry()
	families, err := prometheus.Gatherers{program, scraper}.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, family := range families {
		if family.GetName() == "nginx_http_requests_total" {
			series := family.GetMetric()[0]
			fmt.Println(family.GetName(), series.GetLabel()[0].GetValue(), series.GetCounter().GetValue())
		}
	}
	// Output: nginx_http_requests_total shop 13
}
