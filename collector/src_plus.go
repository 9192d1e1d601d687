package collector

import (
	"context"
	"slices"

	"nginx-exporter/client"
)

// apiSources is the NGINX Plus API as a whole. Whoever runs a round reads it,
// since everything else depends on it.
func apiSources() []source {
	return []source{{name: apiSource}}
}

// plusSource returns the source of one document of the NGINX Plus API.
func plusSource[T any, P interface {
	*T
	client.PlusDocument
}](name, path, about string, bind func(ask asker, bind *binder, document P), tables ...anyTable) source {
	return source{
		name: name, path: path, about: about, tables: tables,
		fetch: func(ctx context.Context, ask asker, b *binder) error {
			document := P(new(T))
			unfit, err := ask.client.ReadPlus(ctx, ask.index, path, document)
			if err != nil {
				return err
			}
			b.dropped.Invalid += float64(unfit)
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
func tlsRows(without ...string) []row[*client.PlusTLS] {
	type doc = *client.PlusTLS
	part := func(reason string, value func(doc) client.Number) labelled[doc] { return labelled[doc]{reason, value} }
	rows := []row[doc]{
		by(Counter, "handshake_failures_total",
			"TLS handshakes that failed, by reason; the reasons do not add up to all failures.", "reason",
			part("handshake_timeout", func(t doc) client.Number { return t.HandshakeTimeout }),
			part("no_common_cipher", func(t doc) client.Number { return t.NoCommonCipher }),
			part("no_common_protocol", func(t doc) client.Number { return t.NoCommonProtocol }),
			part("peer_rejected_cert", func(t doc) client.Number { return t.PeerRejectedCert })),
		counter("handshakes", "TLS handshakes that succeeded.",
			func(t doc) client.Number { return t.Handshakes }),
		counter("handshakes_failed", "TLS handshakes that failed.",
			func(t doc) client.Number { return t.HandshakesFailed }),
		counter("session_reuses", "TLS handshakes that resumed a session.",
			func(t doc) client.Number { return t.SessionReuses }),
		by(Counter, "verify_failures_total", "Certificates that were not accepted, by reason.", "reason",
			part("expired_cert", func(t doc) client.Number { return t.ExpiredCert }),
			part("hostname_mismatch", func(t doc) client.Number { return t.HostnameMismatch }),
			part("no_cert", func(t doc) client.Number { return t.NoCert }),
			part("other", func(t doc) client.Number { return t.OtherFailure }),
			part("revoked_cert", func(t doc) client.Number { return t.RevokedCert })),
	}
	for i := range rows {
		rows[i].parts = slices.DeleteFunc(rows[i].parts, func(p labelled[doc]) bool { return slices.Contains(without, p.label) })
	}
	return rows
}

// responseRows are the metrics of everything that counts answers.
func responseRows(o *Options) []row[*client.PlusResponses] {
	type doc = *client.PlusResponses
	part := func(class string, value func(doc) client.Number) labelled[doc] { return labelled[doc]{class, value} }
	codes := listedCodes
	if o.PadCodes {
		codes = paddedCodes()
	}
	return []row[doc]{
		by(Counter, "responses", "Answers by class of their status code.", "code",
			part("1xx", func(r doc) client.Number { return r.Informational }),
			part("2xx", func(r doc) client.Number { return r.Success }),
			part("3xx", func(r doc) client.Number { return r.Redirection }),
			part("4xx", func(r doc) client.Number { return r.ClientError }),
			part("5xx", func(r doc) client.Number { return r.ServerError })),
		each(Counter, "responses_codes", "Answers by status code.", "code", codes),
	}
}

func listedCodes(r *client.PlusResponses, series func(string, client.Number)) {
	for i := range r.Codes {
		series(r.Codes[i].Code, r.Codes[i].Count)
	}
}

// paddedCodes shows each code that nginx-prometheus-exporter shows, with zero
// where nginx did not list it, and then those that it does not show.
func paddedCodes() func(*client.PlusResponses, func(string, client.Number)) {
	const none = -1
	codes := padding()
	var place [1000]int // of a code among the padding
	for i := range place {
		place[i] = none
	}
	for i, code := range codes {
		place[(&client.PlusCode{Code: code}).Number()] = i
	}
	return func(r *client.PlusResponses, series func(string, client.Number)) {
		var counts [paddedTo]client.Number
		for i := range r.Codes {
			if at := place[r.Codes[i].Number()]; at != none {
				counts[at] = r.Codes[i].Count
			} else {
				series(r.Codes[i].Code, r.Codes[i].Count)
			}
		}
		for i, count := range counts {
			if !count.Known() {
				count = client.NumberOf(0)
			}
			series(codes[i], count)
		}
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
