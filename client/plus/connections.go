package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Connections is the document /connections, and a member of /workers.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_connections.
type Connections struct {
	Accepted value.Value
	Dropped  value.Value
	Active   value.Value // current, without idle ones
	Idle     value.Value // current
}

func (c *Connections) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "accepted":
			c.Accepted = d.Count()
		case "dropped":
			c.Dropped = d.Count()
		case "active":
			c.Active = d.Gauge()
		case "idle":
			c.Idle = d.Gauge()
		default:
			d.Skip()
		}
	}
}
