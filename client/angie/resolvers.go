package angie

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Resolver is one zone of the part resolvers.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#resolvers.
type Resolver struct {
	Name string

	api.Lookups // queries to resolve

	// Requests to the DNS server.
	SentA, SentAAAA, SentSRV, SentPTR value.Value

	// Results.
	Success, TimedOut, FormatError, ServerFailure, NotFound, Unimplemented, Refused, Other value.Value
}

// Resolvers is the part resolvers.
type Resolvers = api.List[Resolver, *Resolver]

// SetName sets the name.
func (r *Resolver) SetName(name string) { r.Name = name }

// Decode implements [Part].
func (r *Resolver) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "queries":
			r.Lookups.Decode(d)
		case "sent":
			r.decodeSent(d)
		case "responses":
			r.decodeResponses(d)
		default:
			d.Skip()
		}
	}
}

func (r *Resolver) decodeSent(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "a":
			r.SentA = d.Count()
		case "aaaa":
			r.SentAAAA = d.Count()
		case "srv":
			r.SentSRV = d.Count()
		case "ptr":
			r.SentPTR = d.Count()
		default:
			d.Skip()
		}
	}
}

func (r *Resolver) decodeResponses(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "success":
			r.Success = d.Count()
		case "timedout":
			r.TimedOut = d.Count()
		case "format_error":
			r.FormatError = d.Count()
		case "server_failure":
			r.ServerFailure = d.Count()
		case "not_found":
			r.NotFound = d.Count()
		case "unimplemented":
			r.Unimplemented = d.Count()
		case "refused":
			r.Refused = d.Count()
		case "other":
			r.Other = d.Count()
		default:
			d.Skip()
		}
	}
}
