package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Listen opens the listeners, so that an address in use is an error before
// anything else starts. exporter-toolkit opens those of vsock later.
func (s *Server) Listen(ctx context.Context) error {
	if s.web.Systemd {
		listeners, err := activated()
		if err != nil {
			return fmt.Errorf("--web.systemd-socket: %w", err)
		}
		for _, listener := range listeners {
			e := s.newEndpoint(toolkit.FlagConfig{})
			e.listener = s.secure(listener)
			s.endpoints = append(s.endpoints, e)
		}
		return nil
	}
	for _, address := range s.web.Listen {
		e := s.newEndpoint(toolkit.FlagConfig{WebListenAddresses: &[]string{address}})
		if !strings.HasPrefix(address, "vsock://") {
			listener, err := s.open(ctx, address)
			if err != nil {
				s.closeListeners()
				return fmt.Errorf("--web.listen-address: %w", err)
			}
			e.listener = listener
		}
		s.endpoints = append(s.endpoints, e)
	}
	return nil
}

// endpoint is one address with a server of its own, because exporter-toolkit
// modifies the server that it serves.
type endpoint struct {
	listener net.Listener // nil if exporter-toolkit opens it
	flags    toolkit.FlagConfig
	server   *http.Server
}

func (s *Server) newEndpoint(flags toolkit.FlagConfig) *endpoint {
	flags.WebConfigFile = &s.web.ConfigFile
	return &endpoint{flags: flags, server: s.newHTTP()}
}

func (e *endpoint) serve(s *Server) error {
	if e.listener == nil {
		return fmt.Errorf("--web.listen-address: %w", toolkit.ListenAndServe(e.server, &e.flags, s.Slog))
	}
	return toolkit.Serve(e.listener, e.server, &e.flags, s.Slog)
}

func (s *Server) closeListeners() {
	for _, e := range s.endpoints {
		if e.listener != nil {
			_ = e.listener.Close() // unused so far
		}
	}
}

func (s *Server) open(ctx context.Context, address string) (net.Listener, error) {
	network := "tcp"
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		network, address = "unix", path
		if err := removeStale(ctx, path); err != nil {
			return nil, err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return s.secure(listener), nil
}

// secure adds TLS if the flags of nginx-prometheus-exporter 0.x enable it.
func (s *Server) secure(listener net.Listener) net.Listener {
	if !s.web.SecuredMetrics {
		return listener
	}
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Loaded for each handshake, so that renewed certificates are used.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, err := tls.LoadX509KeyPair(s.web.TLSCert, s.web.TLSKey)
			return &certificate, err
		},
	})
}

// removeStale removes the socket of an exporter that was killed, and nothing
// else.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil // listening reports other errors
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close() // opened only to see if the socket is in use
		return fmt.Errorf("unix:%s: already in use", path)
	}
	return os.Remove(path)
}

// Serve serves requests until Shutdown has ended or a listener fails.
func (s *Server) Serve() error {
	failed := make(chan error, len(s.endpoints))
	for _, e := range s.endpoints {
		go func() { failed <- e.serve(s) }()
	}
	for range s.endpoints {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
	}
	return nil
}
