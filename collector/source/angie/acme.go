package angie

import (
	"nginx-exporter/client/angie"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func acmePart() *part {
	type doc = *angie.ACMEClient
	table := metric.NewTable("/status/http/acme_clients/", "angie_http_acme_", []metric.Row[doc]{
		metric.Gauge("certs_state", "State of the certificate of an ACME client: valid (1), mismatch (2), expired (3), missing (4), error (5) or unknown (0).",
			func(c doc) value.Value { return value.Of(float64(c.Certificate)) }),
		metric.Gauge("clients_next_run_timestamp_seconds", "Time of the next run of an ACME client, in Unix time; absent while it is disabled or requesting.",
			func(c doc) value.Value { return c.NextRun }),
		metric.Gauge("clients_state", "State of an ACME client: ready (1), requesting (2), disabled (3), failed (4) or unknown (0).",
			func(c doc) value.Value { return value.Of(float64(c.State)) }),
	}, metric.LabelFrom("client", func(c doc) string { return c.Name }))
	return newPart(on("http_acme_clients", "ACME clients and their certificates of Angie"), "http/acme_clients",
		func(s *source.Selection, b *metric.Batch, clients *angie.ACMEClients) {
			metric.Add(b, table, source.Select(&s.Zones, clients.All, func(c doc) []string { return []string{c.Name} })...)
		}, table)
}
