package angie

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// MetricZones are the parts http/metric_zones and stream/metric_zones.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_metric/.
type MetricZones struct {
	All     []*MetricZone
	Metrics []*Metric // of all zones
}

// MetricZone is one zone with metrics that the configuration defines.
type MetricZone struct {
	Name      string
	Discarded value.Value // updates for which the zone had no memory
}

// Metric is one metric of one key of a zone. It has either a value or a histogram;
// what the value is, such as a counter or an average, only the configuration says.
type Metric struct {
	Zone      *MetricZone
	Key       string
	Name      string // empty in zones with a single metric
	Value     value.Value
	Histogram *Histogram
}

// Histogram is a metric of the mode histogram. Angie has no sum of its
// observations.
type Histogram struct {
	// Bounds are the upper bounds of the buckets in ascending order. Angie does
	// not count observations above the last one, which may be +Inf.
	Bounds []float64

	// Counts are the observations in each bucket. They are not cumulative.
	Counts []float64
}

// Decode implements [Part].
func (m *MetricZones) Decode(d *document.Reader) {
	for name := range d.Members() {
		zone := &MetricZone{Name: d.Keep(name)}
		d.Charge(int(unsafe.Sizeof(*zone)))
		m.All = append(m.All, zone)
		for name := range d.Members() {
			switch string(name) {
			case "discarded":
				zone.Discarded = d.Count()
			case "metrics":
				m.decodeKeys(d, zone)
			default:
				d.Skip()
			}
		}
	}
}

func (m *MetricZones) decodeKeys(d *document.Reader, zone *MetricZone) {
	names := map[string]string{} // the same of all keys
	for name := range d.Members() {
		key := d.Keep(name)
		if d.Peek() != '{' {
			m.add(d, &Metric{Zone: zone, Key: key, Value: d.Number()})
			continue
		}
		members := decodeMembers(d, names)
		if h := newHistogram(members); h != nil {
			m.addHistogram(d, &Metric{Zone: zone, Key: key}, h)
			continue
		}
		for i := range members {
			one := &members[i]
			metric := &Metric{Zone: zone, Key: key, Name: one.name, Value: one.value}
			switch h := newHistogram(one.buckets); {
			case one.buckets == nil:
				m.add(d, metric)
			case h == nil:
				d.MarkInvalid()
			default:
				m.addHistogram(d, metric, h)
			}
		}
	}
}

// add adds a metric that has a value.
func (m *MetricZones) add(d *document.Reader, metric *Metric) {
	if metric.Value.IsSet() {
		d.Charge(int(unsafe.Sizeof(*metric)))
		m.Metrics = append(m.Metrics, metric)
	}
}

func (m *MetricZones) addHistogram(d *document.Reader, metric *Metric, h *Histogram) {
	metric.Histogram = h
	if n := len(m.Metrics); n > 0 && m.Metrics[n-1].Histogram != nil && slices.Equal(m.Metrics[n-1].Histogram.Bounds, h.Bounds) {
		h.Bounds = m.Metrics[n-1].Histogram.Bounds // usually those of all keys
	}
	d.Charge(int(unsafe.Sizeof(*metric)) + int(unsafe.Sizeof(*h)) + 2*len(h.Counts)*int(unsafe.Sizeof(h.Counts[0])))
	m.Metrics = append(m.Metrics, metric)
}

// member is a member of the object of a key: a metric of the zone, or a bucket of
// its only one.
type member struct {
	name    string
	value   value.Value
	buckets []member // nil unless it is an object
}

// maxMembers bounds the metrics of a key, and the buckets of a histogram.
const maxMembers = 1000

// decodeMembers reads an object with metrics or buckets. Equal names share their
// memory.
func decodeMembers(d *document.Reader, names map[string]string) []member {
	members := []member{}
	for name := range d.Members() {
		one := member{name: intern(d, names, name)}
		if d.Peek() == '{' {
			one.buckets = decodeBuckets(d, names)
		} else {
			one.value = d.Number()
		}
		if len(members) == maxMembers {
			d.MarkInvalid()
			continue
		}
		members = append(members, one)
	}
	return members
}

func decodeBuckets(d *document.Reader, names map[string]string) []member {
	buckets := []member{}
	for name := range d.Members() {
		bucket := member{name: intern(d, names, name)}
		bucket.value = d.Number()
		if len(buckets) == maxMembers {
			d.MarkInvalid()
			continue
		}
		buckets = append(buckets, bucket)
	}
	return buckets
}

// intern returns the name as a string, the same memory for equal names.
func intern(d *document.Reader, names map[string]string, name []byte) string {
	known, found := names[string(name)]
	if !found {
		known = d.Keep(name)
		if len(names) < maxMembers {
			names[known] = known
		}
	}
	return known
}

// maxCount is the largest valid count: up to it a float holds each whole number
// exactly.
const maxCount = 1 << 53

// newHistogram returns the histogram with these buckets, nil if they are none:
// their names must be numbers, and their counts cumulative.
func newHistogram(buckets []member) *Histogram {
	if len(buckets) == 0 {
		return nil
	}
	h := &Histogram{Bounds: make([]float64, len(buckets)), Counts: make([]float64, len(buckets))}
	order := make([]int, len(buckets))
	for i := range buckets {
		bound, err := strconv.ParseFloat(buckets[i].name, 64)
		count := buckets[i].value.Float()
		whole := count == math.Trunc(count) // false for NaN
		if err != nil || math.IsNaN(bound) || !whole || count < 0 || count > maxCount {
			return nil
		}
		h.Bounds[i], order[i] = bound, i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(h.Bounds[a], h.Bounds[b]) })
	slices.Sort(h.Bounds)
	before := 0.0
	for i, from := range order {
		count := buckets[from].value.Float()
		if count < before || i > 0 && h.Bounds[i] == h.Bounds[i-1] {
			return nil
		}
		h.Counts[i], before = count-before, count
	}
	return h
}
