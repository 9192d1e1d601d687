// Package metric turns documents into metrics, and renders metrics for
// Prometheus.
//
// It owns the tables (one [Row] per metric), the label sets, the [Batch] that
// collects the series of one source, and the [Exposition] with its two renderers:
// the text format, and the protobuf types of client_golang. It knows nothing of
// nginx: of this program it imports only client/value.
package metric
