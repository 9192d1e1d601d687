package angietest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// still lists the members whose numbers stay: gauges, and counters of failures,
// which a server under normal traffic does not have.
func still() []string {
	return []string{
		"generation", "active", "idle", "used", "free", "processing", "size", "max_size", "weight", "current", "max_conns", "keepalive", "waiting", "timeout",
		"zombies", "header_time", "response_time", "connect_time", "first_byte_time", "last_byte_time", "avg", "refs",
		"dropped", "failed", "timedout", "discarded", "rejected", "exhausted", "fails", "unavailable", "downtime", "overflows",
	}
}

// Tick increases the counters of the status by a hundredth of what [Status.Set] has
// set, at least by 1, as under steady traffic. Histograms stay cumulative.
func (s *Status) Tick() {
	now := s.tree.Load()
	decoder := json.NewDecoder(bytes.NewReader([]byte(now.first)))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		panic("angietest: " + err.Error()) // it was valid before
	}
	increase(root, now.ticks+1)
	text, err := json.MarshalIndent(root, "", "\t")
	if err != nil {
		panic("angietest: " + err.Error())
	}
	s.store(tree{text: string(text), first: now.first, ticks: now.ticks + 1})
}

func increase(object map[string]any, ticks int64) {
	const hundred = 100
	for name, member := range object {
		switch member := member.(type) {
		case map[string]any:
			increase(member, ticks)
		case json.Number:
			if n, err := member.Int64(); err == nil && n >= 0 && !slices.Contains(still(), name) {
				object[name] = n + ticks*max(1, n/hundred)
			}
		}
	}
}
