package config

import (
	"fmt"
	"os"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client"
)

// forTarget returns what of the HTTP configuration applies to a target. Files
// are opened once now, so that a wrong path is an error at the start and not at
// each scrape.
func forTarget(config promconfig.HTTPClientConfig, target client.Target) (promconfig.HTTPClientConfig, error) {
	// The library would wait for ever for a writer of a named pipe.
	for _, path := range []string{config.TLSConfig.CAFile, config.TLSConfig.CertFile, config.TLSConfig.KeyFile} {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return config, fmt.Errorf("%s is not a regular file", path)
		}
	}
	if _, err := promconfig.NewTLSConfig(&config.TLSConfig); err != nil {
		return config, err
	}
	for _, path := range credentialFiles(&config) {
		if err := readable(path); err != nil {
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

func readable(path string) error {
	if path == "" {
		return nil
	}
	file, err := openRegular(path)
	if err != nil {
		return err
	}
	return file.Close()
}
