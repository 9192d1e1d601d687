//go:build linux

package blackbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority that lives as long as a test.
type authority struct {
	directory   string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
	file        string // its certificate
}

// pair is a certificate and its key, as files.
type pair struct{ certificate, key string }

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of the tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{directory: tb.TempDir(), key: newKey(tb), pool: x509.NewCertPool()}
	a.certificate = sign(tb, template, template, a.key, a.key)
	a.pool.AddCert(a.certificate)
	a.file = filepath.Join(a.directory, "ca.pem")
	write(tb, a.file, encode("CERTIFICATE", a.certificate.Raw))
	return a
}

// issue makes a certificate for loopback, fit for servers and clients, and
// writes it into files of that name.
func (a *authority) issue(tb testing.TB, name string, serial int64) pair {
	tb.Helper()
	return a.issueUntil(tb, name, serial, time.Now().Add(time.Hour))
}

func (a *authority) issueUntil(tb testing.TB, name string, serial int64, until time.Time) pair {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	key := newKey(tb)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	files := pair{filepath.Join(a.directory, name+".pem"), filepath.Join(a.directory, name+".key")}
	write(tb, files.certificate, encode("CERTIFICATE", sign(tb, template, a.certificate, key, a.key).Raw))
	write(tb, files.key, encode("EC PRIVATE KEY", der))
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
	return &tls.Config{RootCAs: a.pool, MinVersion: tls.VersionTLS12}
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func sign(tb testing.TB, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return certificate
}
