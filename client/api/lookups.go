package api

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Lookups counts the DNS queries of a resolver by kind.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_resolver_zone and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#resolvers.
type Lookups struct {
	ByName    value.Value // names to addresses
	Services  value.Value // SRV records
	ByAddress value.Value // addresses to names
}

// Decode reads the lookups, which are the next value of d.
func (l *Lookups) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "name":
			l.ByName = d.Count()
		case "srv":
			l.Services = d.Count()
		case "addr":
			l.ByAddress = d.Count()
		default:
			d.Skip()
		}
	}
}
