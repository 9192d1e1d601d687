package client

import "nginx-exporter/client/value"

// PlusLicense is the document /license.
type PlusLicense struct {
	Evaluation  value.Value // 1 for a trial
	ActiveUntil value.Value // Unix seconds

	// Absent where usage is not reported.
	ReportingHealthy value.Value
	ReportingFails   value.Value // since the last report that went well
	ReportingGrace   value.Value // seconds until nginx stops serving
}

func (l *PlusLicense) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "eval":
			l.Evaluation = s.flag()
		case "active_till":
			l.ActiveUntil = s.number()
		case "reporting":
			l.decodeReporting(s)
		default:
			s.skip()
		}
	}
}

func (l *PlusLicense) decodeReporting(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "healthy":
			l.ReportingHealthy = s.flag()
		case "fails":
			l.ReportingFails = s.count()
		case "grace":
			l.ReportingGrace = s.number()
		default:
			s.skip()
		}
	}
}
