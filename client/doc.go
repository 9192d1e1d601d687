// Package client asks nginx for its own figures and says in Go types what
// nginx answered.
//
// It owns targets (what may stand behind --nginx.scrape-uri), the connections
// to them, the decoding of status documents and the typed errors that tell why
// an answer could not be had. It knows nothing of metrics: it must not import
// client_golang, the collector or anything below internal.
package client
