package config

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"reflect"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client"
)

// transport makes round trippers out of prometheus/common's configuration. It
// is plain data, so that a reload can tell whether anything changed.
//
// It puts the library's round trippers together itself, since the function
// that does so there links OAuth 2 and proxies of the environment, which
// nobody needs before a status page, and a tracer into the program: 0.9 MB.
type transport struct{ config promconfig.HTTPClientConfig }

// RoundTripper implements [client.Transport].
func (t transport) RoundTripper(base func(*tls.Config) *http.Transport) (http.RoundTripper, error) {
	config := &t.config.TLSConfig
	tlsConfig, err := promconfig.NewTLSConfig(config)
	if err != nil {
		return nil, err
	}
	tlsConfig.MinVersion = max(tlsConfig.MinVersion, tls.VersionTLS12)
	wrap := func(tlsConfig *tls.Config) (http.RoundTripper, error) { return t.wrap(base(tlsConfig)), nil }
	files := promconfig.TLSRoundTripperSettings{}
	if config.CAFile != "" {
		files.CA = promconfig.NewFileSecret(config.CAFile)
	}
	if config.CertFile != "" {
		files.Cert = promconfig.NewFileSecret(config.CertFile)
	}
	if config.KeyFile != "" {
		files.Key = promconfig.NewFileSecret(config.KeyFile)
	}
	if reflect.ValueOf(files).IsZero() {
		return wrap(tlsConfig)
	}
	return promconfig.NewTLSRoundTripper(tlsConfig, files, wrap)
}

// wrap adds what each request carries. Files are read at each request.
func (t transport) wrap(base *http.Transport) http.RoundTripper {
	if proxy := t.config.ProxyURL.URL; proxy != nil {
		base.Proxy = http.ProxyURL(proxy)
		base.ProxyConnectHeader = t.config.GetProxyConnectHeader()
	}
	var tripper http.RoundTripper = base
	if auth := t.config.Authorization; auth != nil {
		credentials := secret(auth.Credentials, auth.CredentialsFile)
		tripper = promconfig.NewAuthorizationCredentialsRoundTripper(auth.Type, credentials, tripper)
	}
	if auth := t.config.BasicAuth; auth != nil {
		user, password := secret(promconfig.Secret(auth.Username), auth.UsernameFile), secret(auth.Password, auth.PasswordFile)
		tripper = promconfig.NewBasicAuthRoundTripper(user, password, tripper)
	}
	if headers := t.config.HTTPHeaders; headers != nil {
		tripper = promconfig.NewHeadersRoundTripper(headers, tripper)
	}
	return tripper
}

func secret(text promconfig.Secret, file string) promconfig.SecretReader {
	if file != "" {
		return promconfig.NewFileSecret(file)
	}
	return promconfig.NewInlineSecret(string(text))
}

// newTransport returns the transport for a target, or nil where nothing but
// the defaults is asked for. Files are read once now, so that a wrong one is
// told at the start and not at each scrape.
func newTransport(config promconfig.HTTPClientConfig, target client.Target) (client.Transport, error) {
	if _, err := promconfig.NewTLSConfig(&config.TLSConfig); err != nil {
		return nil, err
	}
	for _, path := range credentialFiles(&config) {
		if err := readable(path); err != nil {
			return nil, err
		}
	}
	if target.HasLogin() && (config.BasicAuth != nil || config.Authorization != nil) {
		return nil, fmt.Errorf("target %s: the credentials stand both in the URI and under http_client_config", target)
	}
	if !target.TLS() {
		config.TLSConfig = promconfig.TLSConfig{}
	}
	if reflect.ValueOf(config).IsZero() {
		return nil, nil // net/http alone does it, and is cheaper
	}
	return transport{config: config}, nil
}

func credentialFiles(config *promconfig.HTTPClientConfig) []string {
	var paths []string
	if config.BasicAuth != nil {
		paths = append(paths, config.BasicAuth.UsernameFile, config.BasicAuth.PasswordFile)
	}
	if config.Authorization != nil {
		paths = append(paths, config.Authorization.CredentialsFile)
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
	file, err := os.Open(path) // the operator names the file
	if err != nil {
		return err
	}
	return file.Close()
}
