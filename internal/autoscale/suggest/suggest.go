// Package suggest derives the target of an HPA from what Prometheus has recorded: the
// request rate of a pod at which its CPU usage reaches its CPU request.
//
// It knows nothing of clusters: its caller says which queries are the request rate,
// the CPU usage and the latency of a workload.
package suggest

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/simulate"
)

// Sample is an average pod at a time.
type Sample struct {
	At      time.Duration // since the epoch
	Rate    float64       // requests per second
	CPU     float64       // usage as a share of the request: 1 is all of it
	Latency float64       // seconds, 0 if unknown
}

// maxSamples bounds memory: half a year every five minutes.
const maxSamples = 52560

// Read joins series by their times. Latency may be nil or have no series, or no samples at
// times.
func Read(rate, cpu, latency *load.Load) ([]Sample, error) {
	other, stop := iter.Pull2(cpu.Points)
	defer stop()
	third, stopThird := pull(latency)
	defer stopThird()
	var samples []Sample
	c, l := cursor{next: other}, cursor{next: third}
	for p, err := range rate.Points {
		if err != nil {
			return nil, err
		}
		usage, found, err := c.at(p.At)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		seconds, _, err := l.at(p.At)
		if err != nil && !errors.Is(err, load.ErrNoSeries) {
			return nil, err
		}
		if len(samples) == maxSamples {
			return nil, fmt.Errorf("there are more than %d samples: use a longer step", maxSamples)
		}
		samples = append(samples, Sample{At: p.At, Rate: p.Rate, CPU: usage, Latency: seconds})
	}
	return samples, nil
}

type next func() (simulate.Point, error, bool)

// pull iterates over a load that may be nil.
func pull(l *load.Load) (next, func()) {
	if l == nil {
		return func() (p simulate.Point, err error, ok bool) { return p, nil, false }, func() {}
	}
	return iter.Pull2(l.Points)
}

// cursor looks up values by time, in order.
type cursor struct {
	next  next
	point simulate.Point
	begun bool
	ended bool
}

// at returns the value at a time.
func (c *cursor) at(at time.Duration) (value float64, found bool, err error) {
	for !c.ended && (!c.begun || c.point.At < at) {
		p, err, ok := c.next()
		if err != nil {
			return 0, false, err
		}
		c.point, c.begun, c.ended = p, true, !ok
	}
	if c.ended || c.point.At != at {
		return 0, false, nil
	}
	return c.point.Rate, true, nil
}

// Confidence is how sure a suggestion is.
type Confidence string

// Confidences. None means that there is no suggestion.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
	None   Confidence = "none"
)

// Suggestion is a target, or what is missing for one.
type Suggestion struct {
	Confidence Confidence
	// Target is requests per second of a pod, with two significant digits, rounded
	// down. It is 0 without a suggestion.
	Target float64
	// Limit is where CPU reaches the request; Knee where the latency doubles, 0 if
	// it does not, or is unknown. The target is the lower one.
	Limit, Knee float64
	// Latencies is how many samples have a latency.
	Latencies int
	// The line: CPU = Base + PerRequest * rate, and how well it fits, 0 to 1.
	Base, PerRequest, R2 float64
	// Rates are the 5th and 95th percentile of the rate, Span is the time of all
	// samples.
	Rates   [2]float64
	Span    time.Duration
	Samples []Sample
	// Missing are reasons why there is no suggestion, or why it is not sure.
	Missing []string
}

// What a suggestion requires.
const (
	minSpan    = 23 * time.Hour // a day, of which the first samples may be missing
	minSamples = 100
	minVaries  = 1.5 // the 95th percentile of the rate to the 5th
	minR2      = 0.5
)

// What makes it sure: the fit, and the highest rate as a share of the limit.
const (
	highR2, mediumR2       = 0.9, 0.7
	highReach, mediumReach = 0.8, 0.5
)

// Fit returns a suggestion.
func Fit(samples []Sample) *Suggestion {
	s := &Suggestion{Confidence: None, Samples: samples}
	if len(samples) == 0 {
		s.Missing = []string{"There are no samples with both the request rate and the CPU usage: the pods need a CPU request, and Prometheus the metrics of cAdvisor and kube-state-metrics."}
		return s
	}
	s.Span = samples[len(samples)-1].At - samples[0].At
	s.Rates = [2]float64{quantile(samples, 0.05), quantile(samples, 0.95)}
	s.line()
	s.Missing = s.obstacles()
	if len(s.Missing) > 0 {
		return s
	}
	s.Limit = (1 - s.Base) / s.PerRequest
	s.observeLatency()
	s.Target = roundDown(s.lower())
	s.judge()
	return s
}

