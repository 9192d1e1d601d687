package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
)

// AdviceOf returns what an operator can do about the error, in one sentence, or
// an empty string.
func AdviceOf(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	if e.Advice != "" {
		return e.Advice
	}
	switch e.Reason {
	case ReasonDNS:
		return "check the host name in the target"
	case ReasonRefused:
		return "check that nginx runs and listens on this address; in a pod 127.0.0.1 is shared by all its containers"
	case ReasonTimeout:
		return "nginx did not respond within the timeout; check its load, and --nginx.timeout"
	case ReasonTLS:
		return adviceTLS(e.Err)
	case ReasonNetwork:
		return adviceNetwork(e.Err)
	case ReasonStatus:
		return adviceStatus(e.Status)
	case ReasonTooLarge, ReasonParse:
		return "check that the path of the target is a location with stub_status in nginx"
	case ReasonFile, ReasonCanceled: // the error has it
	}
	return ""
}

// adviceCA is for a certificate of nginx that is not trusted.
const adviceCA = "set --nginx.ssl-ca-cert to the CA of nginx, or disable certificate verification with --no-nginx.ssl-verify (insecure)"

func adviceTLS(err error) string {
	var (
		record  tls.RecordHeaderError
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &record):
		return "the port does not speak TLS; use http:// in the target"
	case errors.As(err, &host):
		return "the certificate is for another name; set --nginx.ssl-server-name (tls_config.server_name in the configuration file)"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the certificate of nginx and reload nginx, or correct the clocks"
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return adviceCA
	default:
		return adviceAlert(err.Error())
	}
}

// adviceAlert is for errors that crypto/tls has no types for: alerts of the
// other side, and versions that the exporter does not support.
func adviceAlert(text string) string {
	const clientCertificate = "set --nginx.ssl-client-cert and --nginx.ssl-client-key to a client certificate that nginx trusts"
	for _, known := range []struct{ part, advice string }{
		{"unrecognized name", "nginx has no TLS server with this name; set --nginx.ssl-server-name (tls_config.server_name in the configuration file) to its server_name"},
		{"protocol version", "enable TLS 1.2 or 1.3 in nginx: ssl_protocols TLSv1.2 TLSv1.3"},
		{"certificate required", clientCertificate},
		{"bad certificate", clientCertificate},
		{"unknown certificate", clientCertificate},
		{"client cert", clientCertificate},
		{"client key", clientCertificate},
		{"CA cert", adviceCA},
		{"x509: ", adviceCA},
	} {
		if strings.Contains(text, known.part) {
			return known.advice
		}
	}
	return "check the error log of nginx, its ssl_protocols and ssl_ciphers; set --nginx.ssl-client-cert and --nginx.ssl-client-key " +
		"if nginx requires a client certificate"
}

func adviceNetwork(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return "the exporter has no permission to open the socket; check its owner and mode"
	case errors.Is(err, os.ErrNotExist):
		return "the socket does not exist; check its path, and that nginx is running"
	case errors.Is(err, errReading):
		return "the connection failed during the response; check the error log of nginx"
	case IsHTTP2(err):
		return "the port accepts only HTTP/2; remove http2 from the listen directives of this address, or use another port"
	case IsClosed(err):
		return "nginx closed the connection; check its error log, raise worker_connections if they are not enough, " +
			"and set --nginx.proxy-protocol if the listen directive has proxy_protocol"
	default:
		return "check that the port of the target is an HTTP server of nginx"
	}
}

// IsHTTP2 reports whether the response is a SETTINGS frame of HTTP/2, as nginx
// before 1.25.1 sends it on a port with http2 and without TLS.
//
// See https://www.rfc-editor.org/rfc/rfc9113.html#section-6.5.
func IsHTTP2(err error) bool {
	const (
		malformed = `malformed HTTP response "\x00\x00` // the length is below 256
		settings  = `\x04\x00\x00\x00\x00\x00`          // type, flags, stream
	)
	_, frame, found := strings.Cut(err.Error(), malformed)
	return found && strings.Contains(frame[:min(len(frame), len(settings)+4)], settings)
}

func adviceStatus(status int) string {
	switch {
	case status >= 300 && status < 400:
		return "redirects are not followed; use the final URL as the target"
	case status == http.StatusBadRequest:
		return "use https:// if the port expects TLS, --nginx.ssl-client-cert if nginx requires a client certificate, " +
			"and --nginx.proxy-protocol only if the listen directive has proxy_protocol"
	case status == http.StatusUnauthorized:
		return "nginx requires authentication; set credentials under http_client_config in the configuration file"
	case status == http.StatusForbidden:
		return "allow the address of the exporter in the stub_status location"
	case status == http.StatusNotFound:
		return "check the path of the target against the stub_status location"
	case status == http.StatusTooManyRequests:
		return "exempt the status location from limit_req and limit_conn"
	case status == http.StatusServiceUnavailable:
		return "exempt the status location from limit_req and limit_conn; if nginx does not limit it, check its error log"
	default:
		return "check the error log of nginx"
	}
}
