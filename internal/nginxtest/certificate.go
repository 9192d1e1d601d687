package nginxtest

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
	"time"

	"nginx-exporter/internal/proctest"
)

// Authority is a CA.
type Authority struct {
	Pool *x509.CertPool
	PEM  string

	template *x509.Certificate
	key      *ecdsa.PrivateKey
}

// Leaf describes a certificate.
type Leaf struct {
	Name    string // instead of 127.0.0.1, localhost and ::1
	Serial  int64  // 0 for a new one
	Expired bool
	Future  bool
	Client  bool // for clients alone
	Both    bool // for servers and for clients
}

// NewAuthority makes a CA.
func NewAuthority(tb proctest.TB) *Authority {
	tb.Helper()
	a := &Authority{Pool: x509.NewCertPool(), template: &x509.Certificate{
		Subject: pkix.Name{CommonName: "a test's CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), SerialNumber: big.NewInt(1),
	}}
	a.key = newKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, a.template, a.template, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	a.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	a.Pool.AppendCertsFromPEM([]byte(a.PEM))
	return a
}

// Issue makes a certificate and its key, as PEM.
func (a *Authority) Issue(tb proctest.TB, leaf Leaf) (certificate, key string) {
	tb.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "nginx"}, SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if leaf.Name != "" {
		template.DNSNames, template.IPAddresses = []string{leaf.Name}, nil
	}
	if leaf.Serial != 0 {
		template.SerialNumber = big.NewInt(leaf.Serial)
	}
	if leaf.Client {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if leaf.Both {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	switch {
	case leaf.Expired:
		template.NotAfter = time.Now().Add(-time.Minute)
	case leaf.Future:
		template.NotBefore = time.Now().Add(time.Minute)
	}
	signer := newKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, template, a.template, &signer.PublicKey, a.key)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// Pair makes a certificate for crypto/tls.
func (a *Authority) Pair(tb proctest.TB, leaf Leaf) tls.Certificate {
	tb.Helper()
	pair, err := tls.X509KeyPair(pemBytes(a.Issue(tb, leaf)))
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return pair
}

func pemBytes(certificate, key string) (certificatePEM, keyPEM []byte) {
	return []byte(certificate), []byte(key)
}

func newKey(tb proctest.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return key
}
