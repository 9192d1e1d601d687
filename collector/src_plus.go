package collector

import (
	"context"
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// apiSources is the NGINX Plus API as a whole. Whoever runs a round reads it,
// since everything else depends on it.
func apiSources() []source {
	return []source{{name: apiSource}}
}

// plusSource returns the source of one document of the NGINX Plus API.
func plusSource[T any, P interface {
	*T
	plus.Document
}](name, path, about string, bind func(ask asker, bind *binder, document P), tables ...anyTable) source {
	return source{
		name: name, path: path, about: about, tables: tables,
		fetch: func(ctx context.Context, ask asker, b *binder) error {
			document := P(new(T))
			invalid, err := ask.api.Read(ctx, ask.index, path, document)
			if err != nil {
				return err
			}
			b.dropped.Invalid += float64(invalid)
			bind(ask, b, document)
			return nil
		},
	}
}

// detail returns what another source brings if it is asked for.
func detail(name, about string, tables ...anyTable) source {
	return source{name: name, about: about, optIn: true, tables: tables}
}

// tlsRows are the metrics of everything that counts TLS handshakes, without the
// reasons of failures that cannot occur there.
func tlsRows(without ...string) []row[*plus.TLS] {
	type doc = *plus.TLS
	rows := []row[doc]{
		by(Counter, "handshake_failures_total",
			"TLS handshakes that failed, by reason; the reasons do not add up to all failures.", "reason",
			one("handshake_timeout", func(t doc) value.Value { return t.HandshakeTimeout }),
			one("no_common_cipher", func(t doc) value.Value { return t.NoCommonCipher }),
			one("no_common_protocol", func(t doc) value.Value { return t.NoCommonProtocol }),
			one("peer_rejected_cert", func(t doc) value.Value { return t.PeerRejectedCert })),
		counter("handshakes", "TLS handshakes that succeeded.",
			func(t doc) value.Value { return t.Handshakes }),
		counter("handshakes_failed", "TLS handshakes that failed.",
			func(t doc) value.Value { return t.HandshakesFailed }),
		counter("session_reuses", "TLS handshakes that resumed a session.",
			func(t doc) value.Value { return t.SessionReuses }),
		by(Counter, "verify_failures_total", "Certificates that were not accepted, by reason.", "reason",
			one("expired_cert", func(t doc) value.Value { return t.ExpiredCert }),
			one("hostname_mismatch", func(t doc) value.Value { return t.HostnameMismatch }),
			one("no_cert", func(t doc) value.Value { return t.NoCert }),
			one("other", func(t doc) value.Value { return t.OtherFailure }),
			one("revoked_cert", func(t doc) value.Value { return t.RevokedCert })),
	}
	for i := range rows {
		rows[i].parts = slices.DeleteFunc(rows[i].parts, func(p labelled[doc]) bool { return slices.Contains(without, p.label) })
	}
	return rows
}

// responseRows are the metrics of everything that counts answers.
func responseRows(o *Options) []row[*plus.Responses] {
	type doc = *plus.Responses
	codes := listedCodes
	if o.PadCodes {
		codes = paddedCodes()
	}
	return []row[doc]{
		by(Counter, "responses", "Answers by class of their status code.", "code",
			one("1xx", func(r doc) value.Value { return r.Informational }),
			one("2xx", func(r doc) value.Value { return r.Success }),
			one("3xx", func(r doc) value.Value { return r.Redirection }),
			one("4xx", func(r doc) value.Value { return r.ClientError }),
			one("5xx", func(r doc) value.Value { return r.ServerError })),
		each(Counter, "responses_codes", "Answers by status code.", "code", codes),
	}
}

func listedCodes(to []series, r *plus.Responses) []series {
	for i := range r.Codes {
		to = append(to, series{label: r.Codes[i].Code, value: r.Codes[i].Count})
	}
	return to
}

// paddedCodes shows each code that nginx-prometheus-exporter shows, with zero
// where nginx did not list it, and then those that it does not show.
func paddedCodes() func([]series, *plus.Responses) []series {
	const none = -1
	var zeros [paddedTo]series
	var place [1000]int // of a code among the padding
	for i := range place {
		place[i] = none
	}
	for i, code := range padding() {
		zeros[i] = series{code, value.Of(0), true}
		place[(&plus.Code{Code: code}).Number()] = i
	}
	return func(to []series, r *plus.Responses) []series {
		first := len(to)
		to = append(to, zeros[:]...)
		for i := range r.Codes {
			code := &r.Codes[i]
			switch at := place[code.Number()]; {
			case at == none:
				to = append(to, series{label: code.Code, value: code.Count})
			case code.Count.IsSet():
				to[first+at].value = code.Count
			}
		}
		return to
	}
}

// paddedTo is how many codes the padding has.
const paddedTo = 40

func padding() [paddedTo]string {
	return [paddedTo]string{
		"100", "101", "102", "200", "201", "202", "204", "206", "300", "301", "302", "303", "304", "307",
		"400", "401", "403", "404", "405", "408", "409", "411", "412", "413", "414", "415", "416", "429",
		"444", "494", "495", "496", "497", "499", "500", "501", "502", "503", "504", "507",
	}
}
