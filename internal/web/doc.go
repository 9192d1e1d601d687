// Package web is the exporter's own HTTP server: /metrics, /probe, /rate,
// health endpoints, landing page and graceful shutdown.
//
// It owns listeners, timeouts and limits of HTTP requests. It knows nothing of
// nginx, which is the collector's, nor of which targets may be probed, which is
// up to internal/config.
package web
