package angie

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Limit is one zone of http/limit_reqs, http/limit_conns or stream/limit_conns.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-limit-reqs and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-limit-conns.
type Limit struct {
	Name      string
	Passed    value.Value
	Skipped   value.Value // with an empty key, or one above 255 bytes
	Delayed   value.Value // absent for zones that limit connections
	Rejected  value.Value
	Exhausted value.Value // rejected since the memory of the zone was exhausted
}

// Limits are the parts http/limit_reqs, http/limit_conns and stream/limit_conns.
type Limits = api.List[Limit, *Limit]

// SetName sets the name.
func (l *Limit) SetName(name string) { l.Name = name }

// Decode implements [Part].
func (l *Limit) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "passed":
			l.Passed = d.Count()
		case "skipped":
			l.Skipped = d.Count()
		case "delayed":
			l.Delayed = d.Count()
		case "rejected":
			l.Rejected = d.Count()
		case "exhausted":
			l.Exhausted = d.Count()
		default:
			d.Skip()
		}
	}
}
