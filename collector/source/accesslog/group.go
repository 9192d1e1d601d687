package accesslog

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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

	place     int // among the counts of a set
	histogram int // among the native histograms of a set
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

	sets       map[string]*set // by key
	counts     int             // of a set
	histograms int             // of a set
	churns     bool
	limitable  bool
	metrics    *metric.Table[*set]
}

// set is what is counted for one combination of label values. Once it is in a batch
// it does not change: the next line replaces it by a copy.
type set struct {
	key     string // the label values
	counts  []uint64
	native  []native
	created int64 // when all counts were zero, in Unix milliseconds
	used    int64 // the same unit
	limited bool  // has values that are not distinguished
	shared  bool  // is in a batch
}

// newTable returns the table of a group for lines of a format, nil if they have
// none of its values. All sets have the fixed labels.
func newTable(g group, fields accesslog.Field, fixed []metric.Label) *table {
	g.labels = slices.DeleteFunc(slices.Clone(g.labels), func(l label) bool { return !fields.Has(l.needs) })
	g.measures = slices.DeleteFunc(slices.Clone(g.measures), func(m measure) bool { return !fields.Has(m.needs) })
	if len(g.measures) == 0 {
		return nil
	}
	t := &table{
		group: g, sets: map[string]*set{},
		churns:    slices.ContainsFunc(g.labels, func(l label) bool { return l.churns }),
		limitable: slices.ContainsFunc(g.labels, func(l label) bool { return !l.bounded }),
	}
	var rows []metric.Row[*set]
	for i := range t.measures {
		m := &t.measures[i]
		m.place, m.histogram = t.counts, t.histograms
		if m.scale == nil {
			t.counts++
		} else {
			t.counts += m.scale.size()
			t.histograms++
		}
		rows = append(rows, m.row())
	}
	var labels []metric.ObjectLabel[*set]
	for i, l := range t.labels {
		labels = append(labels, metric.LabelFrom(l.name, func(s *set) string { return keyValue(s.key, i) }))
	}
	for _, l := range fixed {
		labels = append(labels, metric.LabelFrom(l.Name, func(*set) string { return l.Value }))
	}
	t.metrics = metric.NewTable("access log", "", rows, labels...).CreatedAt(func(s *set) float64 {
		return float64(s.created) / float64(time.Second/time.Millisecond)
	})
	return t
}

// row returns the row of a measure.
func (m *measure) row() metric.Row[*set] {
	if m.scale == nil {
		return metric.Counter(m.name, m.help, func(s *set) value.Value { return value.Of(float64(s.counts[m.place])) })
	}
	fill := func(to *metric.Histogram, s *set) { m.scale.fill(to, s.counts[m.place:], &s.native[m.histogram]) }
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
			s.counts[m.place] += uint64(n)
		default:
			m.scale.observe(s.counts[m.place:], &s.native[m.histogram], n)
		}
	}
}

// find returns the set of a line, which is not in a batch.
func (t *table) find(l *line, c *counts) *set {
	l.key = l.appendKey(l.key[:0], t.labels, false)
	s := t.sets[string(l.key)]
	if s == nil {
		s = t.add(l, c)
	}
	if s.shared {
		s = s.clone()
		t.sets[s.key] = s
	}
	return s
}

// add returns the set of a line whose key is unknown: a new one, that of the same
// values in valid UTF-8, or that of other values if there are too many sets.
func (t *table) add(l *line, c *counts) *set {
	if !utf8.Valid(l.key) { // of all keys, since most lengths are ASCII
		l.key = validKey(l.key, len(t.labels))
		if s := t.sets[string(l.key)]; s != nil {
			return s
		}
	}
	limited := t.limitable && c.sets >= c.maxSets
	if limited {
		l.limited = true
		l.key = l.appendKey(l.key[:0], t.labels, true)
		if s := t.sets[string(l.key)]; s != nil {
			return s
		}
	} else {
		c.sets++
	}
	s := &set{
		key: string(l.key), counts: make([]uint64, t.counts), native: make([]native, t.histograms),
		created: c.since, limited: limited,
	}
	t.sets[s.key] = s
	return s
}

// clone returns a copy that is not in a batch.
func (s *set) clone() *set {
	c := *s
	c.shared = false
	c.counts, c.native = slices.Clone(s.counts), slices.Clone(s.native)
	for i := range c.native {
		c.native[i].buckets = slices.Clone(s.native[i].buckets)
	}
	return &c
}

// expire removes sets that were not used since a time.
func (t *table) expire(before int64, c *counts) {
	if !t.churns {
		return
	}
	for key, s := range t.sets {
		if s.used < before {
			delete(t.sets, key)
			if !s.limited {
				c.sets--
			}
		}
	}
}

// addTo adds all sets to a batch.
func (t *table) addTo(b *metric.Batch) {
	sets := make([]*set, 0, len(t.sets))
	for _, s := range t.sets {
		s.shared = true
		sets = append(sets, s)
	}
	slices.SortFunc(sets, func(a, b *set) int { return strings.Compare(a.key, b.key) })
	metric.Add(b, t.metrics, sets...)
}
