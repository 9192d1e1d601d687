package metric

import (
	"iter"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Gather returns the exposition as protobuf types, sorted by name, for tests
// and programs that embed the collector. It has the same series as WriteText.
func (e *Exposition) Gather() []*dto.MetricFamily {
	families := slices.Collect(e.Families())
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return families
}

// Families yields the families of Gather one by one, in the order of WriteText:
// together, those of a large exposition need a hundred times the memory of its
// text.
func (e *Exposition) Families() iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		rows := e.rows()
		for len(rows) > 0 {
			same := 1 // rows of the same family
			for same < len(rows) && rows[same].family.Name == rows[0].family.Name {
				same++
			}
			if family := gather(rows[:same]); family != nil && !yield(family) {
				return
			}
			rows = rows[same:]
		}
		for _, family := range e.gathered {
			if !yield(family) {
				return
			}
		}
	}
}

// gather returns a family, nil if it has no series.
func gather(rows []exposedRow) *dto.MetricFamily {
	var metrics []*dto.Metric
	for _, r := range rows {
		for _, block := range *r.blocks {
			metrics = block.appendMetrics(metrics, r.row, block.start)
		}
	}
	if len(metrics) == 0 {
		return nil
	}
	f := rows[0].family
	return &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: f.Kind.dto(), Metric: metrics}
}

func (b *tableBlock[T]) appendMetrics(metrics []*dto.Metric, row int, start float64) []*dto.Metric {
	r := &b.table.rows[row]
	template := newLabelTemplate(b.target, b.table.labels, r.label)
	if !b.table.sinceStart {
		start = 0
	}
	var series []Series
	for i := range b.objects {
		object := b.objects[i].object
		if b.table.created != nil {
			start = b.table.created(object)
		}
		if r.histogram != nil {
			var h Histogram
			if r.histogram(&h, object); len(h.Counts) > 0 {
				metrics = append(metrics, newDistribution(r.kind, &h, template.pairs(object, "", ""), start))
			}
			continue
		}
		series = r.series(series[:0], object)
		for _, s := range series {
			if s.Value.IsSet() {
				metrics = append(metrics, newMetric(r.kind, s.Value.Float(), template.pairs(object, r.label, s.Label), start))
			}
		}
	}
	return metrics
}

func newMetric(kind Kind, value float64, pairs []*dto.LabelPair, start float64) *dto.Metric {
	if kind != KindCounter {
		return &dto.Metric{Label: pairs, Gauge: &dto.Gauge{Value: &value}}
	}
	return &dto.Metric{Label: pairs, Counter: &dto.Counter{Value: &value, CreatedTimestamp: timestamp(start)}}
}

// newDistribution returns a histogram, or its sum and count if it is a summary.
func newDistribution(kind Kind, h *Histogram, pairs []*dto.LabelPair, start float64) *dto.Metric {
	histogram := h.dto()
	if kind == KindSummary {
		summary := &dto.Summary{SampleSum: histogram.SampleSum, SampleCount: histogram.SampleCount, CreatedTimestamp: timestamp(start)}
		return &dto.Metric{Label: pairs, Summary: summary}
	}
	histogram.CreatedTimestamp = timestamp(start)
	return &dto.Metric{Label: pairs, Histogram: histogram}
}

// timestamp returns a time in Unix seconds, nil if it is unknown.
func timestamp(seconds float64) *timestamppb.Timestamp {
	if seconds <= 0 {
		return nil
	}
	return timestamppb.New(time.UnixMilli(int64(seconds * float64(time.Second/time.Millisecond))))
}
