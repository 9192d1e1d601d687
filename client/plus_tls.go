package client

// PlusTLS counts TLS handshakes: the document /ssl, and a member of zones and
// servers that speak TLS.
type PlusTLS struct {
	Handshakes       Number // finished
	HandshakesFailed Number
	SessionReuses    Number

	// Reasons of failures. Not every failure has one of these, so they do not
	// add up to HandshakesFailed.
	NoCommonProtocol Number
	NoCommonCipher   Number
	HandshakeTimeout Number
	PeerRejectedCert Number

	// Reasons for which a certificate was not accepted.
	NoCert           Number
	ExpiredCert      Number
	RevokedCert      Number
	HostnameMismatch Number
	OtherFailure     Number
}

func (t *PlusTLS) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "handshakes":
			t.Handshakes = s.count()
		case "handshakes_failed":
			t.HandshakesFailed = s.count()
		case "session_reuses":
			t.SessionReuses = s.count()
		case "no_common_protocol":
			t.NoCommonProtocol = s.count()
		case "no_common_cipher":
			t.NoCommonCipher = s.count()
		case "handshake_timeout":
			t.HandshakeTimeout = s.count()
		case "peer_rejected_cert":
			t.PeerRejectedCert = s.count()
		case "verify_failures":
			t.decodeVerify(s)
		default:
			s.skip()
		}
	}
}

func (t *PlusTLS) decodeVerify(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "no_cert":
			t.NoCert = s.count()
		case "expired_cert":
			t.ExpiredCert = s.count()
		case "revoked_cert":
			t.RevokedCert = s.count()
		case "hostname_mismatch":
			t.HostnameMismatch = s.count()
		case "other":
			t.OtherFailure = s.count()
		default:
			s.skip()
		}
	}
}

// counters lists all numbers of the document.
func (t *PlusTLS) counters() []*Number {
	return []*Number{
		&t.Handshakes, &t.HandshakesFailed, &t.SessionReuses,
		&t.NoCommonProtocol, &t.NoCommonCipher, &t.HandshakeTimeout, &t.PeerRejectedCert,
		&t.NoCert, &t.ExpiredCert, &t.RevokedCert, &t.HostnameMismatch, &t.OtherFailure,
	}
}

// optionalTLS reads a member that only those who speak TLS have.
func optionalTLS(s *scanner, memory *pieces[PlusTLS]) *PlusTLS {
	t := memory.next(s)
	t.decode(s)
	return t
}
