package client

import "nginx-exporter/client/value"

// PlusResolver is one resolver of /resolvers.
type PlusResolver struct {
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

// PlusResolvers is the document /resolvers.
type PlusResolvers = PlusZones[PlusResolver, *PlusResolver]

func (r *PlusResolver) named(name string) { r.Name = name }

func (r *PlusResolver) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "requests":
			r.decodeRequests(s)
		case "responses":
			r.decodeResponses(s)
		default:
			s.skip()
		}
	}
}

func (r *PlusResolver) decodeRequests(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "name":
			r.ByName = s.count()
		case "srv":
			r.Services = s.count()
		case "addr":
			r.ByAddress = s.count()
		default:
			s.skip()
		}
	}
}

func (r *PlusResolver) decodeResponses(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "noerror":
			r.NoError = s.count()
		case "formerr":
			r.FormErr = s.count()
		case "servfail":
			r.ServFail = s.count()
		case "nxdomain":
			r.NXDomain = s.count()
		case "notimp":
			r.NotImp = s.count()
		case "refused":
			r.Refused = s.count()
		case "timedout":
			r.TimedOut = s.count()
		case "unknown":
			r.Unknown = s.count()
		default:
			s.skip()
		}
	}
}
