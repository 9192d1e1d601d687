package collector

import (
	"iter"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type dtoMetric = dto.Metric

// Gather returns the page as protobuf types, sorted by name, for tests and
// programs that embed the collector. It holds what WriteText writes.
func (p *Page) Gather() []*dto.MetricFamily {
	families := make([]*dto.MetricFamily, 0, len(p.collector.families))
	families = slices.AppendSeq(families, p.Families())
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return families
}

// Families yields what Gather returns, in another order, one family after
// another: a large page never is in memory as a whole.
func (p *Page) Families() iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		for i := range p.collector.families {
			family := p.gather(&p.collector.families[i])
			if family != nil && !yield(family) {
				return
			}
		}
		for _, family := range p.process {
			if !yield(family) {
				return
			}
		}
	}
}

// gather returns a family, nil if it has no series.
func (p *Page) gather(f *family) *dto.MetricFamily {
	var metrics []*dtoMetric
	for _, b := range p.blocks[f.table] {
		metrics = b.block.appendMetrics(metrics, f.row, b.created)
	}
	if len(metrics) == 0 {
		return nil
	}
	return &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: f.Kind.dto(), Metric: metrics}
}

// millisecondsPerSecond turns the API's times into Prometheus'.
const millisecondsPerSecond = 1000

func newMetric(kind Kind, value float64, pairs []*dto.LabelPair, created float64) *dtoMetric {
	if kind != Counter {
		return &dto.Metric{Label: pairs, Gauge: &dto.Gauge{Value: &value}}
	}
	counter := &dto.Counter{Value: &value}
	if created > 0 {
		counter.CreatedTimestamp = timestamppb.New(time.UnixMilli(int64(created * millisecondsPerSecond)))
	}
	return &dto.Metric{Label: pairs, Counter: counter}
}
