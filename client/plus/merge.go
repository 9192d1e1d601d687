package plus

import (
	"slices"

	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
)

// Merge adds another server with the same address to the server: counters and
// current counts are added, averages are weighted by use, and the worse state is
// kept.
func (p *Peer) Merge(other *Peer) {
	mine, others := p.use(), other.use()
	for i, average := range p.averages() {
		*average = weighted(*average, mine, *other.averages()[i], others)
	}
	addAll(p.sums(), other.sums())
	p.Responses.merge(&other.Responses)
	p.TLS = p.TLS.merge(other.TLS)
	p.ResponseTimes = p.ResponseTimes.merge(other.ResponseTimes)
	p.State = worse(p.State, other.State)
	p.Backup = choose(p.Backup, other.Backup, func(a, b float64) float64 { return min(a, b) })
	p.LastPassed = choose(p.LastPassed, other.LastPassed, func(a, b float64) float64 { return min(a, b) })
	p.DownSince = choose(p.DownSince, other.DownSince, func(a, b float64) float64 { return min(a, b) })
	p.LastSelected = choose(p.LastSelected, other.LastSelected, func(a, b float64) float64 { return max(a, b) })
}

// sums lists the values that are added.
func (p *Peer) sums() []*value.Value {
	return []*value.Value{
		&p.Weight, &p.MaxConns, &p.Active, &p.Requests, &p.Connections, &p.Sent, &p.Received, &p.Fails, &p.Unavail,
		&p.Checks, &p.CheckFails, &p.Unhealthy, &p.Downtime,
	}
}

func (p *Peer) averages() []*value.Value {
	return []*value.Value{&p.HeaderTime, &p.ConnectTime, &p.FirstByteTime, &p.ResponseTime}
}

// use is the number of requests or connections of the server.
func (p *Peer) use() float64 {
	use := 0.0
	for _, n := range []value.Value{p.Requests, p.Connections} {
		if n.IsSet() {
			use += n.Float()
		}
	}
	return use
}

func weighted(a value.Value, useA float64, b value.Value, useB float64) value.Value {
	return choose(a, b, func(x, y float64) float64 {
		if useA+useB == 0 {
			return (x + y) / 2
		}
		return (x*useA + y*useB) / (useA + useB)
	})
}

func worse(a, b State) State {
	if a == StateUnknown || b == StateUnknown {
		return StateUnknown
	}
	return max(a, b)
}

// choose combines two values, or returns the one that is set.
func choose(a, b value.Value, join func(a, b float64) float64) value.Value {
	switch {
	case !a.IsSet():
		return b
	case !b.IsSet():
		return a
	default:
		return value.Of(join(a.Float(), b.Float()))
	}
}

func addAll(to, from []*value.Value) {
	for i := range to {
		*to[i] = choose(*to[i], *from[i], func(a, b float64) float64 { return a + b })
	}
}

func (r *Responses) merge(other *Responses) {
	addAll(r.classes(), other.classes())
	r.Codes = slices.Clone(r.Codes) // copies of the server share it
	for _, code := range other.Codes {
		i := slices.IndexFunc(r.Codes, func(c api.Code) bool { return c.Code == code.Code })
		if i < 0 {
			r.Codes = append(r.Codes, code)
			continue
		}
		addAll([]*value.Value{&r.Codes[i].Count}, []*value.Value{&code.Count})
	}
}

func (t *TLS) merge(other *TLS) *TLS {
	if t == nil || other == nil {
		if t == nil {
			return other
		}
		return t
	}
	sum := *t
	addAll(sum.counters(), other.counters())
	return &sum
}

// merge adds two histograms with the same bounds. If the bounds differ, the
// result is not set: a sum would be wrong.
func (h *Histogram) merge(other *Histogram) *Histogram {
	switch {
	case h != nil && h.mixed, !other.IsSet() && (other == nil || !other.mixed):
		return h
	case other.mixed, !h.IsSet():
		return other
	case !slices.Equal(h.Bounds, other.Bounds):
		return &Histogram{mixed: true}
	}
	sum := &Histogram{Sum: h.Sum, Bounds: h.Bounds, Counts: slices.Clone(h.Counts)}
	addAll([]*value.Value{&sum.Sum}, []*value.Value{&other.Sum})
	for i := range sum.Counts {
		sum.Counts[i] += other.Counts[i]
	}
	return sum
}
