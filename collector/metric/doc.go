// Package metric turns documents into metrics and metrics into what Prometheus
// reads.
//
// It owns the tables (one [Row] a metric), the label sets, the [Batch] that
// collects the rows of one source, and the [Exposition] with its two renderers:
// the text format, and the protobuf types that client_golang works with. It
// knows nothing of nginx: of this program it imports client/value alone.
package metric
