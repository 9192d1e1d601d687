package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Resolver is one zone of /resolvers.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_resolver_zone.
type Resolver struct {
	Name string

	api.Lookups // requests to the DNS server

	// Responses by result.
	NoError, FormErr, ServFail, NXDomain, NotImp, Refused value.Value
	TimedOut                                              value.Value // requests without a response
	Unknown                                               value.Value // any other error
}

// Resolvers is the document /resolvers.
type Resolvers = api.List[Resolver, *Resolver]

// SetName sets the name.
func (r *Resolver) SetName(name string) { r.Name = name }

// Decode implements [Document].
func (r *Resolver) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "requests":
			r.Lookups.Decode(d)
		case "responses":
			r.decodeResponses(d)
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
