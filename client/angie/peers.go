package angie

import (
	"slices"

	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Peer is one server of an upstream.
type Peer struct {
	Upstream *Upstream
	Name     string // address
	Server   string // in the configuration
	Service  string // of the SRV record, empty if none
	SID      string // identifier for sticky sessions
	State    State

	Backup   value.Value // 1 for a backup server
	Weight   value.Value
	MaxConns value.Value // absent without a limit

	Current      value.Value // requests or sessions in progress
	Selected     value.Value // times the server was selected
	LastSelected value.Value // Unix seconds; absent until the server is selected

	Responses []api.Code // http only
	Data      Data

	Fails       value.Value // failed attempts
	Unavailable value.Value // times the server became unavailable because of failed attempts
	Downtime    value.Value // milliseconds
	DownSince   value.Value // Unix seconds; absent while the server is available

	// Averages in milliseconds.
	HeaderTime    value.Value // http only
	ResponseTime  value.Value // http only
	ConnectTime   value.Value // stream only
	FirstByteTime value.Value // stream only
	LastByteTime  value.Value // stream only

	// Angie PRO: health probes.
	Probes     value.Value
	ProbeFails value.Value
	ProbeTime  value.Value // Unix seconds of the last one
}

// decode reads one server. The server before it usually has the same status codes.
func (p *Peer) decode(d *document.Reader, before *Peer) {
	for name := range d.Members() {
		switch string(name) {
		case "server":
			p.Server = d.Text()
		case "service":
			p.Service = d.Text()
		case "sid":
			p.SID = d.Text()
		case "state":
			p.State = decodeState(d)
		case "backup":
			p.Backup = d.Flag()
		case "weight":
			p.Weight = d.Gauge()
		case "max_conns":
			p.MaxConns = d.Gauge()
		case "selected":
			p.decodeSelected(d)
		case "responses":
			p.Responses = api.DecodeCodes(d, before.Responses)
		case "data":
			p.Data.decode(d)
		case "health":
			p.decodeHealth(d)
		default:
			d.Skip()
		}
	}
}

func (p *Peer) decodeSelected(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "current":
			p.Current = d.Gauge()
		case "total":
			p.Selected = d.Count()
		case "last":
			p.LastSelected = when(d)
		default:
			d.Skip()
		}
	}
}

func (p *Peer) decodeHealth(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "fails":
			p.Fails = d.Count()
		case "unavailable":
			p.Unavailable = d.Count()
		case "downtime":
			p.Downtime = d.Count()
		case "downstart":
			p.DownSince = when(d)
		case "header_time":
			p.HeaderTime = d.Gauge()
		case "response_time":
			p.ResponseTime = d.Gauge()
		case "connect_time":
			p.ConnectTime = d.Gauge()
		case "first_byte_time":
			p.FirstByteTime = d.Gauge()
		case "last_byte_time":
			p.LastByteTime = d.Gauge()
		case "probes":
			p.decodeProbes(d)
		default:
			d.Skip()
		}
	}
}

func (p *Peer) decodeProbes(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "count":
			p.Probes = d.Count()
		case "fails":
			p.ProbeFails = d.Count()
		case "last":
			p.ProbeTime = when(d)
		default:
			d.Skip()
		}
	}
}

// decodeState reads the name of a state. Other names are unknown.
func decodeState(d *document.Reader) State {
	return State(max(0, slices.Index(States(), d.Text()))) // nine states
}
