package web

import (
	"io"
	"net/http"
)

// healthy tells that the exporter runs. It never asks nginx: an exporter must
// not be restarted because nginx is down.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, "the exporter is healthy\n")
}

// ready tells whether scrapes are taken, which ends when the exporter is told
// to stop.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		answer(w, http.StatusServiceUnavailable, "the exporter is stopping\n")
		return
	}
	answer(w, http.StatusOK, "the exporter is ready\n")
}

// reload loads the configuration again, as SIGHUP does.
func (s *Server) reload(w http.ResponseWriter, _ *http.Request) {
	if err := s.Reload(); err != nil {
		answer(w, http.StatusInternalServerError, err.Error()+"\n")
		return
	}
	answer(w, http.StatusOK, "the configuration is loaded\n")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that has gone needs no answer
}
