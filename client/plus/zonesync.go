package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// ZoneSync is the document /stream/zone_sync.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_stream_zone_sync.
type ZoneSync struct {
	BytesIn, BytesOut       value.Value
	MessagesIn, MessagesOut value.Value
	NodesOnline             value.Value // other nodes currently connected
	Zones                   api.List[SyncZone, *SyncZone]
}

// SyncZone is one zone synchronized between nodes.
type SyncZone struct {
	Name           string
	RecordsPending value.Value // not yet sent
	RecordsTotal   value.Value // in the zone
}

// Decode implements [Document].
func (z *ZoneSync) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "status":
			z.decodeStatus(d)
		case "zones":
			z.Zones.Decode(d)
		default:
			d.Skip()
		}
	}
}

func (z *ZoneSync) decodeStatus(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "bytes_in":
			z.BytesIn = d.Count()
		case "bytes_out":
			z.BytesOut = d.Count()
		case "msgs_in":
			z.MessagesIn = d.Count()
		case "msgs_out":
			z.MessagesOut = d.Count()
		case "nodes_online":
			z.NodesOnline = d.Gauge()
		default:
			d.Skip()
		}
	}
}

// SetName sets the name.
func (z *SyncZone) SetName(name string) { z.Name = name }

// Decode implements [Document].
func (z *SyncZone) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "records_pending":
			z.RecordsPending = d.Gauge()
		case "records_total":
			z.RecordsTotal = d.Gauge()
		default:
			d.Skip()
		}
	}
}
