package angietest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// gauges lists the members whose numbers are not counters.
func gauges() []string {
	return []string{
		"generation", "active", "idle", "used", "free", "processing", "size", "max_size", "weight", "current", "max_conns", "keepalive", "waiting", "timeout",
		"zombies", "header_time", "response_time", "connect_time", "first_byte_time", "last_byte_time", "avg", "refs",
	}
}

// Tick increases the counters of the status by a hundredth, at least by 1, as
// under traffic. Histograms stay cumulative.
func (s *Status) Tick() {
	decoder := json.NewDecoder(bytes.NewReader([]byte(s.tree.Load().text)))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		panic("angietest: " + err.Error()) // it was valid before
	}
	increase(root)
	text, err := json.MarshalIndent(root, "", "\t")
	if err != nil {
		panic("angietest: " + err.Error())
	}
	s.Set(string(text))
}

func increase(object map[string]any) {
	const hundred = 100
	for name, member := range object {
		switch member := member.(type) {
		case map[string]any:
			increase(member)
		case json.Number:
			if n, err := member.Int64(); err == nil && n >= 0 && !slices.Contains(gauges(), name) {
				object[name] = n + max(1, n/hundred)
			}
		}
	}
}
