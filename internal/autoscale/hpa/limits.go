package hpa

import (
	"math"
	"time"
)

// Reasons of the condition ScalingLimited.
const (
	withinRange = "DesiredWithinRange"
	tooFew      = "TooFewReplicas"
	tooMany     = "TooManyReplicas"
	upLimit     = "ScaleUpLimit"
	downLimit   = "ScaleDownLimit"
)

// normalizePlain applies the limits of an HPA without behavior: the highest
// recommendation of the window, at most double the count or 4, and the bounds.
func (a *Autoscaler) normalizePlain(now time.Duration, current int32, d *Decision) {
	best := a.stabilizePlain(now, d.Proposal)
	d.Stabilized = best
	a.conditions.AbleToScale = stabilized(best != d.Proposal, "ScaleDownStabilized")

	upper, reason := a.spec.Max, tooMany
	if limit := int32(min(math.Max(2*float64(current), 4), math.MaxInt32)); limit < upper {
		upper, reason = limit, upLimit
	}
	switch {
	case best < a.spec.Min:
		d.Wanted, reason = a.spec.Min, tooFew
	case best > upper:
		d.Wanted = upper
	default:
		d.Wanted, reason = best, withinRange
	}
	a.conditions.ScalingLimited = Condition{d.Wanted != best, reason}
}

// stabilizePlain returns the highest recommendation of the window, and records the
// proposal.
func (a *Autoscaler) stabilizePlain(now time.Duration, proposal int32) int32 {
	best, old := proposal, -1
	cutoff := now - a.window
	for i, r := range a.recommendations {
		if r.at < cutoff {
			old = i
		} else if r.replicas > best {
			best = r.replicas
		}
	}
	a.record(old, recommendation{proposal, now})
	return best
}

// record stores a recommendation, over an old one if there is any.
func (a *Autoscaler) record(old int, r recommendation) {
	if old >= 0 {
		a.recommendations[old] = r
	} else {
		a.recommendations = append(a.recommendations, r)
	}
}

func stabilized(differs bool, reason string) Condition {
	if differs {
		return Condition{true, reason}
	}
	return Condition{true, "ReadyForNewScale"}
}

// normalize applies the windows and policies of behavior, and the bounds.
func (a *Autoscaler) normalize(now time.Duration, current int32, d *Decision) {
	wanted := a.stabilize(now, current, d.Proposal)
	d.Stabilized = wanted
	reason := "ScaleDownStabilized"
	if d.Proposal >= current {
		reason = "ScaleUpStabilized"
	}
	a.conditions.AbleToScale = stabilized(wanted != d.Proposal, reason)

	d.Wanted, reason = wanted, withinRange
	switch {
	case wanted > current:
		upper, limited := a.spec.Max, tooMany
		if limit := max(a.upLimit(now, current), current); limit < upper {
			upper, limited = limit, upLimit
		}
		if wanted > upper {
			d.Wanted, reason = upper, limited
		}
	case wanted < current:
		lower, limited := a.spec.Min, tooFew
		if limit := min(a.downLimit(now, current), current); limit > lower {
			lower, limited = limit, downLimit
		}
		if wanted < lower {
			d.Wanted, reason = lower, limited
		}
	}
	a.conditions.ScalingLimited = Condition{d.Wanted != wanted, reason}
}

// stabilize moves the current count no further than the lowest recommendation of the
// window for scaling up and the highest of the window for scaling down.
func (a *Autoscaler) stabilize(now time.Duration, current, proposal int32) int32 {
	low, high, old := proposal, proposal, -1
	upCutoff, downCutoff := now-a.up.window, now-a.down.window
	for i, r := range a.recommendations {
		if r.at > upCutoff {
			low = min(low, r.replicas)
		}
		if r.at > downCutoff {
			high = max(high, r.replicas)
		}
		if r.at < upCutoff && r.at < downCutoff {
			old = i
		}
	}
	a.record(old, recommendation{proposal, now})
	return min(max(current, low), high)
}

// upLimit is the largest count that the policies allow.
func (a *Autoscaler) upLimit(now time.Duration, current int32) int32 {
	if a.up.choose == SelectDisabled {
		return current
	}
	result := int32(math.MinInt32)
	if a.up.choose == SelectMin {
		result = math.MaxInt32
	}
	for _, p := range a.up.policies {
		start := a.startOfPeriod(now, current, p.Period)
		limit := start + p.Value
		if p.Percent {
			limit = ceil(float64(start) * (1 + float64(p.Value)/100))
		}
		if a.up.choose == SelectMin {
			result = min(result, limit)
		} else {
			result = max(result, limit)
		}
	}
	return result
}

// downLimit is the smallest count that the policies allow.
func (a *Autoscaler) downLimit(now time.Duration, current int32) int32 {
	if a.down.choose == SelectDisabled {
		return current
	}
	result := int32(math.MaxInt32)
	if a.down.choose == SelectMin {
		result = math.MinInt32
	}
	for _, p := range a.down.policies {
		start := a.startOfPeriod(now, current, p.Period)
		limit := start - p.Value
		if p.Percent {
			limit = int32(float64(start) * (1 - float64(p.Value)/100)) // what remains is cut off
		}
		if a.down.choose == SelectMin {
			result = max(result, limit)
		} else {
			result = min(result, limit)
		}
	}
	return result
}

// startOfPeriod is the count at the start of a period, by the events since.
func (a *Autoscaler) startOfPeriod(now time.Duration, current int32, period time.Duration) int32 {
	return current - changeSince(a.ups, now-period) + changeSince(a.downs, now-period)
}

func changeSince(events []event, cutoff time.Duration) int32 {
	var sum int32
	for _, e := range events {
		if e.at > cutoff {
			sum += e.change
		}
	}
	return sum
}

// storeEvent records a change. As in the controller, events older than the longest
// period of the same direction are overwritten, although a longer period of the
// other direction still counts them.
func (a *Autoscaler) storeEvent(now time.Duration, before, after int32) {
	switch {
	case a.spec.Behavior == nil:
	case after > before:
		a.ups = store(a.ups, event{change: after - before, at: now}, now-a.up.longest)
	default:
		a.downs = store(a.downs, event{change: before - after, at: now}, now-a.down.longest)
	}
}

func store(events []event, e event, cutoff time.Duration) []event {
	old := -1
	for i := range events {
		if events[i].at < cutoff {
			events[i].outdated = true
		}
		if events[i].outdated {
			old = i
		}
	}
	if old >= 0 {
		events[old] = e
		return events
	}
	return append(events, e)
}