// lower is the lower one of the limit and the knee.
func (s *Suggestion) lower() float64 {
	if s.Knee > 0 {
		return min(s.Limit, s.Knee)
	}
	return s.Limit
}

// minLatencies is how many samples with a latency are required to find a knee.
const minLatencies = 100

// line fits a line by least squares.
func (s *Suggestion) line() {
	var n, x, y, xx, xy, yy float64
	for _, p := range s.Samples {
		n++
		x += p.Rate
		y += p.CPU
		xx += p.Rate * p.Rate
		xy += p.Rate * p.CPU
		yy += p.CPU * p.CPU
	}
	dx, dy, dxy := xx-x*x/n, yy-y*y/n, xy-x*y/n
	if dx <= 0 || dy <= 0 {
		s.Base = y / n
		return
	}
	s.PerRequest = dxy / dx
	s.Base = (y - s.PerRequest*x) / n
	s.R2 = dxy * dxy / (dx * dy)
}

// obstacles are reasons why there is no suggestion.
func (s *Suggestion) obstacles() []string {
	var list []string
	if s.Span < minSpan {
		list = append(list, fmt.Sprintf("A day of data is required; there are %s.", simulate.Duration(s.Span)))
	}
	if len(s.Samples) < minSamples {
		list = append(list, fmt.Sprintf("%d samples are required; there are %d.", minSamples, len(s.Samples)))
	}
	if s.Rates[1] < minVaries*s.Rates[0] || s.Rates[1] == 0 {
		list = append(list, fmt.Sprintf("The request rate of a pod varies too little to see its effect: %.3g to %.3g requests per second.", s.Rates[0], s.Rates[1]))
	}
	switch {
	case len(list) > 0:
	case s.PerRequest <= 0 || s.R2 < minR2:
		list = append(list, fmt.Sprintf("CPU usage does not follow the request rate (R² %.2f): something else uses the CPU, or the work of a request differs.", s.R2))
	case s.Base >= 1:
		list = append(list, "CPU usage is above the request even without requests: raise the CPU request.")
	}
	return list
}

// judge sets how sure the suggestion is.
func (s *Suggestion) judge() {
	reach := s.Rates[1] / s.lower()
	switch {
	case s.R2 >= highR2 && reach >= highReach:
		s.Confidence = High
	case s.R2 >= mediumR2 && reach >= mediumReach:
		s.Confidence = Medium
	default:
		s.Confidence = Low
	}
	if s.R2 < highR2 {
		s.Missing = append(s.Missing, fmt.Sprintf("CPU usage follows the request rate only roughly (R² %.2f).", s.R2))
	}
	if reach < highReach {
		s.Missing = append(s.Missing, fmt.Sprintf("The highest rates reach %.0f%% of the limit; the rest is extrapolated. A load test would show it.", 100*reach))
	}
}

// observeLatency sets the knee: the lowest rate from which on the latency is twice that of
// the lowest rates, comparing medians of ten groups of the same size.
func (s *Suggestion) observeLatency() {
	const groups = 10
	known := slices.DeleteFunc(slices.Clone(s.Samples), func(s Sample) bool { return s.Latency <= 0 })
	if s.Latencies = len(known); len(known) < minLatencies {
		return
	}
	slices.SortFunc(known, func(a, b Sample) int { return cmp.Compare(a.Rate, b.Rate) })
	base := 0.0
	for i := range groups {
		group := known[i*len(known)/groups : (i+1)*len(known)/groups]
		latencies := make([]float64, len(group))
		for j, s := range group {
			latencies[j] = s.Latency
		}
		slices.Sort(latencies)
		median := latencies[len(latencies)/2]
		switch {
		case i == 0:
			base = median
		case median < 2*base:
			s.Knee = 0
		case s.Knee == 0:
			s.Knee = group[0].Rate
		}
	}
}

// quantile returns a quantile of the rates.
func quantile(samples []Sample, q float64) float64 {
	rates := make([]float64, len(samples))
	for i, s := range samples {
		rates[i] = s.Rate
	}
	slices.Sort(rates)
	return rates[int(q*float64(len(rates)-1))]
}

// roundDown keeps two significant digits.
func roundDown(f float64) float64 {
	if f <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(f))-1)
	return math.Floor(f/unit+1e-9) * unit
}
