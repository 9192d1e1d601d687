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

// Listen opens the addresses at which the exporter is to be reached, so that a
// port that is taken is told before anything else begins. Those of systemd and
// vsock are opened, or taken over, by exporter-toolkit, and cost a little more.
func (s *Server) Listen(ctx context.Context) error {
	if s.web.Systemd {
		s.endpoints = append(s.endpoints, s.newEndpoint(toolkit.FlagConfig{WebSystemdSocket: &s.web.Systemd}))
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

// endpoint is one address and the server behind it. Each has a server of its
// own, because exporter-toolkit changes the server that it serves.
type endpoint struct {
	listener net.Listener // nil where exporter-toolkit opens it
	flags    toolkit.FlagConfig
	server   *http.Server
}

func (s *Server) newEndpoint(flags toolkit.FlagConfig) *endpoint {
	flags.WebConfigFile = &s.web.ConfigFile
	return &endpoint{flags: flags, server: s.newHTTP()}
}

func (e *endpoint) serve(s *Server) error {
	if e.listener == nil {
		flag := "--web.listen-address"
		if s.web.Systemd {
			flag = "--web.systemd-socket"
		}
		return fmt.Errorf("%s: %w", flag, toolkit.ListenAndServe(e.server, &e.flags, s.Slog))
	}
	return toolkit.Serve(e.listener, e.server, &e.flags, s.Slog)
}

func (s *Server) closeListeners() {
	for _, e := range s.endpoints {
		if e.listener != nil {
			_ = e.listener.Close() // nothing was served on it yet
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
	if !s.web.SecuredMetrics {
		return listener, nil
	}
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Read at each handshake, so that a renewed certificate is served.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, err := tls.LoadX509KeyPair(s.web.TLSCert, s.web.TLSKey)
			return &certificate, err
		},
	}), nil
}

// removeStale takes away the socket that a killed exporter left behind, and
// nothing else.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil // listening tells what is wrong, if anything is
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close() // it only had to be opened
		return fmt.Errorf("unix:%s: another program listens there", path)
	}
	return os.Remove(path)
}

// Serve answers until Shutdown has ended, or until an address fails.
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
