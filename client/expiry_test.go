package client_test

import (
	"crypto/tls"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/internal/nginxtest"
)

// The certificate that expires first counts, whether it is verified or not, and
// a new one after nginx has another.
func TestCertificateExpiry(t *testing.T) {
	t.Parallel()
	ca := nginxtest.NewAuthority(t)
	later, expired := ca.Pair(t, nginxtest.Leaf{}), ca.Pair(t, nginxtest.Leaf{Expired: true})
	chain := tls.Certificate{Certificate: append(later.Certificate, expired.Certificate...), PrivateKey: later.PrivateKey}
	of := func(pair tls.Certificate) value.Value { return value.Of(float64(pair.Leaf.NotAfter.Unix())) }
	for name, c := range map[string]struct {
		certificate tls.Certificate
		skip        bool
		want        value.Value
	}{
		"one":          {later, false, of(later)},
		"chain":        {chain, false, of(expired)},
		"not verified": {expired, true, of(expired)},
		"refused":      {expired, false, value.Value{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t, "tcp", "127.0.0.1:0")
			start(t, tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{c.certificate}, MinVersion: tls.VersionTLS12}), always(ok(page)))
			options := client.Options{Target: target(t, "https://"+listener.Addr().String()), Timeout: patience}
			options.HTTP.TLSConfig = trusting(ca)
			options.HTTP.TLSConfig.InsecureSkipVerify = c.skip
			connected := connect(t, options)
			if got := connected.CertificateExpiry(); got.IsSet() {
				t.Errorf("before the first request it is %v", got.Float())
			}
			_, err := scrape(t, connected)
			if got := connected.CertificateExpiry(); got != c.want || got.IsSet() != (err == nil) {
				t.Errorf("got %v (%v), want %v", got.Float(), err, c.want.Float())
			}
		})
	}
}
