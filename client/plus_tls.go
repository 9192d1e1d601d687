package client

import "nginx-exporter/client/value"

// PlusTLS counts TLS handshakes: the document /ssl, and a member of zones and
// servers that speak TLS.
type PlusTLS struct {
	Handshakes       value.Value // finished
	HandshakesFailed value.Value
	SessionReuses    value.Value

	// Reasons of failures. Not every failure has one of these, so they do not
	// add up to HandshakesFailed.
	NoCommonProtocol value.Value
	NoCommonCipher   value.Value
	HandshakeTimeout value.Value
	PeerRejectedCert value.Value

	// Reasons for which a certificate was not accepted.
	NoCert           value.Value
	ExpiredCert      value.Value
	RevokedCert      value.Value
	HostnameMismatch value.Value
	OtherFailure     value.Value
}

// tlsMembers are the members of the document, and those of ssl elsewhere.
func tlsMembers() []member[*PlusTLS] {
	return []member[*PlusTLS]{
		{key: `"handshakes":`, count: func(t *PlusTLS) *value.Value { return &t.Handshakes }},
		{key: `"session_reuses":`, count: func(t *PlusTLS) *value.Value { return &t.SessionReuses }},
		{key: `"handshakes_failed":`, count: func(t *PlusTLS) *value.Value { return &t.HandshakesFailed }},
		{key: `"no_common_protocol":`, count: func(t *PlusTLS) *value.Value { return &t.NoCommonProtocol }},
		{key: `"no_common_cipher":`, count: func(t *PlusTLS) *value.Value { return &t.NoCommonCipher }},
		{key: `"handshake_timeout":`, count: func(t *PlusTLS) *value.Value { return &t.HandshakeTimeout }},
		{key: `"peer_rejected_cert":`, count: func(t *PlusTLS) *value.Value { return &t.PeerRejectedCert }},
		{key: `"verify_failures":`, read: func(s *scanner, t *PlusTLS) { s.verifyFailures.decode(s, t) }},
	}
}

// verifyMembers are the members of verify_failures.
func verifyMembers() []member[*PlusTLS] {
	return []member[*PlusTLS]{
		{key: `"no_cert":`, count: func(t *PlusTLS) *value.Value { return &t.NoCert }},
		{key: `"expired_cert":`, count: func(t *PlusTLS) *value.Value { return &t.ExpiredCert }},
		{key: `"revoked_cert":`, count: func(t *PlusTLS) *value.Value { return &t.RevokedCert }},
		{key: `"hostname_mismatch":`, count: func(t *PlusTLS) *value.Value { return &t.HostnameMismatch }},
		{key: `"other":`, count: func(t *PlusTLS) *value.Value { return &t.OtherFailure }},
	}
}

func (t *PlusTLS) decode(s *scanner) {
	if s.tls == nil {
		s.tls, s.verifyFailures = newObject(tlsMembers()), newObject(verifyMembers())
	}
	s.tls.decode(s, t)
}

// counters lists all numbers of the document.
func (t *PlusTLS) counters() []*value.Value {
	return []*value.Value{
		&t.Handshakes, &t.HandshakesFailed, &t.SessionReuses,
		&t.NoCommonProtocol, &t.NoCommonCipher, &t.HandshakeTimeout, &t.PeerRejectedCert,
		&t.NoCert, &t.ExpiredCert, &t.RevokedCert, &t.HostnameMismatch, &t.OtherFailure,
	}
}

// optionalTLS reads a member that only those who speak TLS have.
func optionalTLS(s *scanner) *PlusTLS {
	t := s.tlsMemory.next(s)
	t.decode(s)
	return t
}
