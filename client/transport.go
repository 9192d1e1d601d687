package client

import (
	"crypto/tls"
	"net/http"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// newTripper returns the round tripper of one target, with its own connections.
// It reloads the credential and TLS files of the configuration when they change.
//
// It does not use promconfig.NewRoundTripperFromConfig, whose transport requests
// compressed responses, traces each connection, and does not bound response
// headers.
func newTripper(options *Options) (http.RoundTripper, error) {
	transport := func(tlsConfig *tls.Config) (http.RoundTripper, error) {
		return withHeaders(newTransport(options, tlsConfig), &options.HTTP), nil
	}
	config := &options.HTTP.TLSConfig
	tlsConfig, err := promconfig.NewTLSConfig(config)
	if err != nil {
		return nil, err
	}
	tlsConfig.MinVersion = max(tlsConfig.MinVersion, tls.VersionTLS12)
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
	if files == (promconfig.TLSRoundTripperSettings{}) {
		return transport(tlsConfig)
	}
	return promconfig.NewTLSRoundTripper(tlsConfig, files, transport)
}

// maxIdle is how many idle connections to a target are kept: at least as many
// as requests run concurrently.
const maxIdle = 8

func newTransport(options *Options, tlsConfig *tls.Config) *http.Transport {
	transport := &http.Transport{
		DialContext:            options.dial(),
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    options.Timeout,
		DisableCompression:     true,
		IdleConnTimeout:        2 * time.Minute,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if proxy := options.HTTP.ProxyURL.URL; proxy != nil {
		transport.Proxy = http.ProxyURL(proxy)
		transport.ProxyConnectHeader = options.HTTP.GetProxyConnectHeader()
	}
	return transport
}

// withHeaders adds the credentials and headers of the configuration to each
// request. It reads files at each request.
func withHeaders(tripper http.RoundTripper, config *promconfig.HTTPClientConfig) http.RoundTripper {
	if auth := config.Authorization; auth != nil {
		tripper = promconfig.NewAuthorizationCredentialsRoundTripper(auth.Type, secret(auth.Credentials, auth.CredentialsFile), tripper)
	}
	if auth := config.BasicAuth; auth != nil {
		user, password := secret(promconfig.Secret(auth.Username), auth.UsernameFile), secret(auth.Password, auth.PasswordFile)
		tripper = promconfig.NewBasicAuthRoundTripper(user, password, tripper)
	}
	if config.HTTPHeaders != nil {
		tripper = promconfig.NewHeadersRoundTripper(config.HTTPHeaders, tripper)
	}
	return tripper
}

func secret(text promconfig.Secret, file string) promconfig.SecretReader {
	if file != "" {
		return promconfig.NewFileSecret(file)
	}
	return promconfig.NewInlineSecret(string(text))
}
