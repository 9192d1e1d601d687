package status

import (
	"slices"
	"strings"

	"nginx-exporter/internal/doctor"
)

// check recognizes one cause: find returns nil if the observation does not show
// it.
type check struct {
	code doctor.Code
	find func(*observation) *doctor.Finding
}

// checks are in the order in which a request runs into the causes. The first one
// that finds its cause decides; if none does, the symptom is reported.
func checks() []check {
	return []check{
		{"exporter-itself", (*observation).exporterItself},
		{"exporter-other", (*observation).exporterOther},

		{"name-unknown", (*observation).nameUnknown},
		{"socket-denied", (*observation).socketDenied},
		{"socket-other", (*observation).socketOther},
		{"nginx-unreachable", (*observation).nginxUnreachable},

		{"certificate-required", (*observation).certificateRequired},
		{"certificate-refused", (*observation).certificateRefused},
		{"certificate-untrusted", (*observation).certificateUntrusted},
		{"certificate-name", (*observation).certificateName},
		{"certificate-expired", (*observation).certificateExpired},
		{"tls-version", (*observation).tlsVersion},
		{"tls-name-rejected", (*observation).tlsNameRejected},
		{"tls-expected", (*observation).tlsExpected},
		{"tls-not-spoken", (*observation).tlsNotSpoken},

		{"proxy-protocol-expected", (*observation).proxyProtocolExpected},
		{"proxy-protocol-unexpected", (*observation).proxyProtocolUnexpected},
		{"nginx-slow", (*observation).nginxSlow},
		{"nginx-hangs", (*observation).nginxHangs},
		{"http2-only", (*observation).http2Only},

		{"host-header", (*observation).hostHeader},
		{"connection-closed", (*observation).connectionClosed},
		{"stub-status-found", (*observation).stubStatusFound},
		{"plus-found", (*observation).plusFound},
		{"plus-path", (*observation).plusPath},
		{"login-required", (*observation).loginRequired},
		{"login-refused", (*observation).loginRefused},
		{"status-redirect", (*observation).statusRedirect},
		{"status-denied", (*observation).statusDenied},
		{"status-unreadable", (*observation).statusUnreadable},

		// There is no status page at the target. It is somewhere else,
		{"listen-address", (*observation).listenAddress},
		{"status-elsewhere", (*observation).statusElsewhere},
		// or this machine shows why there is none.
		{"module-missing", (*observation).moduleMissing},
		{"nginx-config-broken", (*observation).nginxConfigBroken},
		{"listen-shadowed", (*observation).listenShadowed},
		{"host-header", (*observation).otherServerName},
		{"nginx-not-reloaded", (*observation).nginxNotReloaded},
		{"status-not-configured", (*observation).statusNotConfigured},
		{"pod-network", (*observation).podNetwork},
	}
}

// diagnose returns the cause why the target cannot be read.
func (o *observation) diagnose() doctor.Finding {
	for _, c := range checks() {
		if found := c.find(o); found != nil {
			found.Code = c.code
			return *found
		}
		if o.ctx.Err() != nil { // a trial that was cut short shows nothing
			s := o.describeUnknown()
			limit := doctor.Evidence{Name: "time limit", Value: maxTime.String() + ", reached before all checks were done"}
			return doctor.Finding{Code: s.code, Message: s.problem + ".", Evidence: append(s.evidence, limit), Fix: s.fix}
		}
	}
	return o.onlySymptom()
}

func (o *observation) errorEvidence() doctor.Evidence {
	return doctor.Evidence{Name: "exporter error", Value: errorText(o.err)}
}

// warnings returns what is unusual about a target that can be read.
func (o *observation) warnings() []doctor.Finding {
	if o.stub == nil {
		return nil
	}
	var found []doctor.Finding
	if columns := extraColumns(o.body()); len(columns) > 0 {
		found = append(found, doctor.Finding{
			Code: "status-columns", Message: "The page has columns that nginx itself does not have; they are ignored: " + truncate(strings.Join(columns, ", ")) + ".",
			Fix: []string{"no action needed: values are read by column name"},
		})
	}
	if o.stub.Invalid() > 0 {
		found = append(found, doctor.Finding{
			Code: "status-wrapped", Message: "nginx printed a negative value as a huge number; that value is omitted.",
			Fix: []string{"no action needed: one of the next scrapes has the value again"},
		})
	}
	return found
}

// extraColumns lists the column names that nginx itself does not have.
func extraColumns(page string) []string {
	for line := range strings.Lines(page) {
		if names := strings.Fields(line); len(names) > 1 && names[0] == "server" {
			return slices.DeleteFunc(names[1:], func(name string) bool {
				return slices.Contains([]string{"accepts", "handled", "requests"}, name)
			})
		}
	}
	return nil
}
