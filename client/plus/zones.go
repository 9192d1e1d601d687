package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// ServerZone is one zone of /http/server_zones or /http/location_zones.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_server_zone and
// https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_location_zone.
type ServerZone struct {
	Name       string
	Processing value.Value // current requests; absent for location zones
	Requests   value.Value
	Responses  Responses
	Discarded  value.Value // requests completed without a response
	Received   value.Value // bytes
	Sent       value.Value // bytes
	TLS        *TLS        // nil without TLS
}

// ServerZones are the documents /http/server_zones and
// /http/location_zones.
type ServerZones = api.List[ServerZone, *ServerZone]

// SetName sets the name.
func (z *ServerZone) SetName(name string) { z.Name = name }

// Decode implements [Document].
func (z *ServerZone) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "processing":
			z.Processing = d.Gauge()
		case "requests":
			z.Requests = d.Count()
		case "responses":
			z.Responses.decode(d)
		case "discarded":
			z.Discarded = d.Count()
		case "received":
			z.Received = d.Count()
		case "sent":
			z.Sent = d.Count()
		case "ssl":
			z.TLS = optionalTLS(d)
		default:
			d.Skip()
		}
	}
}
