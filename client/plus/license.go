package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// License is the document /license.
type License struct {
	Evaluation  value.Value // 1 for a trial
	ActiveUntil value.Value // Unix seconds

	// Absent where usage is not reported.
	ReportingHealthy value.Value
	ReportingFails   value.Value // since the last report that went well
	ReportingGrace   value.Value // seconds until nginx stops serving
}

func (l *License) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "eval":
			l.Evaluation = d.Flag()
		case "active_till":
			l.ActiveUntil = d.Number()
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
			l.ReportingFails = d.Count()
		case "grace":
			l.ReportingGrace = d.Number()
		default:
			d.Skip()
		}
	}
}
