package config

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// validateTLS checks the TLS flags of nginx-prometheus-exporter 0.9 to 0.11.
func (w *Web) validateTLS() error {
	if !w.SecuredMetrics {
		return nil
	}
	if w.ConfigFile != "" {
		return errors.New("--web.secured-metrics and --web.config.file are mutually exclusive")
	}
	if w.TLSCert == "" || w.TLSKey == "" {
		return errors.New("--web.secured-metrics requires --web.ssl-server-cert and --web.ssl-server-key")
	}
	err := checkRegular(w.TLSCert, w.TLSKey)
	if err == nil {
		_, err = tls.LoadX509KeyPair(w.TLSCert, w.TLSKey)
	}
	if err != nil {
		return fmt.Errorf("--web.ssl-server-cert, --web.ssl-server-key: %w", err)
	}
	return nil
}
