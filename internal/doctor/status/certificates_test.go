//go:build linux

package status

import (
	"crypto/tls"
	"net"

	"nginx-exporter/internal/nginxtest"
)

// certificates are problems with TLS.
func certificates() map[string]problem {
	const server = "server { listen LISTEN ssl; TLS location / { stub_status; } }"
	uses := func(leaf nginxtest.Leaf) func(*scene) {
		return func(s *scene) {
			ca := s.ca
			n := nginxtest.New(s)
			certificate, key := ca.Issue(s, leaf)
			n.Write(s, "crt", certificate)
			n.Write(s, "key", key)
			a := s.address("127.0.0.1")
			n.Configure(s, fill(server, a, n))
			n.Start(s)
			s.target("https://" + a + "/stub_status")
		}
	}
	return map[string]problem{
		"TLS expected": {"tls-expected", func(s *scene) {
			a, _ := s.nginx(server)
			s.target("http://" + a + "/stub_status")
		}},
		"TLS expected, not trusted": {"tls-expected", func(s *scene) {
			a, _ := s.nginx(server)
			s.ca = nginxtest.NewAuthority(s)
			s.target("http://" + a + "/stub_status")
		}},
		"TLS not spoken": {"tls-not-spoken", func(s *scene) {
			a, _ := s.nginx(statusServer)
			s.target("https://" + a + "/stub_status")
		}},
		"not trusted": {"certificate-untrusted", func(s *scene) {
			a, _ := s.nginx(server)
			s.ca = nginxtest.NewAuthority(s)
			s.target("https://" + a + "/stub_status")
		}},
		"other name":    {"certificate-name", uses(nginxtest.Leaf{Name: "shop.example"})},
		"expired":       {"certificate-expired", uses(nginxtest.Leaf{Expired: true})},
		"not valid yet": {"certificate-expired", uses(nginxtest.Leaf{Future: true})},
		"client certificate": {"certificate-required", func(s *scene) {
			a, n := s.nginx(server)
			_ = n
			b, m := s.address("127.0.0.1"), nginxtest.New(s)
			mutual(s, b, m, server)
			_ = a
			s.target("https://" + b + "/stub_status")
		}},
		"wrong client certificate": {"certificate-refused", func(s *scene) {
			b, m := s.address("127.0.0.1"), nginxtest.New(s)
			mutual(s, b, m, server)
			s.target("https://" + b + "/stub_status").HTTP = foreign(s.T, s.ca)
		}},
		"client certificate, at the handshake": {"certificate-required", func(s *scene) {
			s.target("https://" + s.tls(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: s.ca.Pool, MinVersion: tls.VersionTLS13}) + "/stub_status")
		}},
		"wrong client certificate, at the handshake": {"certificate-refused", func(s *scene) {
			a := s.tls(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: s.ca.Pool, MinVersion: tls.VersionTLS13})
			s.target("https://" + a + "/stub_status").HTTP = foreign(s.T, s.ca)
		}},
		"TLS 1.1": {"tls-version", func(s *scene) {
			s.target("https://" + s.tls(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}) + "/stub_status")
		}},
		"name rejected": {"tls-name-rejected", func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN ssl; ssl_reject_handshake on; }\nserver { listen LISTEN ssl; server_name status.test; TLS location / { stub_status; } }")
			_, p, _ := net.SplitHostPort(a)
			s.target("https://localhost:" + p + "/stub_status")
		}},
	}
}

// mutual runs an nginx that requires client certificates of the CA.
func mutual(s *scene, address string, n *nginxtest.Nginx, server string) {
	s.Helper()
	certificate, key := s.ca.Issue(s, nginxtest.Leaf{})
	n.Write(s, "crt", certificate)
	n.Write(s, "key", key)
	n.Write(s, "ca", s.ca.PEM)
	n.Configure(s, fill("ssl_verify_client on;\nssl_client_certificate "+n.Dir+"/ca;\n"+server, address, n))
	n.Start(s)
}

// tls runs a server that only does the TLS handshake.
func (s *scene) tls(config *tls.Config) (address string) {
	s.Helper()
	config.Certificates = []tls.Certificate{s.ca.Pair(s, nginxtest.Leaf{})}
	return s.accept(func(conn net.Conn) {
		server := tls.Server(conn, config)
		if server.HandshakeContext(s.Context()) == nil {
			_, _ = server.Read(make([]byte, 1024))
		}
	})
}
