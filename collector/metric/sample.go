package metric

import (
	"slices"

	"nginx-exporter/client/value"
)

// Sample is one series of a batch, or one histogram of it.
type Sample struct {
	Kind Kind // of its family

	// Names and Values are all labels, those of the target first, as in the exposition.
	// They are reused for the next sample.
	Names, Values []string

	Value     value.Value // of a gauge or counter
	Histogram *Histogram  // nil for gauges and counters; reused for the next sample
}

// Label returns the value of a label, empty if the sample does not have it.
func (s *Sample) Label(name string) string {
	if i := slices.Index(s.Names, name); i >= 0 {
		return s.Values[i]
	}
	return ""
}

// Each calls visit with every sample of a family, in the order of the exposition.
// Series without a value, and histograms without observations, are left out.
func (b *Batch) Each(family string, visit func(*Sample)) {
	for _, block := range b.blocks {
		for row, f := range block.families() {
			if f.Name == family {
				block.each(row, visit)
			}
		}
	}
}

func (b *tableBlock[T]) each(row int, visit func(*Sample)) {
	r := &b.table.rows[row]
	template := newLabelTemplate(b.target, b.table.labels, r.label)
	sample := Sample{Kind: r.kind, Names: slices.Clone(template.names)}
	if r.histogram != nil {
		sample.Histogram = &Histogram{}
	} else if r.label != "" {
		sample.Names = append(sample.Names, r.label)
	}
	sample.Values = make([]string, len(sample.Names))
	var series []Series
	for i := range b.objects {
		object := b.objects[i].object
		template.fill(object)
		for i, value := range template.values {
			sample.Values[i] = validUTF8(value)
		}
		if r.histogram == nil {
			series = r.series(series[:0], object)
			r.visit(&sample, series, visit)
			continue
		}
		sample.Histogram.reset()
		r.histogram(sample.Histogram, object)
		if len(sample.Histogram.Counts) > 0 {
			visit(&sample)
		}
	}
}

// visit calls visit with each series of an object that has a value.
func (r *Row[T]) visit(sample *Sample, series []Series, visit func(*Sample)) {
	for _, one := range series {
		if !one.Value.IsSet() {
			continue
		}
		if r.label != "" {
			sample.Values[len(sample.Values)-1] = validUTF8(one.Label)
		}
		sample.Value = one.Value
		visit(sample)
	}
}
