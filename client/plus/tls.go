package plus

import (
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// TLS counts TLS handshakes: the document /ssl, and a member of zones and
// servers with TLS.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_ssl_object.
type TLS struct {
	Handshakes       value.Value // successful
	HandshakesFailed value.Value
	SessionReuses    value.Value

	// Failed handshakes by reason. Other reasons are not listed, so the sum can
	// be below HandshakesFailed.
	NoCommonProtocol value.Value
	NoCommonCipher   value.Value
	HandshakeTimeout value.Value
	PeerRejectedCert value.Value

	// Failed certificate verifications by reason.
	NoCert           value.Value
	ExpiredCert      value.Value
	RevokedCert      value.Value
	HostnameMismatch value.Value
	OtherFailure     value.Value
}

// Decode implements [Document].
func (t *TLS) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "handshakes":
			t.Handshakes = d.Count()
		case "handshakes_failed":
			t.HandshakesFailed = d.Count()
		case "session_reuses":
			t.SessionReuses = d.Count()
		case "no_common_protocol":
			t.NoCommonProtocol = d.Count()
		case "no_common_cipher":
			t.NoCommonCipher = d.Count()
		case "handshake_timeout":
			t.HandshakeTimeout = d.Count()
		case "peer_rejected_cert":
			t.PeerRejectedCert = d.Count()
		case "verify_failures":
			t.decodeVerifyFailures(d)
		default:
			d.Skip()
		}
	}
}

func (t *TLS) decodeVerifyFailures(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "no_cert":
			t.NoCert = d.Count()
		case "expired_cert":
			t.ExpiredCert = d.Count()
		case "revoked_cert":
			t.RevokedCert = d.Count()
		case "hostname_mismatch":
			t.HostnameMismatch = d.Count()
		case "other":
			t.OtherFailure = d.Count()
		default:
			d.Skip()
		}
	}
}

// counters lists all counters of the document.
func (t *TLS) counters() []*value.Value {
	return []*value.Value{
		&t.Handshakes, &t.HandshakesFailed, &t.SessionReuses,
		&t.NoCommonProtocol, &t.NoCommonCipher, &t.HandshakeTimeout, &t.PeerRejectedCert,
		&t.NoCert, &t.ExpiredCert, &t.RevokedCert, &t.HostnameMismatch, &t.OtherFailure,
	}
}

// optionalTLS reads a member that only zones and servers with TLS have.
func optionalTLS(d *document.Reader) *TLS {
	t := new(TLS)
	d.Charge(int(unsafe.Sizeof(*t)))
	t.Decode(d)
	return t
}
