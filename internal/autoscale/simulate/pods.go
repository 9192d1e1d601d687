package simulate

import (
	"math"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// Delay is how old a metric is when the controller reads it.
type Delay struct {
	// Scrape is the interval of Prometheus, Window that of rate(). The window holds
	// at least two scrapes.
	Scrape, Window time.Duration
	// Adapter is how much older the values of the metrics API are than those of
	// Prometheus. It is 0 for prometheus-adapter and KEDA, which query live.
	Adapter time.Duration
}

// Startup is how long a new pod takes.
type Startup struct {
	// Pending is the time until the containers run: scheduling and image pull.
	Pending time.Duration
	// Starting is the time from then until the pod is ready and gets requests.
	Starting time.Duration
}

// State is what a pod is to the controller.
type State int

// States of pods.
const (
	Pending State = iota // containers do not run yet
	Missing              // running, without a rate: fewer than two scrapes
	Counted              // with a rate
)

// Group are pods that are the same to the controller.
type Group struct {
	Number int32
	State  State
	Ready  bool
	// Sample is the rate of each pod in thousandths, if the state is Counted.
	Sample int64
}

// cohort are pods that were created together.
type cohort struct {
	number         int32
	running, ready time.Duration // when its containers run, and when it is ready
	// readyAt is the counter of ready pods when it became ready, infinite before.
	readyAt float64
	// first is the first scrape, with that counter; negative times before the start
	// of the simulation count, too.
	scraped bool
	first   time.Duration
	firstAt float64
}

// scrape has counters at a scrape. Both grow forever, and only differences are used.
type scrape struct {
	at    time.Duration
	pod   float64 // requests of a pod that is ready all the time
	total float64 // requests of clients, served or not
}

// Pods are the pods of a workload and what Prometheus knows of them. All pods of
// the same age are the same: the load is spread evenly over the ones that are ready.
//
// Times are durations since the start of the simulation.
type Pods struct {
	delay    Delay
	startup  Startup
	capacity float64

	now       time.Duration
	rate      float64
	replicas  int32
	ready     int32
	cohorts   []cohort
	readyOnes int // cohorts that are ready, which are the first ones
	counter   scrape

	next    time.Duration // scrape
	scrapes []scrape      // a ring
	newest  int
}

// NewPods returns pods that have run for long at a constant rate.
func NewPods(delay Delay, startup Startup, capacity float64, replicas int32, rate float64) *Pods {
	p := &Pods{delay: delay, startup: startup, capacity: capacity, rate: rate, replicas: replicas, ready: replicas, readyOnes: 1}
	start := -2 * (delay.Window + delay.Adapter + delay.Scrape)
	p.cohorts = []cohort{{
		number: replicas, running: start, ready: start, readyAt: math.Inf(-1), scraped: true, first: start, firstAt: math.Inf(-1),
	}}
	p.scrapes = make([]scrape, int((delay.Window+delay.Adapter)/delay.Scrape)+3)
	// The middle of the interval is the average phase.
	p.next = delay.Scrape / 2
	for i := range p.scrapes {
		at := p.next - time.Duration(len(p.scrapes)-i)*delay.Scrape
		p.scrapes[i] = scrape{at, p.perPod() * at.Seconds(), rate * at.Seconds()}
	}
	p.newest = len(p.scrapes) - 1
	return p
}

// perPod is the rate that a ready pod serves.
func (p *Pods) perPod() float64 {
	if p.ready == 0 {
		return 0
	}
	rate := p.rate / float64(p.ready)
	if p.capacity > 0 {
		rate = min(rate, p.capacity)
	}
	return rate
}

// unserved is the rate of requests that the pods cannot serve.
func (p *Pods) unserved() float64 {
	if limit := p.capacity * float64(p.ready); p.ready == 0 || p.capacity > 0 && p.rate > limit {
		return p.rate - limit
	}
	return 0
}

// nextEvent returns when the pods or their scrapes change by themselves.
func (p *Pods) nextEvent() time.Duration {
	if p.readyOnes < len(p.cohorts) {
		return min(p.next, p.cohorts[p.readyOnes].ready)
	}
	return p.next
}

// readyBy reports whether pods become ready until a time.
func (p *Pods) readyBy(to time.Duration) bool {
	return p.readyOnes < len(p.cohorts) && p.cohorts[p.readyOnes].ready <= to
}

// advance moves to a time that is not after the next event, and handles that.
func (p *Pods) advance(to time.Duration) {
	if to > p.now {
		seconds := (to - p.now).Seconds()
		p.counter.pod += p.perPod() * seconds
		p.counter.total += p.rate * seconds
		p.now = to
	}
	for p.readyBy(to) {
		c := &p.cohorts[p.readyOnes]
		c.readyAt = p.counter.pod
		p.ready += c.number
		p.readyOnes++
	}
	if p.next <= to {
		p.scrape()
	}
}

func (p *Pods) scrape() {
	p.newest = (p.newest + 1) % len(p.scrapes)
	p.scrapes[p.newest] = p.counter
	p.scrapes[p.newest].at = p.next
	for i := len(p.cohorts) - 1; i >= 0 && !p.cohorts[i].scraped; i-- {
		if c := &p.cohorts[i]; c.running <= p.next {
			c.scraped, c.first, c.firstAt = true, p.next, p.counter.pod
		}
	}
	p.next += p.delay.Scrape
}

// AdvanceTo moves to a time, through all events until then.
func (p *Pods) AdvanceTo(to time.Duration) {
	for event := p.nextEvent(); event <= to; event = p.nextEvent() {
		p.advance(event)
	}
	p.advance(to)
}

// SetRate sets the request rate of clients from now on.
func (p *Pods) SetRate(rate float64) { p.rate = rate }

// Replicas returns spec.replicas.
func (p *Pods) Replicas() int32 { return p.replicas }

// Scale sets the replicas. As a ReplicaSet does, it removes the youngest pods.
func (p *Pods) Scale(replicas int32) {
	if added := replicas - p.replicas; added > 0 {
		running := p.now + p.startup.Pending
		p.cohorts = append(p.cohorts, cohort{number: added, running: running, ready: running + p.startup.Starting, readyAt: math.Inf(1)})
		if p.startup.Starting == 0 && p.startup.Pending == 0 {
			p.advance(p.now)
		}
	}
	for removed := p.replicas - replicas; removed > 0; {
		last := len(p.cohorts) - 1
		c := &p.cohorts[last]
		n := min(c.number, removed)
		c.number -= n
		removed -= n
		if last < p.readyOnes {
			p.ready -= n
		}
		if c.number == 0 && last > 0 {
			p.cohorts = p.cohorts[:last]
			p.readyOnes = min(p.readyOnes, last)
		}
	}
	p.replicas = replicas
}

// window returns the oldest and the newest scrape in the window of rate().
func (p *Pods) window() (oldest, newest scrape) {
	end := p.now - p.delay.Adapter
	last := p.newest
	for p.scrapes[last].at > end {
		last = (last + len(p.scrapes) - 1) % len(p.scrapes)
	}
	newest = p.scrapes[last]
	first := last - int((p.delay.Window-1-(end-newest.at))/p.delay.Scrape)
	return p.scrapes[(first+len(p.scrapes))%len(p.scrapes)], newest
}

// Total returns the rate over all clients as Prometheus sees it.
func (p *Pods) Total() float64 {
	oldest, newest := p.window()
	return (newest.total - oldest.total) / (newest.at - oldest.at).Seconds()
}

// Groups calls f with the pods as the controller sees them.
func (p *Pods) Groups(f func(Group)) {
	oldest, newest := p.window()
	p.merge(oldest)
	for i := range p.cohorts {
		c := &p.cohorts[i]
		if c.number == 0 {
			continue
		}
		g := Group{Number: c.number, Ready: i < p.readyOnes, State: Counted}
		switch {
		case p.now < c.running:
			g.State = Pending
		case !c.scraped || c.first >= newest.at:
			g.State = Missing
		default:
			// prometheus-adapter cuts off what is below a thousandth.
			g.Sample = int64(p.rateOf(c, oldest, newest) * 1000)
		}
		f(g)
	}
}

// merge adds cohorts whose whole window is that of a ready pod to the first one, so
// that their number stays small.
func (p *Pods) merge(oldest scrape) {
	n := 1
	for n < p.readyOnes && p.cohorts[n].scraped && p.cohorts[n].first <= oldest.at && p.cohorts[n].readyAt <= oldest.pod {
		p.cohorts[0].number += p.cohorts[n].number
		n++
	}
	if n > 1 {
		p.cohorts = append(p.cohorts[:1], p.cohorts[n:]...)
		p.readyOnes -= n - 1
	}
}

// rateOf is rate() of a pod, with the extrapolation of Prometheus for counters that
// are younger than the window.
//
// See https://prometheus.io/docs/prometheus/latest/querying/functions/#rate.
func (p *Pods) rateOf(c *cohort, oldest, newest scrape) float64 {
	last := max(newest.pod-c.readyAt, 0)
	if c.readyAt <= oldest.pod && c.first <= oldest.at {
		return (newest.pod - oldest.pod) / (newest.at - oldest.at).Seconds()
	}
	from, at := max(oldest.pod-c.readyAt, 0), oldest.at
	young := c.first > oldest.at
	if young {
		from, at = max(c.firstAt-c.readyAt, 0), c.first
	}
	increase, sampled := last-from, (newest.at - at).Seconds()
	if !young || increase == 0 {
		return increase / sampled
	}
	// At the start, it extends by half of the interval, but not below a counter of
	// 0; at the end, up to the time of the query.
	before := min(p.delay.Scrape.Seconds()/2, sampled*from/increase)
	after := (p.now - p.delay.Adapter - newest.at).Seconds()
	return increase * (sampled + before + after) / sampled / p.delay.Window.Seconds()
}

// Observe sets what the controller reads now for a metric.
func (p *Pods) Observe(o *hpa.Observation, metric *hpa.Metric) {
	o.Spec, o.Status, o.Known, o.Ready = p.replicas, p.replicas, p.replicas, p.ready
	r := &o.Metrics[0]
	*r = hpa.Reading{}
	if metric.Source != hpa.Pods {
		r.Value = int64(p.Total() * 1000)
		return
	}
	p.Groups(func(g Group) {
		switch g.State {
		case Pending:
			r.Pods.Pending += g.Number
		case Missing:
			r.Pods.Missing += g.Number
		case Counted:
			r.Pods.Counted += g.Number
			r.Pods.Sum += int64(g.Number) * g.Sample
		}
	})
}
