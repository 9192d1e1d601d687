package plus

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

func tlsDocument() *document {
	table := metric.NewTable("/ssl", "nginxplus_ssl_", tlsRows()).SinceStart()
	return newDocument(single("ssl", "TLS handshake statistics"), "ssl",
		func(_ *request, b *metric.Batch, t *plus.TLS) { metric.Add(b, table, t) }, table)
}

// tlsRows are the metrics of objects that count TLS handshakes, without the
// failure reasons that the object does not have.
func tlsRows(without ...string) []metric.Row[*plus.TLS] {
	type doc = *plus.TLS
	reasons := func(reasons ...metric.LabelledValue[doc]) []metric.LabelledValue[doc] {
		return slices.DeleteFunc(reasons, func(r metric.LabelledValue[doc]) bool { return slices.Contains(without, r.Label) })
	}
	return []metric.Row[doc]{
		metric.CounterVec("handshake_failures_total", "Failed TLS handshakes by reason; not every failure has one.", "reason", reasons(
			metric.Labelled("handshake_timeout", func(t doc) value.Value { return t.HandshakeTimeout }),
			metric.Labelled("no_common_cipher", func(t doc) value.Value { return t.NoCommonCipher }),
			metric.Labelled("no_common_protocol", func(t doc) value.Value { return t.NoCommonProtocol }),
			metric.Labelled("peer_rejected_cert", func(t doc) value.Value { return t.PeerRejectedCert }))...),
		metric.Counter("handshakes", "Successful TLS handshakes.",
			func(t doc) value.Value { return t.Handshakes }),
		metric.Counter("handshakes_failed", "Failed TLS handshakes.",
			func(t doc) value.Value { return t.HandshakesFailed }),
		metric.Counter("session_reuses", "Session reuses during TLS handshakes.",
			func(t doc) value.Value { return t.SessionReuses }),
		metric.CounterVec("verify_failures_total", "Certificate verification errors by reason.", "reason", reasons(
			metric.Labelled("expired_cert", func(t doc) value.Value { return t.ExpiredCert }),
			metric.Labelled("hostname_mismatch", func(t doc) value.Value { return t.HostnameMismatch }),
			metric.Labelled("no_cert", func(t doc) value.Value { return t.NoCert }),
			metric.Labelled("other", func(t doc) value.Value { return t.OtherFailure }),
			metric.Labelled("revoked_cert", func(t doc) value.Value { return t.RevokedCert }))...),
	}
}
