package accesslog

import (
	"slices"
	"time"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// measure is a metric of a group.
type measure struct {
	name string
	help string

	// needs are the fields of the format without which the metric does not exist.
	needs accesslog.Field

	// value returns what a line adds to a counter, or what a histogram observes; it
	// is negative if the line has no value.
	value func(l *line) int64

	scale   *scale // nil for a counter
	summary bool   // instead of a histogram
}

// group is a set of metrics with the same labels.
type group struct {
	labels   []label
	measures []measure

	// attempts says that each attempt of a request is counted, not the request.
	attempts bool

	// applies reports whether a line has anything to count.
	applies func(l *line) bool
}

// table counts the lines of one group.
type table struct {
	group

	sets    map[string]*set
	churns  bool
	places  []int // of each measure, among the counters or the histograms of a set
	metrics *metric.Table[*set]
}

// set is what is counted for one combination of label values.
type set struct {
	values     []string
	counters   []uint64
	histograms []histogram
	limited    bool      // has values that are not distinguished
	created    time.Time // when nothing was counted yet
	used       time.Time
}

// newTable returns the table of a group for lines of a format, nil if they have
// none of its values. All sets have the fixed labels.
func newTable(g group, fields accesslog.Field, fixed []metric.Label) *table {
	g.labels = slices.DeleteFunc(slices.Clone(g.labels), func(l label) bool { return !fields.Has(l.needs) })
	g.measures = slices.DeleteFunc(slices.Clone(g.measures), func(m measure) bool { return !fields.Has(m.needs) })
	if len(g.measures) == 0 {
		return nil
	}
	t := &table{group: g, sets: map[string]*set{}}
	t.churns = slices.ContainsFunc(g.labels, func(l label) bool { return l.churns })
	var rows []metric.Row[*set]
	counters, histograms := 0, 0
	for _, m := range g.measures {
		place := counters
		if m.scale == nil {
			counters++
		} else {
			place = histograms
			histograms++
		}
		t.places = append(t.places, place)
		rows = append(rows, m.row(place))
	}
	var labels []metric.ObjectLabel[*set]
	for i, l := range g.labels {
		labels = append(labels, metric.LabelFrom(l.name, func(s *set) string { return s.values[i] }))
	}
	for _, l := range fixed {
		labels = append(labels, metric.LabelFrom(l.Name, func(*set) string { return l.Value }))
	}
	const milliseconds = 1000
	t.metrics = metric.NewTable("access log", "", rows, labels...).CreatedAt(func(s *set) float64 {
		return float64(s.created.UnixMilli()) / milliseconds
	})
	return t
}

// row returns the row of a measure, from its place among the counters or the
// histograms of a set.
func (m *measure) row(place int) metric.Row[*set] {
	if m.scale == nil {
		return metric.Counter(m.name, m.help, func(s *set) value.Value { return value.Of(float64(s.counters[place])) })
	}
	scale := m.scale
	fill := func(to *metric.Histogram, s *set) { s.histograms[place].fill(scale, to) }
	if m.summary {
		return metric.NewSummary(m.name, m.help, fill)
	}
	return metric.NewHistogram(m.name, m.help, fill)
}

// count counts a line in its set.
func (t *table) count(l *line, c *counts) {
	if !t.applies(l) {
		return
	}
	s := t.find(l, c)
	s.used = c.now
	for i := range t.measures {
		m := &t.measures[i]
		n := m.value(l)
		switch {
		case n < 0:
		case m.scale == nil:
			s.counters[t.places[i]] += uint64(n)
		default:
			s.histograms[t.places[i]].observe(m.scale, n)
		}
	}
}

// find returns the set of a line.
func (t *table) find(l *line, c *counts) *set {
	l.key = l.appendKey(l.key[:0], t.labels, false)
	if s := t.sets[string(l.key)]; s != nil {
		return s
	}
	return t.add(l, c)
}

// add returns the set of a line whose key is unknown: a new one, that of the same
// values in valid UTF-8, or that of other values if there are too many sets.
func (t *table) add(l *line, c *counts) *set {
	l.key = validKey(l.key)
	if s := t.sets[string(l.key)]; s != nil {
		return s
	}
	limited := c.sets >= c.maxSets && slices.ContainsFunc(t.labels, func(l label) bool { return !l.bounded })
	if limited {
		l.limited = true
		l.key = validKey(l.appendKey(l.key[:0], t.labels, true))
		if s := t.sets[string(l.key)]; s != nil {
			return s
		}
	} else {
		c.sets++
	}
	s := &set{values: splitKey(l.key), limited: limited, created: c.since}
	for i := range t.measures {
		if t.measures[i].scale == nil {
			s.counters = append(s.counters, 0)
		} else {
			s.histograms = append(s.histograms, histogram{})
		}
	}
	t.sets[string(l.key)] = s
	return s
}

// expire removes sets that were not used since a time.
func (t *table) expire(before time.Time, c *counts) {
	for key, s := range t.sets {
		if t.churns && s.used.Before(before) {
			delete(t.sets, key)
			if !s.limited {
				c.sets--
			}
		}
	}
}

// addTo adds a copy of all sets to a batch.
func (t *table) addTo(b *metric.Batch) {
	copies := make([]*set, 0, len(t.sets))
	for _, s := range t.sets {
		c := *s
		c.counters = slices.Clone(s.counters)
		c.histograms = make([]histogram, len(s.histograms))
		for i := range s.histograms {
			c.histograms[i] = s.histograms[i].clone()
		}
		copies = append(copies, &c)
	}
	slices.SortFunc(copies, func(a, b *set) int { return slices.Compare(a.values, b.values) })
	metric.Add(b, t.metrics, copies...)
}
