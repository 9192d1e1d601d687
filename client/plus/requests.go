package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Requests is the document /http/requests, and a member of /workers.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_requests.
type Requests struct {
	Total   value.Value
	Current value.Value // in progress
}

// Decode implements [Document].
func (r *Requests) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "total":
			r.Total = d.Count()
		case "current":
			r.Current = d.Gauge()
		default:
			d.Skip()
		}
	}
}
