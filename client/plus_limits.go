package client

import "nginx-exporter/client/value"

// PlusLimit is one zone of /http/limit_reqs, /http/limit_conns or
// /stream/limit_conns. Zones that limit connections delay nothing.
type PlusLimit struct {
	Name           string
	Passed         value.Value
	Delayed        value.Value
	Rejected       value.Value
	DelayedDryRun  value.Value // would have been
	RejectedDryRun value.Value // would have been
}

// PlusLimits are the documents /http/limit_reqs, /http/limit_conns and
// /stream/limit_conns.
type PlusLimits = PlusZones[PlusLimit, *PlusLimit]

func (l *PlusLimit) named(name string) { l.Name = name }

func (l *PlusLimit) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "passed":
			l.Passed = s.count()
		case "delayed":
			l.Delayed = s.count()
		case "rejected":
			l.Rejected = s.count()
		case "delayed_dry_run":
			l.DelayedDryRun = s.count()
		case "rejected_dry_run":
			l.RejectedDryRun = s.count()
		default:
			s.skip()
		}
	}
}
