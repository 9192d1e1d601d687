package collector

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

type dtoMetric = dto.Metric

// Gather returns the page as protobuf types, for protobuf scrapes, tests and
// programs that embed the collector. It holds what WriteText writes.
func (p *Page) Gather() []*dto.MetricFamily {
	families := make([]*dto.MetricFamily, 0, len(p.collector.families))
	for i := range p.collector.families {
		f := &p.collector.families[i]
		var metrics []*dtoMetric
		for _, b := range p.blocks[f.table] {
			metrics = b.appendMetrics(metrics, f.row)
		}
		if len(metrics) > 0 {
			families = append(families, &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: f.Kind.dto(), Metric: metrics})
		}
	}
	families = append(families, p.process...)
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return families
}

func newMetric(kind Kind, value float64, pairs []*dto.LabelPair) *dtoMetric {
	if kind == Counter {
		return &dto.Metric{Label: pairs, Counter: &dto.Counter{Value: &value}}
	}
	return &dto.Metric{Label: pairs, Gauge: &dto.Gauge{Value: &value}}
}
