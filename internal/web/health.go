package web

import (
	"io"
	"net/http"
)

// healthy responds as long as the exporter runs. It never contacts nginx: the
// exporter must not be restarted because nginx is down.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, "the exporter is healthy\n")
}

// ready reports whether scrapes are accepted, until the exporter shuts down.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		respond(w, http.StatusServiceUnavailable, "the exporter is shutting down\n")
		return
	}
	respond(w, http.StatusOK, "the exporter is ready\n")
}

// reload reloads the configuration, as SIGHUP does.
func (s *Server) reload(w http.ResponseWriter, _ *http.Request) {
	if err := s.Reload(); err != nil {
		respond(w, http.StatusInternalServerError, err.Error()+"\n")
		return
	}
	respond(w, http.StatusOK, "configuration reloaded\n")
}

func respond(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may have disconnected
}
