package collector

import (
	"errors"

	"nginx-exporter/client"
)

// finish enters the result of a source and counts it. The log is told at once
// of what does not belong to the others.
func (t *target) finish(r *round, i int, result *result) {
	t.enter(r, i, result, t.tables.sources[i].path == "")
}

func (t *target) enter(r *round, i int, result *result, tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	part := &r.parts[i]
	part.result = result
	if !r.choice.wants(t.tables.sources[i].name) {
		result.bind.blocks = nil // it was read for what it tells of the others
	}
	if result.err == nil {
		t.tally.dropped.add(result.bind.dropped)
	} else {
		t.count(part, i)
	}
	if tell {
		t.tell(r, i)
	}
}

// count counts a failure, unless the scrapers left of their own accord: that
// says nothing of nginx. It must be called with the lock held.
func (t *target) count(part *part, i int) {
	reason := client.ReasonOf(part.result.err)
	switch {
	case reason != client.ReasonCanceled && !part.missed:
		t.tally.errors[errorKey{i, reason}]++
	case reason == client.ReasonCanceled && part.missed:
		part.result.err = &client.Error{
			Reason: client.ReasonTimeout, Err: errors.New("no whole answer within the time-out of the scrape"),
		}
	}
}

// tell tells the log of a source if its state changed. It must be called with
// the lock held.
func (t *target) tell(r *round, i int) {
	result := r.parts[i].result
	if result == nil {
		return
	}
	if result.err == nil {
		t.health[i].good()
		return
	}
	if reason := client.ReasonOf(result.err); reason != client.ReasonCanceled {
		t.health[i].bad(reason, result.err)
	}
}
