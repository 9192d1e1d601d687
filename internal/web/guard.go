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

// demands are what a --web.config.file asks of clients.
type demands struct {
	Users map[string]string `yaml:"basic_auth_users"`
	TLS   struct {
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
}

// readDemands reads the file anew, as exporter-toolkit does at each request.
func (s *Server) readDemands() (d demands, err error) {
	if s.web.ConfigFile == "" {
		return d, nil
	}
	text, err := os.ReadFile(s.web.ConfigFile)
	if err != nil {
		return d, err
	}
	return d, yaml.Unmarshal(text, &d)
}

// login reports whether clients need a password.
func (d *demands) login() bool { return len(d.Users) > 0 }

// certificate reports whether clients need a certificate.
func (d *demands) certificate() bool { return strings.HasPrefix(d.TLS.ClientAuth, "Require") }

// met reports whether a request that exporter-toolkit let through has shown
// what is demanded. A password that is there was found right.
func (d *demands) met(r *http.Request) bool {
	_, _, login := r.BasicAuth()
	return (login || !d.login()) && (!d.certificate() || shown(r.TLS, d.TLS.ClientAuth))
}

func shown(state *tls.ConnectionState, policy string) bool {
	if state == nil {
		return false
	}
	return len(state.VerifiedChains) > 0 || policy != "RequireAndVerifyClientCert" && len(state.PeerCertificates) > 0
}

// guard keeps up what the web configuration demanded at the start.
// exporter-toolkit reads the file again at each request, and one that is empty
// or cut, because it is just being written, would let everybody in.
func (s *Server) guard(next http.Handler) http.Handler {
	// A file that cannot be read now is told by exporter-toolkit, which then
	// does not serve.
	began, _ := s.readDemands()
	if !began.login() && !began.certificate() {
		return next
	}
	var refusing atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now, err := s.readDemands()
		fewer := began.login() && !now.login() || began.certificate() && !now.certificate()
		if err != nil || fewer || !began.met(r) {
			if !refusing.Swap(true) {
				_ = level.Error(s.Logger).Log("msg", "the web configuration asks less of clients than at the start; nothing is served",
					"file", s.web.ConfigFile, "advice", "restart the exporter if that is meant")
			}
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		refusing.Store(false)
		next.ServeHTTP(w, r)
	})
}
