package load

import (
	"fmt"
	"math"
	"strings"
	"time"

	"nginx-exporter/internal/autoscale/simulate"
)

// Shape is a load that is made up.
type Shape struct {
	Name       string
	Base, Peak float64       // requests per second
	Duration   time.Duration // of all of it
}

// Limits of the duration of a shape.
const (
	minDuration = time.Minute
	maxDuration = 366 * 24 * time.Hour
)

// shapeStep is the time between points of a shape.
const shapeStep = 5 * time.Second

// Parts of the duration of a shape, and lengths that do not depend on it.
const (
	quarter     = 0.25
	spikeLength = 2 * time.Minute
	crowdRise   = 2 * time.Minute
	crowdDecay  = 0.125
)

// rates returns the load above the base, 0 to 1, at a time.
func rates() map[string]func(at, duration time.Duration) float64 {
	return map[string]func(at, duration time.Duration) float64{
		// Up after a quarter, down after three.
		"step": func(at, duration time.Duration) float64 {
			if part := share(at, duration); part >= quarter && part < 1-quarter {
				return 1
			}
			return 0
		},
		// Two minutes after a quarter.
		"spike": func(at, duration time.Duration) float64 {
			if since := at - part(duration, quarter); since >= 0 && since < spikeLength {
				return 1
			}
			return 0
		},
		// One period.
		"sine": func(at, duration time.Duration) float64 {
			return (1 - math.Cos(2*math.Pi*share(at, duration))) / 2
		},
		// Within two minutes up, then slowly down.
		"flash-crowd": func(at, duration time.Duration) float64 {
			since := at - part(duration, quarter)
			switch {
			case since < 0:
				return 0
			case since < crowdRise:
				return share(since, crowdRise)
			}
			return math.Exp(-share(since-crowdRise, part(duration, crowdDecay)))
		},
	}
}

func share(part, whole time.Duration) float64 { return part.Seconds() / whole.Seconds() }

func part(whole time.Duration, share float64) time.Duration {
	return time.Duration(float64(whole) * share)
}

// Shapes are the names of shapes.
func Shapes() []string { return []string{"step", "spike", "sine", "flash-crowd"} }

// Load returns the load of the shape.
func (s Shape) Load() (*Load, error) {
	f, found := rates()[s.Name]
	switch {
	case !found:
		return nil, fmt.Errorf("%q is not a shape of load: use %s", s.Name, strings.Join(Shapes(), ", "))
	case !(s.Base >= 0) || !(s.Peak >= 0) || s.Base > maxRate || s.Peak > maxRate:
		return nil, fmt.Errorf("the load is %v to %v requests per second: it must be 0 to %g", s.Base, s.Peak, maxRate)
	case s.Duration < minDuration || s.Duration > maxDuration:
		return nil, fmt.Errorf("the duration is %v: it must be %s to %s", s.Duration, simulate.Duration(minDuration), simulate.Duration(maxDuration))
	}
	name := fmt.Sprintf("%s from %v to %v requests per second", s.Name, s.Base, s.Peak)
	return &Load{Name: name, Relative: true, Points: func(yield func(simulate.Point, error) bool) {
		for at := time.Duration(0); at < s.Duration; at += shapeStep {
			if !yield(simulate.Point{At: at, Rate: s.Base + (s.Peak-s.Base)*f(at, s.Duration)}, nil) {
				return
			}
		}
	}}, nil
}
