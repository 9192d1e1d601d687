package status

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// certificate knows certificates and handshakes that one side does not take.
func (e *examiner) certificate(_ context.Context, s *sight) *doctor.Finding {
	if !s.target().TLS() {
		return nil
	}
	if f := e.shown(s); f != nil {
		return f
	}
	if s.look != nil {
		return nil
	}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(s.err, &unknown):
		return &doctor.Finding{
			Code: "certificate-untrusted", Message: "nobody who is trusted here has signed the certificate of nginx",
			Evidence: issuer(unknown.Cert),
			Fix:      []string{e.setting("--nginx.ssl-ca-cert=FILE", "http_client_config.tls_config.ca_file: FILE") + ", with the certificate of its CA, or its own if it signed itself"},
		}
	case errors.As(s.err, &name):
		f := &doctor.Finding{
			Code: "certificate-name", Message: "the certificate of nginx is not for " + short(s.target().Host()),
			Fix: []string{"ask for one of its names, or put it under http_client_config.tls_config.server_name in --config.file"},
		}
		if name.Certificate != nil {
			f.Evidence = []doctor.Evidence{{Name: "it is for", Value: names(name.Certificate)}}
		}
		return f
	case errors.As(s.err, &invalid) && invalid.Reason == x509.Expired:
		return expired(invalid.Cert)
	}
	return e.handshake(s)
}

// handshake knows handshakes that fail before or after the certificate of nginx.
func (e *examiner) handshake(s *sight) *doctor.Finding {
	text := s.err.Error()
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	}
	f := &doctor.Finding{}
	switch {
	case has("protocol version"):
		f.Code, f.Message = "tls-version", "nginx does not speak a version of TLS that the exporter does, 1.2 or 1.3"
		f.Fix = []string{"ssl_protocols TLSv1.2 TLSv1.3; in that server of nginx"}
	case has("unrecognized name"):
		f.Code, f.Message = "tls-name-rejected", "nginx has no server of that name for TLS, and rejects all others"
		f.Fix = []string{"ask for the server_name of the status server, or put it under http_client_config.tls_config.server_name in --config.file"}
	case has("certificate required"):
		return e.certificateRequired()
	case has("bad certificate", "unknown certificate", "expired certificate", "revoked certificate", "unsupported certificate"):
		return e.certificateRefused()
	default:
		return nil
	}
	return f
}

// shown knows what nginx says over HTTP of the certificate of the exporter.
func (e *examiner) shown(s *sight) *doctor.Finding {
	if s.status() != http.StatusBadRequest {
		return nil
	}
	switch body := s.body(); {
	case strings.Contains(body, "No required SSL certificate"):
		return e.certificateRequired()
	case strings.Contains(body, "SSL certificate error"):
		return e.certificateRefused()
	}
	return nil
}

func (e *examiner) certificateRequired() *doctor.Finding {
	return &doctor.Finding{
		Code: "certificate-required", Message: "nginx wants a client certificate, and the exporter shows none",
		Fix: []string{
			e.setting("--nginx.ssl-client-cert=FILE --nginx.ssl-client-key=FILE", "http_client_config.tls_config.cert_file and key_file"),
			"or, in that server of nginx, without: ssl_verify_client off;",
		},
	}
}

func (e *examiner) certificateRefused() *doctor.Finding {
	return &doctor.Finding{
		Code: "certificate-refused", Message: "nginx does not take the client certificate of the exporter",
		Fix: []string{"show one that the CA in ssl_client_certificate of nginx has signed, and that has not expired: " +
			e.setting("--nginx.ssl-client-cert, --nginx.ssl-client-key", "http_client_config.tls_config.cert_file and key_file")},
	}
}

func issuer(certificate *x509.Certificate) []doctor.Evidence {
	if certificate == nil {
		return nil
	}
	return []doctor.Evidence{
		{Name: "its subject", Value: short(certificate.Subject.String())},
		{Name: "its issuer", Value: short(certificate.Issuer.String())},
	}
}

func names(certificate *x509.Certificate) string {
	all := slices.Clone(certificate.DNSNames)
	for _, ip := range certificate.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name"
	}
	for i := range all {
		all[i] = short(all[i])
	}
	return list(all)
}

func expired(certificate *x509.Certificate) *doctor.Finding {
	f := &doctor.Finding{
		Code: "certificate-expired", Message: "the certificate of nginx has expired",
		Fix: []string{"renew it and reload nginx: nginx -s reload; if it was renewed, nginx has not been reloaded since"},
	}
	if certificate == nil {
		return f
	}
	if time.Now().Before(certificate.NotBefore) {
		f.Message, f.Fix = "the certificate of nginx is not valid yet", []string{"check the clocks of both machines"}
	}
	f.Evidence = []doctor.Evidence{{Name: "valid", Value: fmt.Sprintf("from %s until %s",
		certificate.NotBefore.UTC().Format(time.RFC3339), certificate.NotAfter.UTC().Format(time.RFC3339))}}
	return f
}

// wantsTLS reports whether nginx says that it got plain HTTP where it expects
// TLS.
func (s *sight) wantsTLS() bool {
	return s.look != nil && (s.look.Status == http.StatusBadRequest && strings.Contains(s.body(), "plain HTTP request was sent to HTTPS port"))
}

// scheme knows targets with http where it must be https, and the other way
// round.
func (e *examiner) scheme(ctx context.Context, s *sight) *doctor.Finding {
	if s.target().Socket() != "" || s.look != nil && !s.wantsTLS() {
		return nil
	}
	if s.reason() == client.ReasonTimeout {
		return nil // neither of the two is silent
	}
	scheme := "https"
	if s.target().TLS() {
		scheme = "http"
	}
	o, ok := e.with(s, s.uri(scheme, s.target().Host()))
	if !ok {
		return nil
	}
	other := ask(ctx, o, mostForTrial)
	if !other.healthy() && (other.look == nil && !certified(other.err) || other.wantsTLS() || other.status() == http.StatusBadRequest && s.options.ProxyProtocol) {
		return nil
	}
	f := &doctor.Finding{
		Code: "tls-expected", Message: "nginx speaks TLS there, and the exporter does not",
		Evidence: []doctor.Evidence{other.tried("https")},
		Fix:      e.settings(&o),
	}
	if s.target().TLS() {
		f.Code, f.Message = "tls-not-spoken", "nginx does not speak TLS there, and the exporter does"
		f.Evidence[0] = other.tried("http")
	}
	if certified(other.err) {
		f.Fix = append(f.Fix, "and "+e.setting("--nginx.ssl-ca-cert=FILE", "http_client_config.tls_config.ca_file: FILE")+", with the certificate of its CA")
	}
	return f
}

// certified reports whether an error is about a certificate: TLS is spoken.
func certified(err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	return errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid)
}
