// Package web serves the exporter: the metrics page, probes, health, the
// landing page, and the end of it all when a signal comes.
//
// It owns listeners, time-outs and limits of the HTTP side. What nginx says is
// the collector's, what may be asked is internal/config's.
package web
