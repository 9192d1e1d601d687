package config

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"time"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client"
)

// transport makes round trippers of prometheus/common's configuration. It is
// plain data, so that a reload can tell whether anything changed.
type transport struct{ config promconfig.HTTPClientConfig }

// RoundTripper implements [client.Transport].
func (t transport) RoundTripper(dial client.DialFunc) (http.RoundTripper, error) {
	return promconfig.NewRoundTripperFromConfig(t.config, "nginx",
		promconfig.WithDialContextFunc(promconfig.DialContextFunc(dial)),
		promconfig.WithIdleConnTimeout(2*time.Minute))
}

// newTransport returns the transport for a target, or nil where nothing but
// the defaults is asked for. What it refers to is read once, so that a wrong
// file is told now and not at each scrape.
func newTransport(config promconfig.HTTPClientConfig, target client.Target) (client.Transport, error) {
	if _, err := promconfig.NewTLSConfig(&config.TLSConfig); err != nil {
		return nil, err
	}
	if !target.TLS() {
		config.TLSConfig = promconfig.TLSConfig{}
	}
	if reflect.ValueOf(config).IsZero() {
		return nil, nil //nolint:nilnil // net/http alone does it, and is cheaper
	}
	if target.HasLogin() && (config.BasicAuth != nil || config.Authorization != nil || config.OAuth2 != nil) {
		return nil, fmt.Errorf("target %s: the credentials stand both in the URI and under http_client_config", target)
	}
	t := transport{config: config}
	if _, err := t.RoundTripper((&client.Options{Target: target, Timeout: time.Second}).Dial()); err != nil {
		return nil, err
	}
	for _, path := range credentialFiles(config) {
		if err := readable(path); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func credentialFiles(config promconfig.HTTPClientConfig) []string {
	var paths []string
	if config.BasicAuth != nil {
		paths = append(paths, config.BasicAuth.UsernameFile, config.BasicAuth.PasswordFile)
	}
	if config.Authorization != nil {
		paths = append(paths, config.Authorization.CredentialsFile)
	}
	if config.OAuth2 != nil {
		paths = append(paths, config.OAuth2.ClientSecretFile)
	}
	if config.HTTPHeaders != nil {
		for _, header := range config.HTTPHeaders.Headers {
			paths = append(paths, header.Files...)
		}
	}
	return paths
}

func readable(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return file.Close()
}
