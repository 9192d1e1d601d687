package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Nginx is the document /nginx.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_object.
type Nginx struct {
	Version       string      // of nginx
	Build         string      // of NGINX Plus
	Generation    value.Value // how often the configuration was loaded
	LoadTimestamp value.Value // Unix seconds of the last load
	Timestamp     value.Value // Unix seconds, by the clock of nginx
	MasterPID     value.Value
}

func (n *Nginx) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "version":
			n.Version = d.Text()
		case "build":
			n.Build = d.Text()
		case "generation":
			n.Generation = d.Count()
		case "load_timestamp":
			n.LoadTimestamp = d.Time()
		case "timestamp":
			n.Timestamp = d.Time()
		case "ppid":
			n.MasterPID = d.Count()
		default:
			d.Skip()
		}
	}
}

// Processes is the document /processes.
type Processes struct {
	Respawned value.Value // processes that died abnormally and were started again
}

func (p *Processes) decode(d *document.Reader) {
	for name := range d.Members() {
		if string(name) == "respawned" {
			p.Respawned = d.Count()
		} else {
			d.Skip()
		}
	}
}

// Connections is the document /connections, and a member of /workers.
type Connections struct {
	Accepted value.Value
	Dropped  value.Value
	Active   value.Value // now, idle ones left out
	Idle     value.Value // now
}

func (c *Connections) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "accepted":
			c.Accepted = d.Count()
		case "dropped":
			c.Dropped = d.Count()
		case "active":
			c.Active = d.Number()
		case "idle":
			c.Idle = d.Number()
		default:
			d.Skip()
		}
	}
}

// Requests is the document /http/requests, and a member of /workers.
type Requests struct {
	Total   value.Value
	Current value.Value // in progress now
}

func (r *Requests) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "total":
			r.Total = d.Count()
		case "current":
			r.Current = d.Number()
		default:
			d.Skip()
		}
	}
}
