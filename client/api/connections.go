package api

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Connections counts the connections of clients.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_connections and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#connections.
type Connections struct {
	Accepted value.Value
	Dropped  value.Value
	Active   value.Value // current, without idle ones
	Idle     value.Value // current
}

// Decode reads the connections, which are the next value of d.
func (c *Connections) Decode(d *document.Reader) {
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
