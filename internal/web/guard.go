package web

import (
	"crypto/tls"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/go-kit/log/level"
	"go.yaml.in/yaml/v3"
)

// authPolicy is the part of a --web.config.file that clients must satisfy.
//
// See https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md.
type authPolicy struct {
	Users map[string]string `yaml:"basic_auth_users"`
	TLS   struct {
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
}

// readAuthPolicy reads the file, as exporter-toolkit does for each request.
func (s *Server) readAuthPolicy() (p authPolicy, err error) {
	if s.web.ConfigFile == "" {
		return p, nil
	}
	text, err := os.ReadFile(s.web.ConfigFile)
	if err != nil {
		return p, err
	}
	return p, yaml.Unmarshal(text, &p)
}

// password reports whether clients need a password.
func (p *authPolicy) password() bool { return len(p.Users) > 0 }

// certificate reports whether clients need a certificate.
func (p *authPolicy) certificate() bool { return strings.HasPrefix(p.TLS.ClientAuth, "Require") }

// weakens reports whether p lacks a requirement of another policy.
func (p *authPolicy) weakens(other *authPolicy) bool {
	return other.password() && !p.password() || other.certificate() && !p.certificate()
}

// satisfied reports whether a request that exporter-toolkit has accepted
// satisfies the policy. A password that is present has been verified.
func (p *authPolicy) satisfied(r *http.Request) bool {
	_, _, password := r.BasicAuth()
	return (password || !p.password()) && (!p.certificate() || hasCertificate(r.TLS, p.TLS.ClientAuth))
}

func hasCertificate(state *tls.ConnectionState, policy string) bool {
	if state == nil {
		return false
	}
	return len(state.VerifiedChains) > 0 || policy != "RequireAndVerifyClientCert" && len(state.PeerCertificates) > 0
}

// guard enforces the authentication that the web configuration required at the
// start. exporter-toolkit reads the file for each request: one that is empty or
// truncated, because it is being written, would disable authentication.
func (s *Server) guard(next http.Handler) http.Handler {
	// On an error exporter-toolkit does not serve, and reports it.
	initial, _ := s.readAuthPolicy()
	if !initial.password() && !initial.certificate() {
		return next
	}
	var refusing atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		current, err := s.readAuthPolicy()
		if err != nil || current.weakens(&initial) || !initial.satisfied(r) {
			if !refusing.Swap(true) {
				_ = level.Error(s.Logger).Log("msg", "Web config reload would weaken authentication; refusing all requests",
					"file", s.web.ConfigFile, "advice", "restart the exporter to remove authentication")
			}
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		refusing.Store(false)
		next.ServeHTTP(w, r)
	})
}
