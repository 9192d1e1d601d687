package client_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"nginx-exporter/internal/nginxtest"
)

// issue makes a certificate as a list of one.
func issue(tb testing.TB, ca *nginxtest.Authority, leaf nginxtest.Leaf) []tls.Certificate {
	tb.Helper()
	return []tls.Certificate{ca.Pair(tb, leaf)}
}

// trust is a transport with one TLS configuration.
type trust struct{ config *tls.Config }

// RoundTripper implements [client.Transport].
func (t trust) RoundTripper(base func(*tls.Config) *http.Transport) (http.RoundTripper, error) {
	return base(t.config.Clone()), nil
}
