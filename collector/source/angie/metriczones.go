package angie

import (
	"math"

	"nginx-exporter/client/angie"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func metricZonesPart() *part {
	return newMetricZones(on("http_metric_zones", "metric zones of Angie, with their histograms"), "http/metric_zones", "angie_http_metric_zones_")
}

func streamMetricZonesPart() *part {
	return newMetricZones(on("stream_metric_zones", "stream metric zones of Angie, with their histograms"), "stream/metric_zones", "angie_stream_metric_zones_")
}

func newMetricZones(info source.Info, path, prefix string) *part {
	type doc = *angie.Metric
	origin := "/status/" + path + "/"
	labels := []metric.ObjectLabel[doc]{
		metric.LabelFrom("key", func(m doc) string { return m.Key }),
		metric.LabelFrom("metric", func(m doc) string { return m.Name }),
		metric.LabelFrom("zone", func(m doc) string { return m.Zone.Name }),
	}
	zones := metric.NewTable(origin, prefix, []metric.Row[*angie.MetricZone]{
		metric.Counter("discarded_total", "Updates of metrics that were discarded for lack of memory in the zone.",
			func(z *angie.MetricZone) value.Value { return z.Discarded }),
	}, metric.LabelFrom("zone", func(z *angie.MetricZone) string { return z.Name }))
	values := metric.NewTable(origin, prefix, []metric.Row[doc]{
		metric.Gauge("value", "Value of a metric that is not a histogram, such as a count or an average, as configured.",
			func(m doc) value.Value { return m.Value }),
	}, labels...)
	histograms := metric.NewTable(origin, prefix, []metric.Row[doc]{
		metric.NewHistogram("distribution", "Observations of a metric by value, as configured; their sum is unknown (NaN).", fillHistogram),
	}, labels...)
	return newPart(info, path, func(s *source.Selection, b *metric.Batch, document *angie.MetricZones) {
		metric.Add(b, zones, source.Select(&s.Zones, document.All, func(z *angie.MetricZone) []string { return []string{z.Name} })...)
		var plain, distributions []doc
		for _, m := range source.Select(&s.Zones, document.Metrics, func(m doc) []string { return []string{m.Zone.Name} }) {
			if m.Histogram == nil {
				plain = append(plain, m)
			} else {
				distributions = append(distributions, m)
			}
		}
		metric.Add(b, values, plain...)
		metric.Add(b, histograms, distributions...)
	}, zones, values, histograms)
}

// fillHistogram leaves the sum unknown: Angie does not have it, and the average of
// a metric zone is one of the last observations only.
func fillHistogram(to *metric.Histogram, m *angie.Metric) {
	to.Sum = math.NaN()
	to.Bounds = append(to.Bounds, m.Histogram.Bounds...)
	to.Counts = append(to.Counts, m.Histogram.Counts...)
}
