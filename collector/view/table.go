package view

import (
	"math"
	"slices"
	"strings"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// Table is what a view shows of one scrape of one target.
type Table struct {
	*View

	// Names are the values of the labels By, one slice for each object.
	Names [][]string
	Data  []Data // one for each column that has any value
}

// Data has the values of one column, in the order of Table.Names.
type Data struct {
	*Column

	Kind metric.Kind

	// Summed says that a value is the sum of several series.
	Summed bool

	Values  []value.Value     // absent ones are not known
	States  []State           // of the role Status, empty ones are not known
	Codes   map[State]float64 // the values of the metric for States
	Texts   []string          // of the role Version
	Buckets []Buckets         // of histograms; Values has the number of observations
}

// Buckets are the buckets of a histogram, and the sum of its observations in seconds.
type Buckets struct {
	Sum    float64
	Bounds []float64 // upper ones in ascending order, without +Inf
	Counts []float64 // not cumulative; the last one is above all bounds
}

// Build returns what a view shows of the batches of a scrape, nil if it has no object.
func Build(v *View, batches []*metric.Batch) *Table {
	t := &Table{View: v}
	columns := make([]Data, len(v.Columns))
	byMetric := map[string][]*Data{} // each metric is read once
	for i := range columns {
		columns[i].Column = &v.Columns[i]
		byMetric[v.Columns[i].Metric] = append(byMetric[v.Columns[i].Metric], &columns[i])
	}
	rows := rows{table: t, index: map[string]int{}}
	for i := range v.Columns {
		name := v.Columns[i].Metric
		same := byMetric[name]
		delete(byMetric, name)
		for _, b := range batches {
			if len(same) > 0 {
				b.Each(name, func(s *metric.Sample) { rows.add(s, same) })
			}
		}
	}
	if len(t.Names) == 0 {
		return nil
	}
	for i := range columns {
		if len(columns[i].Values) > 0 {
			columns[i].grow(len(t.Names))
			t.Data = append(t.Data, columns[i])
		}
	}
	return t
}

// rows finds the row of a sample by its labels.
type rows struct {
	table *Table
	index map[string]int
	key   []byte
	last  int // the row of the sample before: those of a family have the order of its objects
}

// add adds a sample to those columns of its metric that select it.
func (r *rows) add(s *metric.Sample, columns []*Data) {
	row := -1
	for _, d := range columns {
		if !d.selects(s) {
			continue
		}
		if row < 0 {
			row = r.of(s)
		}
		d.add(s, row)
	}
}

// of returns the row of a sample, a new one if it has none.
func (r *rows) of(s *metric.Sample) int {
	for next := r.last; next <= r.last+1; next++ {
		if next < len(r.table.Names) && r.is(next, s) {
			r.last = next
			return next
		}
	}
	r.key = r.key[:0]
	for _, label := range r.table.By {
		r.key = append(append(r.key, s.Label(label)...), 0)
	}
	row, known := r.index[string(r.key)]
	if !known {
		row = len(r.table.Names)
		r.index[string(r.key)] = row
		names := make([]string, len(r.table.By))
		for i, label := range r.table.By {
			names[i] = s.Label(label)
		}
		r.table.Names = append(r.table.Names, names)
	}
	r.last = row
	return row
}

func (r *rows) is(row int, s *metric.Sample) bool {
	for i, label := range r.table.By {
		if s.Label(label) != r.table.Names[row][i] {
			return false
		}
	}
	return true
}

// add adds a sample to a row.
func (d *Data) add(s *metric.Sample, i int) {
	d.Kind = s.Kind
	d.grow(i + 1)
	if h := s.Histogram; h != nil {
		d.addHistogram(i, h)
		return
	}
	scale := d.Scale
	if scale == 0 {
		scale = 1
	}
	v := s.Value.Float() * scale
	if d.Values[i].IsSet() {
		d.Summed = true
		v += d.Values[i].Float()
	}
	d.Values[i] = value.Of(v)
	if d.State != nil {
		d.States[i] = d.State(s.Value.Float())
		if d.Codes == nil {
			d.Codes = map[State]float64{}
		}
		d.Codes[d.States[i]] = s.Value.Float()
	}
	if d.Text != "" {
		d.Texts[i] = s.Label(d.Text)
	}
}

func (d *Data) selects(s *metric.Sample) bool {
	if d.Label == "" {
		return true
	}
	if prefix, cut := strings.CutSuffix(d.Value, "*"); cut {
		return strings.HasPrefix(s.Label(d.Label), prefix)
	}
	return s.Label(d.Label) == d.Value
}

// grow makes room for a number of rows.
func (d *Data) grow(rows int) {
	for len(d.Values) < rows {
		d.Values = append(d.Values, value.Value{})
		if d.State != nil {
			d.States = append(d.States, "")
		}
		if d.Text != "" {
			d.Texts = append(d.Texts, "")
		}
		if d.Role == Duration {
			d.Buckets = append(d.Buckets, Buckets{})
		}
	}
}

// addHistogram adds the observations of a histogram to a row. Histograms of one row
// have the same bounds; one with others is left out.
func (d *Data) addHistogram(row int, h *metric.Histogram) {
	if d.Role != Duration {
		return
	}
	bounds := h.Bounds
	if n := len(bounds); n > 0 && math.IsInf(bounds[n-1], 1) {
		bounds = bounds[:n-1]
	}
	b := &d.Buckets[row]
	if b.Counts == nil {
		b.Bounds, b.Counts = slices.Clone(bounds), make([]float64, len(bounds)+1)
	} else {
		d.Summed = true
		if !slices.Equal(b.Bounds, bounds) {
			return
		}
	}
	total := 0.0
	for i, n := range h.Counts {
		b.Counts[min(i, len(bounds))] += n
		total += n
	}
	b.Sum += h.Sum
	if v := d.Values[row]; v.IsSet() {
		total += v.Float()
	}
	d.Values[row] = value.Of(total)
}
