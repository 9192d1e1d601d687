package client_test

import (
	"crypto/tls"
	"testing"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/internal/nginxtest"
)

// issue makes a certificate as a list of one.
func issue(tb testing.TB, ca *nginxtest.Authority, leaf nginxtest.Leaf) []tls.Certificate {
	tb.Helper()
	return []tls.Certificate{ca.Pair(tb, leaf)}
}

// trusting is a configuration that accepts the certificates of a CA.
func trusting(ca *nginxtest.Authority) promconfig.TLSConfig { return promconfig.TLSConfig{CA: ca.PEM} }

// identified has a certificate of one CA for servers of another.
func identified(tb testing.TB, servers, own *nginxtest.Authority) promconfig.TLSConfig {
	tb.Helper()
	certificate, key := own.Issue(tb, nginxtest.Leaf{Client: true})
	return promconfig.TLSConfig{CA: servers.PEM, Cert: certificate, Key: promconfig.Secret(key)}
}
