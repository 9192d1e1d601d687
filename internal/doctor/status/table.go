package status

import (
	"slices"

	"nginx-exporter/internal/doctor"
)

// cause is a row of the table. docs/troubleshooting.md describes each.
type cause struct {
	code doctor.Code
	// judge returns nil if the observation does not show the cause.
	judge func(*observation) *doctor.Finding
}

// table has the causes in the order in which a request runs into them. The first judge that
// finds its cause decides; if none does, the symptom is reported.
func table() []cause { return slices.Concat(requestCauses(), pageCauses()) }

// Codes lists the causes that "nginx-exporter doctor" finds. Some are found in several ways,
// and listed as often.
func Codes() []doctor.Code {
	all := []doctor.Code{
		"config-invalid", "no-targets", // found before a request
		"socket-missing", "socket-stale", "nginx-refused", "not-http", "nginx-error", "status-path", "status-empty", "status-html", "status-other", unknownSymptom, // see describe
		"plus-document", "angie-failed", "status-columns", "status-wrapped", // warnings about targets that work
	}
	for _, c := range table() {
		all = append(all, c.code)
	}
	for _, c := range logCauses() {
		all = append(all, c.code)
	}
	return all
}

// requestCauses are found by the request alone, up to a response of nginx.
func requestCauses() []cause {
	return []cause{
		// responses that are not from nginx
		{"exporter-itself", (*observation).exporterItself},
		{"exporter-other", (*observation).exporterOther},
		// connection
		{"name-unknown", (*observation).nameUnknown},
		{"socket-denied", (*observation).socketDenied},
		{"socket-other", (*observation).socketOther},
		{"nginx-unreachable", (*observation).nginxUnreachable},
		// TLS
		{"certificate-required", (*observation).certificateRequired},
		{"certificate-refused", (*observation).certificateRefused},
		{"certificate-untrusted", (*observation).certificateUntrusted},
		{"certificate-name", (*observation).certificateName},
		{"certificate-expired", (*observation).certificateExpired},
		{"tls-version", (*observation).tlsVersion},
		{"tls-name-rejected", (*observation).tlsNameRejected},
		{"tls-expected", (*observation).tlsExpected},
		{"tls-not-spoken", (*observation).tlsNotSpoken},
		// HTTP, from the right server
		{"worker-connections", (*observation).noConnections},
		{"proxy-protocol-expected", (*observation).proxyProtocolExpected},
		{"proxy-protocol-unexpected", (*observation).proxyProtocolUnexpected},
		{"nginx-slow", (*observation).nginxSlow},
		{"nginx-hangs", (*observation).nginxHangs},
		{"http2-only", (*observation).http2Only},
		{"status-limited", (*observation).statusLimited},
		{"host-header", (*observation).hostHeader},
		{"connection-closed", (*observation).connectionClosed},
	}
}

// pageCauses are found by the page in the response, or without a status page.
func pageCauses() []cause {
	return []cause{
		// status pages that the exporter does not read
		{"vts-page", (*observation).vtsPage},
		{"plus-old-status", (*observation).plusOldStatus},
		{"php-fpm-page", (*observation).phpFPMPage},
		{"unit-api", (*observation).unitAPI},
		// responses that show the cause
		{"stub-status-found", (*observation).stubStatusFound},
		{"plus-found", (*observation).plusFound},
		{"vts-found", (*observation).vtsFound},
		{"angie-found", (*observation).angieFound},
		{"angie-part", (*observation).angiePart},
		{"plus-path", (*observation).plusPath},
		{"login-required", (*observation).loginRequired},
		{"login-refused", (*observation).loginRefused},
		{"status-redirect", (*observation).statusRedirect},
		{"status-denied", (*observation).statusDenied},
		{"status-unreadable", (*observation).statusUnreadable},
		// no status page at the target: it is somewhere else, or this machine shows why there is none
		{"listen-address", (*observation).listenAddress},
		{"status-elsewhere", (*observation).statusElsewhere},
		{"module-missing", (*observation).moduleMissing},
		{"vts-module-missing", (*observation).vtsModuleMissing},
		{"nginx-config-broken", (*observation).nginxConfigBroken},
		{"nginx-not-running", (*observation).nginxNotRunning},
		{"listen-shadowed", (*observation).listenShadowed},
		{"host-header", (*observation).otherServerName},
		{"nginx-not-reloaded", (*observation).nginxNotReloaded},
		{"status-not-configured", (*observation).statusNotConfigured},
		{"pod-network", (*observation).podNetwork},
	}
}
