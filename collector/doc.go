// Package collector turns what nginx says into what Prometheus reads.
//
// It owns the tables of metrics (one row a metric, one src_ file a nginx
// object), the scrape of all targets at the same time, and the two renderers
// of a page: text, and the protobuf types that client_golang works with. It
// imports client, and must not import anything below internal or cmd.
package collector
