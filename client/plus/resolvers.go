package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Resolver is one zone of /resolvers.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_resolver_zone.
type Resolver struct {
	Name string

	// Requests to the DNS server.
	ByName    value.Value // names to addresses
	Services  value.Value // SRV records
	ByAddress value.Value // addresses to names

	// Responses by result.
	NoError, FormErr, ServFail, NXDomain, NotImp, Refused value.Value
	TimedOut                                              value.Value // requests without a response
	Unknown                                               value.Value // any other error
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
