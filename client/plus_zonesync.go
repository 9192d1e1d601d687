package client

import "nginx-exporter/client/value"

// PlusZoneSync is the document /stream/zone_sync.
type PlusZoneSync struct {
	BytesIn, BytesOut       value.Value
	MessagesIn, MessagesOut value.Value
	NodesOnline             value.Value // other nodes that are connected now
	Zones                   PlusZones[PlusSyncZone, *PlusSyncZone]
}

// PlusSyncZone is one zone that is shared between nodes.
type PlusSyncZone struct {
	Name           string
	RecordsPending value.Value // to be sent
	RecordsTotal   value.Value // in the zone now
}

func (z *PlusZoneSync) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "status":
			z.decodeStatus(s)
		case "zones":
			z.Zones.decode(s)
		default:
			s.skip()
		}
	}
}

func (z *PlusZoneSync) decodeStatus(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "bytes_in":
			z.BytesIn = s.count()
		case "bytes_out":
			z.BytesOut = s.count()
		case "msgs_in":
			z.MessagesIn = s.count()
		case "msgs_out":
			z.MessagesOut = s.count()
		case "nodes_online":
			z.NodesOnline = s.number()
		default:
			s.skip()
		}
	}
}

func (z *PlusSyncZone) named(name string) { z.Name = name }

func (z *PlusSyncZone) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "records_pending":
			z.RecordsPending = s.number()
		case "records_total":
			z.RecordsTotal = s.number()
		default:
			s.skip()
		}
	}
}
