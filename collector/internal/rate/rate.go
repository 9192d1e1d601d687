// Package rate turns readings of a counter into rates over windows of time. It
// owns the arithmetic alone: it reads no clock, makes no request and starts nothing.
// It must not import anything but the standard library.
package rate

import (
	"math"
	"slices"
	"time"
)

// Readings are taken so often in the smallest window, within these bounds.
const (
	perWindow       = 5
	shortestReading = time.Second
	longestReading  = 15 * time.Second
)

// Interval returns how often a counter is to be read for rates over the
// windows, of which there must be one.
func Interval(windows []time.Duration) time.Duration {
	return min(max(slices.Min(windows)/perWindow, shortestReading), longestReading)
}

// Reading is what a counter said at one time. Times are those of a clock that
// only goes forward, since whatever moment.
type Reading struct {
	Began time.Duration // when the counter was asked
	At    time.Duration // when it had answered
	Total float64
	Own   float64 // how much of all the counter ever counted is not to be in the rate
}

// step is the time between two readings, or between several that came close
// together.
type step struct {
	end      time.Duration
	span     time.Duration
	known    time.Duration // the part of span in which the increase was seen
	increase float64
}

// Series is what is remembered of one counter. Its memory is bounded however
// often readings are added. It is not safe for concurrent use.
type Series struct {
	interval time.Duration
	steps    []step // a ring
	first    int    // the oldest one
	count    int

	last Reading
	// fellFrom is what the counter last said before it began anew, 0 if it
	// never did or has been there again since.
	fellFrom float64
}

// New returns a series that is long enough for the windows, of which there
// must be one.
func New(windows []time.Duration) *Series {
	interval := Interval(windows)
	// Two neighbouring steps are longer than an interval, see push.
	return &Series{interval: interval, steps: make([]step, 2*(slices.Max(windows)/interval+1)+1)}
}

// Anew returns a series of the same length that remembers nothing.
func (s *Series) Anew() *Series {
	return &Series{interval: s.interval, steps: make([]step, len(s.steps))}
}

// Clone returns a series of its own that remembers the same.
func (s *Series) Clone() *Series {
	clone := *s
	clone.steps = slices.Clone(s.steps)
	return &clone
}

// Add takes a reading. One that was under way at the same time as the last is
// left out: which of them was counted first is unknown.
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
		// It may be a little below zero, where requests of our own were counted
		// sooner by one side than by the other. The next step makes up for it.
		next.increase = r.Total - s.last.Total - (r.Own - s.last.Own)
	}
	s.last = r
	s.push(next)
}

// continues reports whether the counter went on from the last reading. If it
// began anew, what it counted before that is unknown. If it is suddenly back
// where it fell from, there are two that respond in turns, such as two nginx
// during an upgrade.
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

// push appends a step. One that is not an interval long together with the
// newest becomes part of it, so that many readings push nothing out.
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

// at returns step i, the oldest being 0.
func (s *Series) at(i int) *step { return &s.steps[(s.first+i)%len(s.steps)] }

// PerSecond returns the rate over the window that ends with the newest
// reading. It is false if the rate is not known: the newest reading is older
// than the window, or the readings cover less than half of it.
func (s *Series) PerSecond(now, window time.Duration) (float64, bool) {
	// Where readings are no more frequent than windows, one may be late.
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
		// What happened in a gap longer than the window says nothing of the
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
