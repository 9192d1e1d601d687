package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// StreamZone is one zone of /stream/server_zones.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_stream_server_zone.
type StreamZone struct {
	Name        string
	Processing  value.Value // current connections
	Connections value.Value
	Success     value.Value // sessions completed with status 2xx
	ClientError value.Value // with 4xx
	ServerError value.Value // with 5xx
	Discarded   value.Value // connections completed without a session
	Received    value.Value // bytes
	Sent        value.Value // bytes
	TLS         *TLS
}

// StreamZones is the document /stream/server_zones.
type StreamZones = api.List[StreamZone, *StreamZone]

// SetName sets the name.
func (z *StreamZone) SetName(name string) { z.Name = name }

// Decode implements [Document].
func (z *StreamZone) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "processing":
			z.Processing = d.Gauge()
		case "connections":
			z.Connections = d.Count()
		case "sessions":
			z.decodeSessions(d)
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

func (z *StreamZone) decodeSessions(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "2xx":
			z.Success = d.Count()
		case "4xx":
			z.ClientError = d.Count()
		case "5xx":
			z.ServerError = d.Count()
		default:
			d.Skip()
		}
	}
}
