// Package load reads or makes the request rate that a simulation replays: shapes,
// CSV and OpenMetrics files, and range queries of Prometheus.
//
// Samples are read one by one, never all at once. Times are since the Unix epoch;
// those of shapes begin with 0.
package load

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"nginx-exporter/internal/autoscale/simulate"
)

// Load is a source of request rates.
type Load struct {
	Name string
	// Relative is whether times are since the start, not since the epoch.
	Relative bool
	// Points can be read once. An error ends them. They are in order, finite and
	// not negative.
	Points iter.Seq2[simulate.Point, error]

	notes *notes
}

// notes are observations about the samples.
type notes struct {
	resets int
	rising bool
	advice string // how to read a counter from this source
}

// Notes returns remarks about the samples, once they are read.
func (l *Load) Notes() []string {
	var list []string
	if l.notes == nil {
		return nil
	}
	if n := l.notes.resets; n > 0 {
		list = append(list, fmt.Sprintf("Counter resets in the load: %d; as in rate(), the counter restarts from 0.", n))
	}
	if l.notes.rising {
		list = append(list, "The values only increase. If they are a counter of requests, "+l.notes.advice+".")
	}
	return list
}

// sample is a value as read, before it is checked.
type sample struct {
	at      time.Duration
	value   float64
	counter bool   // whether the value is a counter of requests, not a rate
	where   string // for errors, such as a line
}

// source returns one sample after the other, then io.EOF.
type source func() (sample, error)

// newLoad returns the load of a source. Errors begin with its name. A counter is
// converted to the rate between samples.
func newLoad(name string, next source) *Load {
	l := &Load{Name: name, notes: &notes{advice: "use --counter"}}
	l.Points = func(yield func(simulate.Point, error) bool) {
		c := checker{notes: l.notes}
		for {
			p, err := c.point(next)
			switch {
			case err == io.EOF: //nolint:errorlint // point returns it as it is
				return
			case err != nil:
				yield(p, fmt.Errorf("%s: %w", name, err))
				return
			case !yield(p, nil):
				return
			}
		}
	}
	return l
}

// checker checks samples.
type checker struct {
	notes *notes

	last              sample
	seen              int
	rising, collapses int // steps up, and steps down to less than a tenth
}

// point returns the next point, or io.EOF if all samples were valid.
func (c *checker) point(next source) (simulate.Point, error) {
	for {
		s, err := next()
		if errors.Is(err, io.EOF) {
			if err := c.finish(); err != nil {
				return simulate.Point{}, err
			}
			return simulate.Point{}, io.EOF
		}
		if err != nil {
			return simulate.Point{}, err
		}
		if p, complete, err := c.add(s); complete || err != nil {
			return p, err
		}
	}
}

// add returns the point of a sample. The first value of a counter makes none.
func (c *checker) add(s sample) (p simulate.Point, complete bool, err error) {
	if err := c.check(s); err != nil {
		return p, false, err
	}
	previous := c.last
	c.last = s
	c.seen++
	if !s.counter {
		return simulate.Point{At: s.at, Rate: s.value}, true, nil
	}
	if c.seen == 1 {
		return p, false, nil
	}
	increase := s.value - previous.value
	if increase < 0 {
		increase = s.value
		c.notes.resets++
	}
	return simulate.Point{At: previous.at, Rate: increase / (s.at - previous.at).Seconds()}, true, nil
}

// check reports a value that is no rate, or out of order.
func (c *checker) check(s sample) error {
	switch {
	case math.IsNaN(s.value) || math.IsInf(s.value, 0):
		return fmt.Errorf("%s: the value is %v", s.where, s.value)
	case s.value < 0:
		return fmt.Errorf("%s: the value %v is negative", s.where, s.value)
	case s.value > maxRate && !s.counter:
		return fmt.Errorf("%s: the value %v is more than %g requests per second", s.where, s.value, maxRate)
	case c.seen == 0:
		return nil
	case s.at == c.last.at:
		return fmt.Errorf("%s: the time is that of the sample before; the file must have one series", s.where)
	case s.at < c.last.at:
		return fmt.Errorf("%s: the time is before that of the sample before; sort the samples by time", s.where)
	}
	switch {
	case s.value > c.last.value:
		c.rising++
	case s.value < c.last.value/10:
		c.collapses++
	}
	return nil
}

// maxRate is a bound that no nginx reaches, against values in other units.
const maxRate = 1e12

// Shares and numbers of steps by which a counter is recognized.
const (
	counterSteps = 20
	counterShare = 0.9
)

// finish reports what only all samples show.
func (c *checker) finish() error {
	steps := c.seen - 1
	looksLikeCounter := steps >= counterSteps && float64(c.rising) >= counterShare*float64(steps)
	switch {
	case c.seen == 0:
		return errors.New("it has no samples")
	case c.seen == 1 || c.last.counter && c.seen == 2:
		return errors.New("it has too few samples for a rate over time")
	case c.last.counter || !looksLikeCounter:
		return nil
	case c.collapses > 0:
		return fmt.Errorf("the values look like a counter with %d resets, not like a rate: %s", c.collapses, c.notes.advice)
	}
	c.notes.rising = c.rising == steps
	return nil
}
