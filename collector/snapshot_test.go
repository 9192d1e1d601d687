package collector

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/view"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// Every column of a view is a metric of its protocol, with the labels that the view
// names.
func TestViewsAreOfKnownMetrics(t *testing.T) {
	for _, p := range protocols(&Options{}) {
		viewed, is := p.(source.Viewed)
		if !is {
			t.Errorf("%s has no views", p.Name())
			continue
		}
		families := map[string]metric.Family{}
		for _, f := range p.Families() {
			families[f.Name] = f
		}
		for _, v := range viewed.Views() {
			for _, c := range v.Columns {
				checkColumn(t, families, &v, &c)
			}
		}
	}
}

func checkColumn(t *testing.T, families map[string]metric.Family, v *view.View, c *view.Column) {
	t.Helper()
	f, known := families[c.Metric]
	if !known {
		t.Errorf("%s: unknown metric %s", v.Title, c.Metric)
	}
	for _, label := range slices.Concat(v.By, []string{c.Label, c.Text}) {
		if label != "" && !slices.Contains(f.Labels, label) {
			t.Errorf("%s has no label %s", c.Metric, label)
		}
	}
	if (c.Role == view.Status) != (c.State != nil) || (c.Role == view.Version) != (c.Text != "") {
		t.Errorf("%s has the wrong fields for its role %s", c.Metric, c.Role)
	}
}

// A snapshot has the values of the exposition.
func TestSnapshotHasTheValuesOfTheExposition(t *testing.T) {
	c := newCollector(t, Options{ExporterMetrics: MetricsNone},
		asking(t, servePlus(t).URL, metric.Label{Name: "addr", Value: "plus"}),
		start(t, says("nginx/1.29.4", plainPage)).options(t, metric.Label{Name: "addr", Value: "plain"}))
	series := gatherSeries(t, c)
	checked := map[view.Kind]int{}
	for _, s := range c.Snapshots(t.Context()) {
		if !s.Up || s.Err != nil || s.Sent.Float() == 0 {
			t.Errorf("%s is up: %v, %v; %v requests sent", s.Target, s.Up, s.Err, s.Sent.Float())
		}
		for _, table := range s.Tables {
			for i := range table.Data {
				checked[table.Kind] += checkData(t, s, table, &table.Data[i], series)
			}
		}
	}
	for _, kind := range []view.Kind{view.Nginx, view.Zone, view.Upstream, view.Server} {
		if checked[kind] < 4 {
			t.Errorf("%d values of kind %s were checked", checked[kind], kind)
		}
	}
}

// gatherSeries returns the values of gauges and counters by name and labels.
func gatherSeries(t *testing.T, c *Collector) map[string]float64 {
	t.Helper()
	families, err := c.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			series[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return series
}

// checkData compares the values of a column that are one series each, and returns how
// many.
func checkData(t *testing.T, s *Snapshot, table *view.Table, d *view.Data, series map[string]float64) (compared int) {
	t.Helper()
	if d.Text != "" || d.Summed || d.Buckets != nil {
		return 0
	}
	for row := range table.Names {
		if d.Values[row].IsSet() {
			checkCell(t, s, table, d, row, series)
			compared++
		}
	}
	return compared
}

func checkCell(t *testing.T, s *Snapshot, table *view.Table, d *view.Data, row int, series map[string]float64) {
	t.Helper()
	var labels []string
	for _, l := range s.Labels {
		labels = append(labels, fmt.Sprintf("%s=%q", l.Name, l.Value))
	}
	for i, name := range table.By {
		labels = append(labels, fmt.Sprintf("%s=%q", name, table.Names[row][i]))
	}
	if d.Label != "" {
		labels = append(labels, fmt.Sprintf("%s=%q", d.Label, strings.Replace(d.Value, "*", "xx", 1)))
	}
	slices.Sort(labels)
	key := d.Metric + "{" + strings.Join(labels, ",") + "}"
	want, known := series[key]
	if scale := d.Scale; scale != 0 {
		want *= scale
	}
	if got := d.Values[row].Float(); !known || got != want && !isTraffic(d.Role) {
		t.Errorf("%s of %s is %v, not %v of %s", d.Role, table.Title, got, want, key)
	}
	if d.States != nil && d.States[row] == "" {
		t.Errorf("%s has no state", key)
	}
}

// isTraffic says that a value changes with the scrapes themselves.
func isTraffic(r view.Role) bool {
	return r == view.Requests || r == view.Accepted || r == view.Processing
}

// The live page of 10,000 servers must not take more CPU time than their scrape.
func BenchmarkSnapshotOf10000Servers(b *testing.B) {
	server := plustest.Sized(standin.L()).Start()
	b.Cleanup(server.Close)
	c := newCollector(b, Options{ExporterMetrics: MetricsNone}, asking(b, server.URL))
	target := (*c.targets.Load())[0]
	report := target.scrape(b.Context(), nil)
	b.ReportAllocs()
	for b.Loop() {
		target.snapshotOf(report)
	}
}
