package kube

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
)

func TestPeerCertificate(t *testing.T) {
	t.Parallel()
	clientCA, err := newAuthority(t.TempDir(), "users")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{clientCA: clientCA}
	ca, text, key, err := c.PeerCertificate("pair", "one.svc", "two.svc")
	if err != nil || len(key) == 0 {
		t.Fatalf("no certificate: %v", err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	for _, name := range []string{"one.svc", "two.svc"} {
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			if _, err := cert.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
				t.Errorf("%s, usage %d: %v", name, usage, err)
			}
		}
	}
}
