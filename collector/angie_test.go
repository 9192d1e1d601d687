package collector

import (
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/view"
	"nginx-exporter/internal/standin/angietest"
)

// The exposition has every series that Angie itself has for Prometheus, with the
// same type and value. Angie's own was requested later, so its counters may be
// higher.
func TestSeriesOfAngieItself(t *testing.T) {
	exposition := scrapeOnce(t, Options{ExporterMetrics: MetricsNone}, asking(t, serveStandin(t, angietest.New("/status/", angietest.Recorded()))))
	ours := oracle.Parse(t, oracle.Text(t, exposition))
	compared := 0
	for name, theirs := range oracle.Parse(t, angietest.Prometheus()) {
		if ours[name].GetType() != theirs.GetType() {
			t.Errorf("%s is a %s, not a %s", name, ours[name].GetType(), theirs.GetType())
		}
		values := map[string]float64{}
		for _, m := range ours[name].GetMetric() {
			values[labelsOf(m)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
		for _, m := range theirs.GetMetric() {
			compared++
			value, found := values[labelsOf(m)]
			if !found || value > m.GetCounter().GetValue()+m.GetGauge().GetValue() || m.GetGauge() != nil && value != m.GetGauge().GetValue() {
				t.Errorf("%s%s is %v (found: %t), not %v", name, labelsOf(m), value, found, m)
			}
		}
	}
	const least = 130
	if compared < least {
		t.Errorf("only %d series", compared)
	}
}

// labelsOf returns the labels of a series in the order of their names.
func labelsOf(m *dto.Metric) string {
	var labels []string
	for _, l := range m.GetLabel() {
		labels = append(labels, l.GetName()+"="+l.GetValue())
	}
	slices.Sort(labels)
	return "{" + strings.Join(labels, ",") + "}"
}

// The live page shows zones, upstreams and servers of Angie, in all states.
func TestViewsOfAngie(t *testing.T) {
	c := newCollector(t, Options{ExporterMetrics: MetricsNone},
		asking(t, serveStandin(t, angietest.New("/status/", angietest.Full())), metric.Label{Name: "addr", Value: "angie"}))
	rows, states := map[string]int{}, map[view.State]int{}
	for _, s := range c.Snapshots(t.Context()) {
		for _, table := range s.Tables {
			rows[table.Title] += len(table.Names)
			for _, d := range table.Data {
				for _, state := range d.States {
					states[state]++
				}
			}
		}
	}
	for title, want := range map[string]int{"server zones": 1, "location zones": 1, "stream zones": 1, "upstreams": 2, "servers": 9, "stream servers": 1} {
		if rows[title] != want {
			t.Errorf("%d %s, want %d", rows[title], title, want)
		}
	}
	for _, state := range view.States() {
		want := 1
		if state == view.Up { // of http, recovering, and of stream
			want = 3
		}
		if states[state] != want {
			t.Errorf("%d servers are %s, want %d", states[state], state, want)
		}
	}
}

// Angie redirects a request without the trailing slash, as NGINX Plus does. It is
// detected all the same, and then costs one request per scrape.
func TestAngieWithoutSlash(t *testing.T) {
	status := angietest.New("/status/", angietest.Recorded())
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, asking(t, strings.TrimSuffix(serveStandin(t, status), "/")))
	for i := range 3 {
		before := status.Total()
		if text := oracle.Text(t, c.Scrape(t.Context())); !strings.Contains(text, "\nnginx_up 1\n") || !strings.Contains(text, "\nangie_connections_active 1\n") {
			t.Errorf("scrape %d: got\n%s", i, text)
		}
		if sent := status.Total() - before; i > 0 && sent != 1 {
			t.Errorf("scrape %d took %d requests", i, sent)
		}
	}
}
