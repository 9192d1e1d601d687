package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

// Reason classifies a failed request. It is the label reason of
// nginx_exporter_scrape_errors_total.
type Reason string

// The reasons, in the order in which they can occur in a request.
const (
	ReasonDNS      Reason = "dns"       // the host name has no address
	ReasonRefused  Reason = "refused"   // nothing is listening on the address
	ReasonTimeout  Reason = "timeout"   // no complete response in time
	ReasonTLS      Reason = "tls"       // no trusted TLS connection
	ReasonNetwork  Reason = "network"   // any other failure of the connection, including malformed HTTP
	ReasonStatus   Reason = "status"    // an HTTP status other than 200
	ReasonTooLarge Reason = "too_large" // above the size limit of the document
	ReasonParse    Reason = "parse"     // not the expected document

	// ReasonCanceled is not a failure of nginx: the caller cancelled.
	ReasonCanceled Reason = "canceled"
)

// Reasons lists every reason that counts as a failure of the target.
func Reasons() []Reason {
	return []Reason{
		ReasonDNS, ReasonRefused, ReasonTimeout, ReasonTLS,
		ReasonNetwork, ReasonStatus, ReasonTooLarge, ReasonParse,
	}
}

// Error explains why a request failed. Its text contains no credentials and at
// most a few quoted bytes of a response.
type Error struct {
	Reason Reason
	Status int // the HTTP status, if that is the reason
	Advice string
	Err    error
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	if e.Status != 0 {
		return "nginx responded with HTTP status " + strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	}
	return clip(e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason of an [Error], and the closest reason for any
// other error.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return classify(err)
}

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
	case ReasonCanceled:
	}
	return ""
}

func adviceTLS(err error) string {
	var (
		record tls.RecordHeaderError
		host   x509.HostnameError
	)
	switch {
	case errors.As(err, &record):
		return "the port does not speak TLS; use http:// in the target"
	case errors.As(err, &host):
		return "the certificate is for another name; set tls_config.server_name in the configuration file"
	default:
		return "set the CA with --nginx.ssl-ca-cert, the client certificate that nginx requires with " +
			"--nginx.ssl-client-cert, or disable certificate verification with --no-nginx.ssl-verify (insecure)"
	}
}

func adviceNetwork(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return "the exporter has no permission to open the socket; check its owner and mode"
	case errors.Is(err, os.ErrNotExist):
		return "the socket does not exist; check its path, and that nginx runs"
	default:
		return "check that the port speaks HTTP; a listen with proxy_protocol needs --nginx.proxy-protocol"
	}
}

func adviceStatus(status int) string {
	switch {
	case status >= 300 && status < 400:
		return "redirects are not followed; use the final URL as the target"
	case status == http.StatusBadRequest:
		return "use https:// if the port expects TLS, --nginx.ssl-client-cert if nginx requires a client certificate, " +
			"and --nginx.proxy-protocol only if it listens with proxy_protocol"
	case status == http.StatusUnauthorized:
		return "nginx requires authentication; set credentials under http_client_config in the configuration file"
	case status == http.StatusForbidden:
		return "allow the address of the exporter in the stub_status location"
	case status == http.StatusNotFound:
		return "check the path of the target against the stub_status location"
	default:
		return "check the error log of nginx"
	}
}

// wrap converts any error of a request to an [Error].
func wrap(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{Reason: classify(err), Err: err}
}

func classify(err error) Reason {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return ReasonCanceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return ReasonTimeout
	case errors.As(err, &dns):
		return ReasonDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return ReasonRefused
	case isTLS(err):
		return ReasonTLS
	default:
		return ReasonNetwork
	}
}

func isTLS(err error) bool {
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		alert  tls.AlertError
		op     *net.OpError
	)
	if errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) {
		return true
	}
	// crypto/tls reports an alert of the server as such an OpError.
	if errors.As(err, &op) && op.Op == "remote error" {
		return true
	}
	// crypto/tls and prometheus/common have no error types for an unsupported
	// version or an unreadable certificate file.
	text := err.Error()
	return strings.HasPrefix(text, "tls: ") || strings.Contains(text, "client cert") ||
		strings.Contains(text, "client key") || strings.Contains(text, "CA cert")
}

const (
	maxErrorText = 240
	maxQuoted    = 64
)

// clip returns the text of an error for one log line: bounded, without control
// characters, and with at most a few bytes after a quotation mark, since they
// may be the body of a response.
func clip(err error) string {
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	// Prefixes that name internals of net/http.
	text = strings.TrimPrefix(text, "net/http: HTTP/1.x transport connection broken: ")
	text = strings.TrimPrefix(text, "readLoopPeekFailLocked: ")
	if i := strings.IndexByte(text, '"'); i >= 0 && len(text) > i+maxQuoted {
		text = text[:i+maxQuoted] + "..."
	}
	if len(text) > maxErrorText {
		text = text[:maxErrorText] + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// Quote returns the quoted beginning of a response, for one log line.
func Quote(body []byte) string {
	if len(body) > maxQuoted {
		return fmt.Sprintf("%q and more", body[:maxQuoted-16])
	}
	return strconv.Quote(string(body))
}
