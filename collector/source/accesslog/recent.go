package accesslog

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/rate"
	"nginx-exporter/collector/metric"
)

// recent counts the requests of the last minutes for gauges over windows, which
// autoscalers use that cannot compute them. A nil recent counts nothing.
type recent struct {
	windows  []time.Duration
	interval int64 // of a slot, in milliseconds
	table    *metric.Table[*recentWindow]

	slots   []slot // a ring
	current int64  // number of the newest slot: its time divided by the interval
	started int64  // when counting began, in Unix milliseconds
	used    bool   // there was a line since
}

// slot has the requests of one interval. Their durations are counted in native
// buckets; the first one has those of 0.
type slot struct {
	requests, errors, timed uint64
	durations               [2*maxIndex + 1]uint32
}

// maxIndex bounds native buckets: from 1 ms to 17 minutes.
const maxIndex = 80

// recentWindow has the gauges of one window.
type recentWindow struct {
	window     string
	errorRatio value.Value
	percentile value.Value
}

func newRecent(windows []time.Duration, fields accesslog.Field, fixed []metric.Label, now int64) *recent {
	if len(windows) == 0 {
		return nil
	}
	interval := rate.Interval(windows)
	r := &recent{
		windows: windows, interval: interval.Milliseconds(), started: now,
		slots: make([]slot, slices.Max(windows)/interval+2), //nolint:mnd // one that begins, and one that ends
	}
	rows := []metric.Row[*recentWindow]{
		metric.Gauge("error_ratio", "Share of requests over the window that ended with a 5xx status code, 0 without requests.",
			func(w *recentWindow) value.Value { return w.errorRatio }),
	}
	if fields.Has(accesslog.FieldRequestTime) {
		rows = append(rows, metric.Gauge("request_duration_p95_seconds", "95th percentile of the durations of requests over the window, 0 without requests.",
			func(w *recentWindow) value.Value { return w.percentile }))
	}
	labels := []metric.ObjectLabel[*recentWindow]{metric.LabelFrom("window", func(w *recentWindow) string { return w.window })}
	for _, l := range fixed {
		labels = append(labels, metric.LabelFrom(l.Name, func(*recentWindow) string { return l.Value }))
	}
	r.table = metric.NewTable("access log", "nginx_http_", rows, labels...)
	r.current = now / r.interval
	return r
}

// advance clears the slots between the newest one and the one of a time.
func (r *recent) advance(now int64) {
	target := now / r.interval
	if target < r.current { // the clock was set back
		clear(r.slots)
		r.started = now
	}
	for n := max(r.current, target-int64(len(r.slots))) + 1; n <= target; n++ {
		r.slots[n%int64(len(r.slots))] = slot{}
	}
	r.current = target
}

// firstError is the lowest status code of an error of the server.
const firstError = 500

// add counts a request in the newest slot.
func (r *recent) add(record *accesslog.Record) {
	s := &r.slots[r.current%int64(len(r.slots))]
	r.used = true
	s.requests++
	if record.Status >= firstError {
		s.errors++
	}
	if record.Fields.Has(accesslog.FieldRequestTime) {
		s.timed++
		place := 0
		if record.RequestTime > 0 {
			place = int(min(max(nativeIndex(record.RequestTime.Seconds()), 1-maxIndex), maxIndex)) + maxIndex
		}
		s.durations[place]++
	}
}

// addTo adds the gauges of windows. They are unknown, not 0, while less than half of
// the window is covered, and until there was a line: then nothing is known of the
// log.
func (r *recent) addTo(b *metric.Batch, now int64, windows ...time.Duration) {
	r.advance(now)
	var known []*recentWindow
	for _, window := range windows {
		if !r.used || now-r.started < window.Milliseconds()/2 || !slices.Contains(r.windows, window) {
			continue
		}
		var sum slot
		for i := range (window.Milliseconds()+r.interval-1)/r.interval + 1 { // the newest one has just begun
			sum.add(&r.slots[(r.current-i+int64(len(r.slots)))%int64(len(r.slots))])
		}
		const percentile = .95
		known = append(known, &recentWindow{
			window:     model.Duration(window).String(),
			errorRatio: value.Of(float64(sum.errors) / float64(max(sum.requests, 1))),
			percentile: value.Of(sum.quantile(percentile)),
		})
	}
	metric.Add(b, r.table, known...)
}

func (s *slot) add(other *slot) {
	s.requests += other.requests
	s.errors += other.errors
	s.timed += other.timed
	for i := range s.durations {
		s.durations[i] += other.durations[i]
	}
}

// quantile returns the duration that a share of requests did not exceed, in
// seconds. Within a bucket it is interpolated, as by Prometheus.
func (s *slot) quantile(share float64) float64 {
	rank := share * float64(s.timed)
	below := float64(s.durations[0])
	if rank <= below {
		return 0
	}
	for place := 1; place < len(s.durations); place++ {
		n := float64(s.durations[place])
		if below+n < rank {
			below += n
			continue
		}
		lower := float64(place-1-maxIndex) + (rank-below)/n
		return math.Exp2(lower / (1 << nativeSchema))
	}
	return math.Exp2(maxIndex / (1 << nativeSchema))
}
