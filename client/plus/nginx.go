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
	Generation    value.Value // number of configuration loads
	LoadTimestamp value.Value // Unix seconds of the last configuration load
	Timestamp     value.Value // Unix seconds on the clock of nginx
	MasterPID     value.Value
}

// Decode implements [Document].
func (n *Nginx) Decode(d *document.Reader) {
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
			n.MasterPID = d.Gauge()
		default:
			d.Skip()
		}
	}
}
