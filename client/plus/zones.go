package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// ServerZone is one zone of /http/server_zones or /http/location_zones.
type ServerZone struct {
	Name       string
	Processing value.Value // requests now; location zones have none
	Requests   value.Value
	Responses  Responses
	Discarded  value.Value // requests that ended without an answer
	Received   value.Value // bytes
	Sent       value.Value // bytes
	TLS        *TLS        // nil where nobody speaks TLS
}

// ServerZones are the documents /http/server_zones and
// /http/location_zones.
type ServerZones = List[ServerZone, *ServerZone]

func (z *ServerZone) named(name string) { z.Name = name }

func (z *ServerZone) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "processing":
			z.Processing = d.Number()
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

// StreamZone is one zone of /stream/server_zones.
type StreamZone struct {
	Name        string
	Processing  value.Value // connections now
	Connections value.Value
	Success     value.Value // sessions that ended with status 2xx
	ClientError value.Value // with 4xx
	ServerError value.Value // with 5xx
	Discarded   value.Value // connections that ended without a session
	Received    value.Value // bytes
	Sent        value.Value // bytes
	TLS         *TLS
}

// StreamZones is the document /stream/server_zones.
type StreamZones = List[StreamZone, *StreamZone]

func (z *StreamZone) named(name string) { z.Name = name }

func (z *StreamZone) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "processing":
			z.Processing = d.Number()
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
