package web

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/common/version"

	"nginx-exporter/internal/page"
)

// pagePath and statePath are the paths of the live page besides /.
const (
	pagePath  = "/" + page.Folder + "/"
	statePath = "/api/v1/state"
)

// livePage registers the live page.
func (s *Server) livePage(mux *http.ServeMux) {
	links := []page.Link{
		{Address: strings.TrimPrefix(s.web.TelemetryPath, "/"), Text: "Metrics"},
		{Address: "-/healthy", Text: "Health"},
		{Address: "-/ready", Text: "Readiness"},
		{Address: strings.TrimPrefix(statePath, "/"), Text: "State (JSON)"},
	}
	for _, link := range s.rateLinks() {
		links = append(links, page.Link{Address: strings.TrimPrefix(link.Address, "/"), Text: link.Text})
	}
	s.page = page.New(page.Options{Collector: s.Collector, Version: version.Version, Links: links, Examine: s.Examine})
	s.viewers = make(slots, s.web.MaxRequests)
	for name, asset := range page.Assets() {
		mux.HandleFunc("GET "+pagePath+name, func(w http.ResponseWriter, r *http.Request) { s.asset(w, r, asset) })
	}
	mux.HandleFunc("GET "+statePath, s.state)
	mux.HandleFunc("GET /{$}", s.root)
}

// noting records scrapes, which the page shows.
func (s *Server) noting(metrics http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.page.Scrapers.Note(r)
		metrics.ServeHTTP(w, r)
	})
}

// asset responds with a file of the page.
func (s *Server) asset(w http.ResponseWriter, r *http.Request, asset page.Asset) {
	page.SetHeaders(w.Header())
	w.Header().Set("Cache-Control", "no-cache") // another version may be installed
	w.Header().Set("Etag", asset.Tag)
	if strings.Contains(r.Header.Get("If-None-Match"), asset.Tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", asset.Type)
	s.send(w, r, 0, func(w http.ResponseWriter) error { return s.compressed(w, r, asset.Text()) })
}

// state responds with the state of all targets, as JSON.
func (s *Server) state(w http.ResponseWriter, r *http.Request) {
	page.SetHeaders(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	state, ok := s.look(w, r)
	if !ok {
		return
	}
	text, err := state.JSON()
	if err != nil {
		http.Error(w, "the state cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	const perRow = 16 // bytes of JSON
	s.send(w, r, len(text)/perRow, func(w http.ResponseWriter) error { return s.compressed(w, r, text) })
}

// look returns the state within the limit of viewers. It has responded if it fails.
func (s *Server) look(w http.ResponseWriter, r *http.Request) (*page.State, bool) {
	select {
	case s.viewers <- struct{}{}:
		defer func() { <-s.viewers }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, errBusy.Error(), http.StatusServiceUnavailable)
		return nil, false
	}
	state, err := s.page.State(r.Context())
	if err != nil {
		http.Error(w, "the request was cancelled", http.StatusServiceUnavailable)
	}
	return state, err == nil
}

func (s *Server) compressed(w http.ResponseWriter, r *http.Request, text []byte) error {
	w.Header().Set("Vary", "Accept-Encoding")
	out := &encoder{response: w, gzip: acceptsGzip(r.Header), compressors: &s.compressors}
	if !out.gzip || len(text) <= smallResponse {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	}
	_, err := out.Write(text)
	if closeErr := out.close(); err == nil {
		err = closeErr
	}
	return err
}

// root responds with the live page, or its summary as text. Only clients that accept
// these types explicitly cause a scrape: a load balancer that checks / does not send
// Accept, or accepts everything.
func (s *Server) root(w http.ResponseWriter, r *http.Request) {
	page.SetHeaders(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept")
	accept := strings.Join(r.Header.Values("Accept"), ",")
	before, after := s.page.Before, s.page.After
	switch {
	case strings.Contains(accept, "text/html") && r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		s.send(w, r, 0, func(out http.ResponseWriter) error { return s.writePage(w, out, r, before, after) })
	case strings.Contains(accept, "text/plain"):
		if state, ok := s.look(w, r); ok {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			s.send(w, r, 0, func(w http.ResponseWriter) error { return state.WriteText(w) })
		}
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		s.send(w, r, 0, func(w http.ResponseWriter) error {
			_, err := w.Write(bytes.Join([][]byte{before, after}, nil))
			return err
		})
	}
}

// writePage writes the page, which browsers show at once, and then the state for
// readers without scripts.
func (s *Server) writePage(w, out http.ResponseWriter, r *http.Request, before, after []byte) error {
	if _, err := out.Write(before); err != nil {
		return err
	}
	_ = http.NewResponseController(w).Flush() // without it the page comes with the state
	select {
	case s.viewers <- struct{}{}:
		defer func() { <-s.viewers }()
		if state, err := s.page.State(r.Context()); err == nil {
			if err := state.WriteHTML(out); err != nil {
				return err
			}
		}
	default: // too many viewers
	}
	_, err := out.Write(after)
	return err
}
