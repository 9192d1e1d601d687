//go:build linux

package blackbox_test

import (
	"crypto/tls"
	"path/filepath"
	"testing"

	"nginx-exporter/internal/nginxtest"
)

// authority is a certificate authority whose certificates are files.
type authority struct {
	*nginxtest.Authority
	directory string
	file      string // its own certificate
}

// pair is a certificate and its key, as files.
type pair struct{ certificate, key string }

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	a := &authority{Authority: nginxtest.NewAuthority(tb), directory: tb.TempDir()}
	a.file = filepath.Join(a.directory, "ca.pem")
	write(tb, a.file, a.PEM)
	return a
}

// issue makes a certificate for loopback, fit for servers and clients, and
// writes it into files of that name.
func (a *authority) issue(tb testing.TB, name string, serial int64) pair {
	tb.Helper()
	return a.issueLeaf(tb, name, nginxtest.Leaf{Serial: serial, Both: true})
}

func (a *authority) issueLeaf(tb testing.TB, name string, leaf nginxtest.Leaf) pair {
	tb.Helper()
	certificate, key := a.Issue(tb, leaf)
	files := pair{filepath.Join(a.directory, name+".pem"), filepath.Join(a.directory, name+".key")}
	write(tb, files.certificate, certificate)
	write(tb, files.key, key)
	return files
}

// load reads the pair for a client or a server of the test.
func (p pair) load(tb testing.TB) []tls.Certificate {
	tb.Helper()
	certificate, err := tls.LoadX509KeyPair(p.certificate, p.key)
	if err != nil {
		tb.Fatal(err)
	}
	return []tls.Certificate{certificate}
}

// client is what a client of the test trusts.
func (a *authority) client() *tls.Config {
	return &tls.Config{RootCAs: a.Pool, MinVersion: tls.VersionTLS12}
}
