package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// License is the document /license.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_license_object.
type License struct {
	Evaluation  value.Value // 1 for an evaluation license
	ActiveUntil value.Value // Unix seconds; absent if nginx sends 0, which it does without a license

	// Absent if usage reporting is off.
	ReportingHealthy value.Value
	ReportingFails   value.Value // failed reports since the last successful one
	ReportingGrace   value.Value // seconds until nginx stops processing traffic
}

// Decode implements [Document].
func (l *License) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "eval":
			l.Evaluation = d.Flag()
		case "active_till":
			if l.ActiveUntil = d.Gauge(); l.ActiveUntil.Float() == 0 {
				l.ActiveUntil = value.Value{}
			}
		case "reporting":
			l.decodeReporting(d)
		default:
			d.Skip()
		}
	}
}

func (l *License) decodeReporting(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "healthy":
			l.ReportingHealthy = d.Flag()
		case "fails":
			l.ReportingFails = d.Gauge()
		case "grace":
			l.ReportingGrace = d.Gauge()
		default:
			d.Skip()
		}
	}
}
