package angie

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// StreamZone is one zone of stream/server_zones.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#stream-server-zones.
type StreamZone struct {
	Name string

	// Connections of clients.
	Connections value.Value
	Processing  value.Value // current
	Discarded   value.Value // completed without a session
	Passed      value.Value // passed to another listening socket

	// Sessions by result.
	Success, Invalid, Forbidden, InternalError, BadGateway, ServiceUnavailable value.Value

	Data Data
	TLS  *TLS // nil without TLS
}

// StreamZones is the part stream/server_zones.
type StreamZones = api.List[StreamZone, *StreamZone]

// SetName sets the name.
func (z *StreamZone) SetName(name string) { z.Name = name }

// Decode implements [Part].
func (z *StreamZone) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "ssl":
			z.TLS = decodeTLS(d)
		case "connections":
			z.decodeConnections(d)
		case "sessions":
			z.decodeSessions(d)
		case "data":
			z.Data.decode(d)
		default:
			d.Skip()
		}
	}
}

func (z *StreamZone) decodeConnections(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "total":
			z.Connections = d.Count()
		case "processing":
			z.Processing = d.Gauge()
		case "discarded":
			z.Discarded = d.Count()
		case "passed":
			z.Passed = d.Count()
		default:
			d.Skip()
		}
	}
}

func (z *StreamZone) decodeSessions(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "success":
			z.Success = d.Count()
		case "invalid":
			z.Invalid = d.Count()
		case "forbidden":
			z.Forbidden = d.Count()
		case "internal_error":
			z.InternalError = d.Count()
		case "bad_gateway":
			z.BadGateway = d.Count()
		case "service_unavailable":
			z.ServiceUnavailable = d.Count()
		default:
			d.Skip()
		}
	}
}
