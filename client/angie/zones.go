package angie

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// ServerZone is one zone of http/server_zones or http/location_zones.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-server-zones and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-location-zones.
type ServerZone struct {
	Name       string
	Requests   value.Value
	Processing value.Value // current requests; absent for location zones
	Discarded  value.Value // requests completed without a response
	Responses  []api.Code
	Data       Data
	TLS        *TLS // nil without TLS, and for location zones
}

// ServerZones are the parts http/server_zones and http/location_zones.
type ServerZones = api.List[ServerZone, *ServerZone]

// SetName sets the name.
func (z *ServerZone) SetName(name string) { z.Name = name }

// Decode implements [Part].
func (z *ServerZone) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "ssl":
			z.TLS = decodeTLS(d)
		case "requests":
			z.decodeRequests(d)
		case "responses":
			z.Responses = api.DecodeCodes(d, z.Responses)
		case "data":
			z.Data.decode(d)
		default:
			d.Skip()
		}
	}
}

func (z *ServerZone) decodeRequests(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "total":
			z.Requests = d.Count()
		case "processing":
			z.Processing = d.Gauge()
		case "discarded":
			z.Discarded = d.Count()
		default:
			d.Skip()
		}
	}
}

// Data counts bytes.
type Data struct {
	Received value.Value
	Sent     value.Value
}

func (z *Data) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "received":
			z.Received = d.Count()
		case "sent":
			z.Sent = d.Count()
		default:
			d.Skip()
		}
	}
}

// TLS counts the handshakes of a zone with clients.
type TLS struct {
	Handshaked value.Value // successful ones
	Reuses     value.Value // session reuses
	TimedOut   value.Value
	Failed     value.Value
}

func decodeTLS(d *document.Reader) *TLS {
	t := &TLS{}
	for name := range d.Members() {
		switch string(name) {
		case "handshaked":
			t.Handshaked = d.Count()
		case "reuses":
			t.Reuses = d.Count()
		case "timedout":
			t.TimedOut = d.Count()
		case "failed":
			t.Failed = d.Count()
		default:
			d.Skip()
		}
	}
	return t
}
