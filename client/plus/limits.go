package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Limit is one zone of /http/limit_reqs, /http/limit_conns or
// /stream/limit_conns. Zones that limit connections do not delay.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_limit_req_zone and
// https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_limit_conn_zone.
type Limit struct {
	Name           string
	Passed         value.Value
	Delayed        value.Value
	Rejected       value.Value
	DelayedDryRun  value.Value // would have been delayed
	RejectedDryRun value.Value // would have been rejected
}

// Limits are the documents /http/limit_reqs, /http/limit_conns and
// /stream/limit_conns.
type Limits = api.List[Limit, *Limit]

// SetName sets the name.
func (l *Limit) SetName(name string) { l.Name = name }

// Decode implements [Document].
func (l *Limit) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "passed":
			l.Passed = d.Count()
		case "delayed":
			l.Delayed = d.Count()
		case "rejected":
			l.Rejected = d.Count()
		case "delayed_dry_run":
			l.DelayedDryRun = d.Count()
		case "rejected_dry_run":
			l.RejectedDryRun = d.Count()
		default:
			d.Skip()
		}
	}
}
