package client

import (
	"bytes"
	"context"
	"crypto/tls"
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
	ReasonFile     Reason = "file"      // a file or socket of the exporter's host cannot be read, such as an access log

	// ReasonCanceled is not a failure of nginx: the caller cancelled.
	ReasonCanceled Reason = "canceled"
)

// Reasons lists every reason that counts as a failure of the target.
func Reasons() []Reason {
	return []Reason{
		ReasonDNS, ReasonRefused, ReasonTimeout, ReasonTLS,
		ReasonNetwork, ReasonStatus, ReasonTooLarge, ReasonParse, ReasonFile,
	}
}

// Error explains why a request failed. Its text contains no credentials and at
// most a few quoted bytes of a response.
type Error struct {
	Reason Reason
	Status int // the HTTP status, if that is the reason
	Advice string
	Err    error

	// Body is the beginning of a response that is not the expected document, at
	// most 1 KiB, by which another protocol may recognize it. It is not part of the
	// text.
	Body []byte
}

// maxBeginning bounds Body: a target that fails keeps its last error.
const maxBeginning = 1 << 10

// Unexpected returns the error of a response that is not the expected document.
// Without advice it has that of [ReasonParse].
func Unexpected(body []byte, err error, advice string) *Error {
	return &Error{Reason: ReasonParse, Err: err, Advice: advice, Body: beginning(body)}
}

// WithBody adds the beginning of the response to an [Error], so that another
// protocol may recognize it, and returns the error. Other errors stay unchanged.
func WithBody(err error, body []byte) error {
	var e *Error
	if errors.As(err, &e) {
		e.Body = beginning(body)
	}
	return err
}

func beginning(body []byte) []byte { return bytes.Clone(body[:min(len(body), maxBeginning)]) }

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
