// Package rate turns readings of a counter into rates over windows of time. It
// owns only the arithmetic: it reads no clock, makes no requests and starts no
// goroutines. It must not import anything but the standard library.
package rate

import (
	"math"
	"slices"
	"time"
)

const (
	perWindow   = 5 // readings in the shortest window, within these bounds of the interval
	minInterval = time.Second
	maxInterval = 15 * time.Second
)

// Interval returns the interval at which a counter should be read for rates over
// the windows. There must be at least one window.
func Interval(windows []time.Duration) time.Duration {
	return min(max(slices.Min(windows)/perWindow, minInterval), maxInterval)
}

// Reading is the value of a counter at one time. Times are those of a monotonic
// clock.
type Reading struct {
	Began time.Duration // time of the request for the value
	At    time.Duration // time of the response
	Total float64
	Own   float64 // all requests of the exporter so far, which the rate excludes
}

// step is the time between two readings, or between several that are close
// together.
type step struct {
	end      time.Duration
	span     time.Duration
	known    time.Duration // the part of span for which the increase is known
	increase float64
}

// Series holds the recent readings of one counter, in bounded memory. It is not
// safe for concurrent use.
type Series struct {
	interval time.Duration
	steps    []step // a ring buffer
	first    int    // index of the oldest step
	count    int

	last Reading
	// fellFrom is the last value before the counter was reset; 0 if it was not, or
	// has reached that value since.
	fellFrom float64
}

// New returns a series that is long enough for the windows. There must be at
// least one window.
func New(windows []time.Duration) *Series {
	interval := Interval(windows)
	// Any two consecutive steps together are longer than an interval, see push.
	return &Series{interval: interval, steps: make([]step, 2*(slices.Max(windows)/interval+1)+1)}
}

// Empty returns a series of the same length without readings.
func (s *Series) Empty() *Series {
	return &Series{interval: s.interval, steps: make([]step, len(s.steps))}
}

// Clone returns a copy of the series.
func (s *Series) Clone() *Series {
	clone := *s
	clone.steps = slices.Clone(s.steps)
	return &clone
}

// Add adds a reading. It ignores a reading that overlapped with the last one,
// since it is unknown which of the values is older.
func (s *Series) Add(r Reading) {
	if math.IsNaN(r.Total) || math.IsInf(r.Total, 0) {
		return
	}
	if s.count == 0 {
		s.last = r
		s.push(step{end: r.At})
		return
	}
	if r.Began < s.last.At || r.At <= s.last.At {
		return
	}
	next := step{end: r.At, span: r.At - s.last.At}
	if s.continues(r.Total) {
		next.known = next.span
		// It can be slightly below zero if nginx has not yet counted a request that
		// the exporter has. The next step makes up for it.
		next.increase = r.Total - s.last.Total - (r.Own - s.last.Own)
	}
	s.last = r
	s.push(next)
}

// continues reports whether the counter was not reset since the last reading.
// After a reset the increase is unknown. If the counter returns to the value
// before the reset, two servers respond in turn, such as during an upgrade of
// nginx, and the increase is unknown too.
func (s *Series) continues(total float64) bool {
	if total < s.last.Total {
		s.fellFrom = s.last.Total
		return false
	}
	if s.fellFrom > 0 && total >= s.fellFrom {
		s.fellFrom = 0
		return false
	}
	return true
}

// push appends a step. It is merged into the newest one if both together are not
// longer than an interval, so that frequent readings do not displace old steps.
func (s *Series) push(next step) {
	if s.count > 0 {
		newest := s.at(s.count - 1)
		if newest.span+next.span <= s.interval {
			newest.end = next.end
			newest.span += next.span
			newest.known += next.known
			newest.increase += next.increase
			return
		}
	}
	if s.count == len(s.steps) {
		s.first = (s.first + 1) % len(s.steps)
		s.count--
	}
	s.count++
	*s.at(s.count - 1) = next
}

// at returns step i; 0 is the oldest.
func (s *Series) at(i int) *step { return &s.steps[(s.first+i)%len(s.steps)] }

// PerSecond returns the rate over the window that ends with the newest reading,
// and whether it is known. It is unknown if the newest reading is older than the
// window, or if the readings cover less than half of it.
func (s *Series) PerSecond(now, window time.Duration) (float64, bool) {
	// If a window is as short as the interval, a reading may be late.
	stale := max(window, 2*s.interval)
	if s.count == 0 || now-s.last.At > stale {
		return 0, false
	}
	var increase, known float64
	from := s.last.At - window
	for i := s.count - 1; i >= 0; i-- {
		one := s.at(i)
		if one.end <= from {
			break
		}
		// The average over a gap longer than the window says nothing about the
		// window at its end.
		if one.span == 0 || one.span > stale {
			continue
		}
		inside := float64(one.end-max(one.end-one.span, from)) / float64(one.span)
		increase += one.increase * inside
		known += one.known.Seconds() * inside
	}
	if known < window.Seconds()/2 {
		return 0, false
	}
	return max(increase/known, 0), true
}
