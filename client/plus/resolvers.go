package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Resolver is one resolver of /resolvers.
type Resolver struct {
	Name string

	// Questions asked.
	ByName    value.Value
	Services  value.Value // SRV records
	ByAddress value.Value

	// Answers.
	NoError, FormErr, ServFail, NXDomain, NotImp, Refused value.Value
	TimedOut                                              value.Value // no answer
	Unknown                                               value.Value // another error
}

// Resolvers is the document /resolvers.
type Resolvers = List[Resolver, *Resolver]

func (r *Resolver) named(name string) { r.Name = name }

func (r *Resolver) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "requests":
			r.decodeRequests(d)
		case "responses":
			r.decodeResponses(d)
		default:
			d.Skip()
		}
	}
}

func (r *Resolver) decodeRequests(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "name":
			r.ByName = d.Count()
		case "srv":
			r.Services = d.Count()
		case "addr":
			r.ByAddress = d.Count()
		default:
			d.Skip()
		}
	}
}

func (r *Resolver) decodeResponses(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "noerror":
			r.NoError = d.Count()
		case "formerr":
			r.FormErr = d.Count()
		case "servfail":
			r.ServFail = d.Count()
		case "nxdomain":
			r.NXDomain = d.Count()
		case "notimp":
			r.NotImp = d.Count()
		case "refused":
			r.Refused = d.Count()
		case "timedout":
			r.TimedOut = d.Count()
		case "unknown":
			r.Unknown = d.Count()
		default:
			d.Skip()
		}
	}
}
