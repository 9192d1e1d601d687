package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Processes is the document /processes.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_processes.
type Processes struct {
	Respawned value.Value // abnormally terminated and respawned processes
}

// Decode implements [Document].
func (p *Processes) Decode(d *document.Reader) {
	for name := range d.Members() {
		if string(name) == "respawned" {
			p.Respawned = d.Count()
		} else {
			d.Skip()
		}
	}
}
