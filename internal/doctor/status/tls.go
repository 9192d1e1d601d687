package status

import (
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

// tlsError reports whether the TLS connection failed with one of these texts, or
// nginx responds with one of them, as it does for client certificates.
func (o *observation) tlsError(texts ...string) bool {
	if !o.target().TLS() {
		return false
	}
	where := o.body()
	if o.http == nil {
		where = o.err.Error()
	} else if o.code() != http.StatusBadRequest {
		return false
	}
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(where, text) })
}

func (o *observation) certificateRequired() *doctor.Finding {
	if !o.tlsError("No required SSL certificate", "certificate required") {
		return nil
	}
	return &doctor.Finding{
		Message: "nginx requires a client certificate, and the exporter has none.",
		Fix: []string{
			"set " + o.setting("--nginx.ssl-client-cert=FILE and --nginx.ssl-client-key=FILE", "http_client_config.tls_config.cert_file and key_file"),
			"or set in that server of nginx: ssl_verify_client off;",
		},
	}
}

func (o *observation) certificateRefused() *doctor.Finding {
	if !o.tlsError("SSL certificate error", "bad certificate", "unknown certificate", "expired certificate", "revoked certificate", "unsupported certificate") {
		return nil
	}
	return &doctor.Finding{
		Message: "nginx rejects the client certificate of the exporter.",
		Fix: []string{"use one that is valid and signed by the CA in ssl_client_certificate of nginx: " +
			o.setting("--nginx.ssl-client-cert and --nginx.ssl-client-key", "http_client_config.tls_config.cert_file and key_file")},
	}
}

func (o *observation) certificateUntrusted() *doctor.Finding {
	var unknown x509.UnknownAuthorityError
	if !o.target().TLS() || !errors.As(o.err, &unknown) {
		return nil
	}
	f := &doctor.Finding{
		Message: "The certificate of nginx is signed by an unknown authority.",
		Fix:     []string{o.caSetting() + ", or to the certificate itself if it is self-signed"},
	}
	if unknown.Cert != nil {
		f.Evidence = []doctor.Evidence{
			{Name: "subject", Value: truncate(unknown.Cert.Subject.String())},
			{Name: "issuer", Value: truncate(unknown.Cert.Issuer.String())},
		}
	}
	return f
}

func (o *observation) certificateName() *doctor.Finding {
	var mismatch x509.HostnameError
	if !o.target().TLS() || !errors.As(o.err, &mismatch) {
		return nil
	}
	f := &doctor.Finding{
		Message: "The certificate of nginx is not valid for " + truncate(o.target().Host()) + ".",
		Fix:     []string{"use one of its names in the target, or set --nginx.ssl-server-name (http_client_config.tls_config.server_name in --config.file) to one"},
	}
	if mismatch.Certificate != nil {
		f.Evidence = []doctor.Evidence{{Name: "valid for", Value: certificateNames(mismatch.Certificate)}}
	}
	return f
}

func certificateNames(certificate *x509.Certificate) string {
	names := slices.Clone(certificate.DNSNames)
	for _, ip := range certificate.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name"
	}
	for i := range names {
		names[i] = truncate(names[i])
	}
	return join(names)
}

func (o *observation) certificateExpired() *doctor.Finding {
	var invalid x509.CertificateInvalidError
	if !o.target().TLS() || !errors.As(o.err, &invalid) || invalid.Reason != x509.Expired {
		return nil
	}
	f := &doctor.Finding{
		Message: "The certificate of nginx has expired.",
		Fix:     []string{"renew it, then run: " + reloadNginx + "; if it is renewed already, nginx still uses the old one"},
	}
	if c := invalid.Cert; c != nil {
		if time.Now().Before(c.NotBefore) {
			f.Message, f.Fix = "The certificate of nginx is not valid yet.", []string{"check the clocks of both machines"}
		}
		f.Evidence = []doctor.Evidence{{Name: "valid", Value: fmt.Sprintf("from %s to %s", c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339))}}
	}
	return f
}

func (o *observation) tlsVersion() *doctor.Finding {
	if o.http != nil || !o.tlsError("protocol version") {
		return nil
	}
	return &doctor.Finding{
		Message: "nginx supports neither TLS 1.2 nor TLS 1.3, and the exporter supports nothing older.",
		Fix:     []string{"set in that server of nginx: ssl_protocols TLSv1.2 TLSv1.3;"},
	}
}

func (o *observation) tlsNameRejected() *doctor.Finding {
	if o.http != nil || !o.tlsError("unrecognized name") {
		return nil
	}
	return &doctor.Finding{
		Message: "nginx has no TLS server with this name and rejects the handshake.",
		Fix:     []string{"use the server_name of the status server in the target, or set --nginx.ssl-server-name (http_client_config.tls_config.server_name in --config.file) to it"},
	}
}

func (o *observation) tlsExpected() *doctor.Finding {
	if o.target().TLS() {
		return nil
	}
	return o.tryScheme("https", "nginx expects TLS on this port, and the target uses http.")
}

func (o *observation) tlsNotSpoken() *doctor.Finding {
	if !o.target().TLS() {
		return nil
	}
	return o.tryScheme("http", "nginx does not use TLS on this port, and the target uses https.")
}

// tryScheme makes a trial with another scheme. Any response except an error about
// the scheme shows that it is the right one.
func (o *observation) tryScheme(scheme, message string) *doctor.Finding {
	if o.isSocket() || !o.connected() || o.http != nil && !o.wantsTLS() || o.reason() == client.ReasonTimeout {
		return nil
	}
	options, ok := o.at(o.uri(scheme, o.target().Host()))
	if !ok {
		return nil
	}
	r := o.try(options)
	untrusted := isCertificateError(r.err)
	if r.http == nil && !untrusted || r.wantsTLS() || r.code() == http.StatusBadRequest && o.options.ProxyProtocol {
		return nil
	}
	f := o.found(message, &alternative{response: r})
	f.Evidence = []doctor.Evidence{r.evidence(scheme)}
	if untrusted {
		f.Fix = append(f.Fix, "and "+o.caSetting())
	}
	return f
}

// isCertificateError reports whether the certificate of the server was rejected,
// so that the server does use TLS.
func isCertificateError(err error) bool {
	var (
		unknown  x509.UnknownAuthorityError
		mismatch x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	return errors.As(err, &unknown) || errors.As(err, &mismatch) || errors.As(err, &invalid)
}
