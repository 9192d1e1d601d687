package plus

import (
	"slices"
	"unsafe"

	"nginx-exporter/client/document"
)

// decode reads one server. The bounds of its histogram share the memory of the
// given ones if they are equal.
func (p *Peer) decode(d *document.Reader, bounds []float64) {
	for name := range d.Members() {
		switch string(name) {
		case "id":
			p.ID = identifier(d)
		case "server":
			p.Server = d.Text()
		case "service":
			p.Service = d.Text()
		case "name":
			p.Name = d.Text()
		case "backup":
			p.Backup = d.Flag()
		case "weight":
			p.Weight = d.Gauge()
		case "state":
			p.State = decodeState(d)
		case "active":
			p.Active = d.Gauge()
		case "ssl":
			p.TLS = optionalTLS(d)
		case "max_conns":
			p.MaxConns = d.Gauge()
		case "responses":
			p.Responses.decode(d)
		case "health_checks":
			p.decodeChecks(d)
		case "response_time_hist":
			p.ResponseTimes = new(Histogram)
			d.Charge(int(unsafe.Sizeof(*p.ResponseTimes)))
			p.ResponseTimes.decode(d, bounds)
		case "downstart":
			p.DownSince = d.Time()
		case "selected":
			p.LastSelected = d.Time()
		default:
			p.decodeUse(string(name), d)
		}
	}
}

// decodeUse reads the counters and times of requests and connections.
func (p *Peer) decodeUse(name string, d *document.Reader) {
	switch name {
	case "requests":
		p.Requests = d.Count()
	case "connections":
		p.Connections = d.Count()
	case "connect_time":
		p.ConnectTime = d.Gauge()
	case "first_byte_time":
		p.FirstByteTime = d.Gauge()
	case "header_time":
		p.HeaderTime = d.Gauge()
	case "response_time":
		p.ResponseTime = d.Gauge()
	case "sent":
		p.Sent = d.Count()
	case "received":
		p.Received = d.Count()
	case "fails":
		p.Fails = d.Count()
	case "unavail":
		p.Unavail = d.Count()
	case "downtime":
		p.Downtime = d.Count()
	default:
		d.Skip()
	}
}

func (p *Peer) decodeChecks(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "checks":
			p.Checks = d.Count()
		case "fails":
			p.CheckFails = d.Count()
		case "unhealthy":
			p.Unhealthy = d.Count()
		case "last_passed":
			p.LastPassed = d.Flag()
		default:
			d.Skip()
		}
	}
}

// decodeState reads the name of a state. Other names are unknown.
func decodeState(d *document.Reader) State {
	name := d.Text()
	if i := slices.Index(States(), name); i > 0 {
		return State(i) // seven states
	}
	return StateUnknown
}
