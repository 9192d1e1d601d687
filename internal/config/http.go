package config

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client"
)

// forTarget returns the part of the HTTP configuration that applies to a target.
// It also reads the files, so that a wrong path is an error at the start and not in
// each scrape.
func forTarget(config promconfig.HTTPClientConfig, target client.Target) (promconfig.HTTPClientConfig, error) {
	if err := checkRegular(config.TLSConfig.CAFile, config.TLSConfig.CertFile, config.TLSConfig.KeyFile); err != nil {
		return config, err
	}
	if _, err := promconfig.NewTLSConfig(&config.TLSConfig); err != nil {
		return config, err
	}
	for _, path := range credentialFiles(&config) {
		if err := checkCredential(path); err != nil {
			return config, err
		}
	}
	if target.HasLogin() && (config.BasicAuth != nil || config.Authorization != nil) {
		return config, fmt.Errorf("target %s: credentials are in both the URI and http_client_config", target)
	}
	if !target.TLS() {
		config.TLSConfig = promconfig.TLSConfig{}
	}
	return config, nil
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

// checkCredential checks that a file can be read and its content sent.
func checkCredential(path string) error {
	if path == "" {
		return nil
	}
	file, err := openRegular(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	const limit = 1 << 20               // more than any credential has
	text, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return err
	}
	if !sendable(strings.TrimSpace(string(text))) { // as the library does
		return fmt.Errorf("%s: content contains a control character", path)
	}
	return nil
}

// checkValues refuses headers and credentials that cannot be sent.
func (h *HTTPClient) checkValues() error {
	values := map[string][]string{}
	if h.HTTPHeaders != nil {
		for name, header := range h.HTTPHeaders.Headers {
			if !regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString(name) {
				return fmt.Errorf("http_headers: %q is not a valid header name", name)
			}
			values["http_headers: "+name] = append(texts(header.Secrets), header.Values...)
		}
	}
	for name, secrets := range h.ProxyConnectHeader {
		values["proxy_connect_header: "+strings.ToValidUTF8(name, "?")] = append(texts(secrets), name)
	}
	if auth := h.Authorization; auth != nil {
		values["authorization: type"] = []string{auth.Type}
		values["authorization: credentials"] = []string{string(auth.Credentials)}
	}
	if auth := h.BasicAuth; auth != nil {
		values["basic_auth: username"] = []string{auth.Username}
		values["basic_auth: password"] = []string{string(auth.Password)}
	}
	if h.ProxyURL.URL != nil {
		password, _ := h.ProxyURL.User.Password()
		values["proxy_url"] = []string{h.ProxyURL.User.Username(), password}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !sendable(strings.Join(values[key], "")) {
			return fmt.Errorf("%s: value contains a control character", key)
		}
	}
	return nil
}

func texts(secrets []promconfig.Secret) []string {
	var all []string
	for _, secret := range secrets {
		all = append(all, string(secret))
	}
	return all
}

// sendable reports whether a text can be the value of a header.
//
// See https://www.rfc-editor.org/rfc/rfc9110#section-5.5.
func sendable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
