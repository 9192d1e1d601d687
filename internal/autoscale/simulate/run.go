package simulate

import (
	"errors"
	"iter"
	"runtime"
	"sync"
	"time"
)

// Summary describes the load of a run.
type Summary struct {
	Begin, End time.Duration // as of the load
	Points     int
	Gaps       int           // longer than maxGap
	Missing    time.Duration // in gaps
	Min, Max   float64
}

// MaxGap is the longest time between points that is no gap. In a gap the last rate
// is kept.
const MaxGap = 5 * time.Minute

// chunk is how many points are simulated by a goroutine at once.
const chunk = 4096

// Run simulates all settings with the same load, which is read once. Points are in
// order, and there are at least two. It returns a result for each setting.
func Run(load iter.Seq2[Point, error], settings []Setting) ([]*Result, Summary, error) {
	r := run{settings: settings, simulations: make([]*Simulation, len(settings)), points: make([]Point, 0, chunk)}
	for p, err := range load {
		if err != nil {
			return nil, r.summary, err
		}
		r.add(p)
	}
	return r.finish()
}

type run struct {
	settings    []Setting
	simulations []*Simulation
	points      []Point
	last        Point
	step        time.Duration // between the last two points
	summary     Summary
}

func (r *run) add(p Point) {
	s := &r.summary
	if s.Points == 0 {
		s.Begin, s.Min = p.At, p.Rate
		for i, setting := range r.settings {
			r.simulations[i] = New(setting, p)
		}
	} else {
		r.step = p.At - r.last.At
		if r.step > MaxGap {
			s.Gaps++
			s.Missing += r.step
		}
	}
	s.Points++
	s.Min, s.Max = min(s.Min, p.Rate), max(s.Max, p.Rate)
	r.last = p
	r.points = append(r.points, p)
	if len(r.points) == chunk {
		r.flush()
	}
}

// flush feeds the points to all simulations.
func (r *run) flush() {
	r.each(func(s *Simulation) {
		for _, p := range r.points {
			s.Feed(p)
		}
	})
	r.points = r.points[:0]
}

// each calls f for each simulation, on all processors.
func (r *run) each(f func(*Simulation)) {
	var group sync.WaitGroup
	next := make(chan *Simulation)
	for range min(runtime.GOMAXPROCS(0), len(r.simulations)) {
		group.Go(func() {
			for s := range next {
				f(s)
			}
		})
	}
	for _, s := range r.simulations {
		next <- s
	}
	close(next)
	group.Wait()
}

func (r *run) finish() ([]*Result, Summary, error) {
	if r.summary.Points < 2 {
		return nil, r.summary, errors.New("the load has fewer than two samples")
	}
	r.flush()
	// The last rate lasts as long as the one before.
	r.summary.End = r.last.At + min(r.step, MaxGap)
	r.each(func(s *Simulation) { s.Finish(r.summary.End) })
	results := make([]*Result, len(r.simulations))
	for i, s := range r.simulations {
		results[i] = &s.result
	}
	return results, r.summary, nil
}
