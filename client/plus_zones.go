package client

import "nginx-exporter/client/value"

// PlusServerZone is one zone of /http/server_zones or /http/location_zones.
type PlusServerZone struct {
	Name       string
	Processing value.Value // requests now; location zones have none
	Requests   value.Value
	Responses  PlusResponses
	Discarded  value.Value // requests that ended without an answer
	Received   value.Value // bytes
	Sent       value.Value // bytes
	TLS        *PlusTLS    // nil where nobody speaks TLS
}

// PlusServerZones are the documents /http/server_zones and
// /http/location_zones.
type PlusServerZones = PlusZones[PlusServerZone, *PlusServerZone]

func (z *PlusServerZone) named(name string) { z.Name = name }

func (z *PlusServerZone) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "processing":
			z.Processing = s.number()
		case "requests":
			z.Requests = s.count()
		case "responses":
			z.Responses.decode(s)
		case "discarded":
			z.Discarded = s.count()
		case "received":
			z.Received = s.count()
		case "sent":
			z.Sent = s.count()
		case "ssl":
			z.TLS = optionalTLS(s)
		default:
			s.skip()
		}
	}
}

// PlusStreamZone is one zone of /stream/server_zones.
type PlusStreamZone struct {
	Name        string
	Processing  value.Value // connections now
	Connections value.Value
	Success     value.Value // sessions that ended with status 2xx
	ClientError value.Value // with 4xx
	ServerError value.Value // with 5xx
	Discarded   value.Value // connections that ended without a session
	Received    value.Value // bytes
	Sent        value.Value // bytes
	TLS         *PlusTLS
}

// PlusStreamZones is the document /stream/server_zones.
type PlusStreamZones = PlusZones[PlusStreamZone, *PlusStreamZone]

func (z *PlusStreamZone) named(name string) { z.Name = name }

func (z *PlusStreamZone) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "processing":
			z.Processing = s.number()
		case "connections":
			z.Connections = s.count()
		case "sessions":
			z.decodeSessions(s)
		case "discarded":
			z.Discarded = s.count()
		case "received":
			z.Received = s.count()
		case "sent":
			z.Sent = s.count()
		case "ssl":
			z.TLS = optionalTLS(s)
		default:
			s.skip()
		}
	}
}

func (z *PlusStreamZone) decodeSessions(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "2xx":
			z.Success = s.count()
		case "4xx":
			z.ClientError = s.count()
		case "5xx":
			z.ServerError = s.count()
		default:
			s.skip()
		}
	}
}
