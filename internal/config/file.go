package config

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// File is the configuration file. The doc tags become the descriptions of its
// JSON schema.
type File struct {
	Targets *[]Target         `yaml:"targets,omitempty" doc:"Targets of /metrics, instead of --nginx.scrape-uri. Empty for exporters that only probe."`
	Modules map[string]Module `yaml:"modules,omitempty" doc:"Settings for targets of /probe, by module name. The module default always exists."`
	Probe   Probe             `yaml:"probe,omitempty" doc:"Rules of /probe."`

	AccessLogs []AccessLog `yaml:"access_logs,omitempty" doc:"Access logs of nginx that are not logs of a target."`

	Web FileWeb `yaml:"web,omitempty" doc:"Limits of the exporter's own HTTP server. Changes take effect at the next start."`
}

// Target is one nginx to scrape.
type Target struct {
	URI    string            `yaml:"uri" doc:"URI of the status page or API: http://, https:// or unix:SOCKET:PATH."`
	Name   string            `yaml:"name,omitempty" doc:"Value of the label addr, instead of the URI."`
	Labels map[string]string `yaml:"labels,omitempty" doc:"Labels of all series of this target; they override constant labels of the same name."`
	Module `yaml:",inline"`

	AccessLogs []AccessLog `yaml:"access_logs,omitempty" doc:"Access logs of this nginx."`
}

// Module configures how a target is scraped.
type Module struct {
	Mode          string          `yaml:"mode,omitempty" doc:"Type of the endpoint: auto or a mode of --nginx.mode."`
	Timeout       Duration        `yaml:"timeout,omitempty" doc:"Timeout for scraping the target."`
	Host          string          `yaml:"host,omitempty" doc:"Host header of the requests."`
	ProxyProtocol *bool           `yaml:"proxy_protocol,omitempty" doc:"Send a PROXY protocol header on each connection."`
	Collectors    map[string]bool `yaml:"collectors,omitempty" doc:"Enables or disables collectors, by the names of the --collector flags."`
	HTTP          *HTTPClient     `yaml:"http_client_config,omitempty" doc:"Credentials, headers and TLS, as in Prometheus. Changed files are reloaded."`
}

// Probe configures /probe.
type Probe struct {
	Allow []Allow `yaml:"allow,omitempty" doc:"Targets that may be probed. If empty, /probe is disabled."`
}

// Allow is a rule for targets that may be probed.
type Allow struct {
	Host  string   `yaml:"host,omitempty" doc:"Host name as in the target, or *.DOMAIN for all names below a domain."`
	CIDR  string   `yaml:"cidr,omitempty" doc:"Address range, for targets with an IP address."`
	Ports []uint16 `yaml:"ports,omitempty" doc:"Allowed ports; if empty, all."`
}

// HTTPClient is the http_client_config of prometheus/common, with other defaults:
// no redirects, no HTTP/2.
//
// See https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config.
type HTTPClient struct {
	promconfig.HTTPClientConfig
	hasTLS bool // tls_config is present, even if empty
}

// UnmarshalYAML decodes the structure of the library with our defaults. It has the
// older of the two signatures that the YAML library supports: with the newer one,
// unknown keys below would be accepted.
func (h *HTTPClient) UnmarshalYAML(unmarshal func(any) error) error {
	// The library's own UnmarshalYAML would set its defaults.
	type plain promconfig.HTTPClientConfig
	if err := unmarshal((*plain)(&h.HTTPClientConfig)); err != nil {
		return nameKey(err)
	}
	var keys map[string]any
	if err := unmarshal(&keys); err != nil {
		return err
	}
	_, h.hasTLS = keys["tls_config"]
	if err := h.check(); err != nil {
		return fmt.Errorf("http_client_config: %w", err)
	}
	return nil
}

// nameKey adds the key to errors of the library, and removes values, which may be
// secrets. Errors of the YAML library contain the line.
func nameKey(err error) error {
	var types *yaml.TypeError
	var address *url.Error
	switch {
	case errors.As(err, &types):
		return err
	case errors.As(err, &address):
		return errors.New("http_client_config: proxy_url: not a valid URL")
	default:
		return fmt.Errorf("http_client_config: %w", err)
	}
}

// check refuses keys of the library that this exporter does not support.
func (h *HTTPClient) check() error {
	for _, refused := range []struct {
		found  bool
		reason string
	}{
		{h.FollowRedirects, "follow_redirects: redirects are never followed"},
		{h.EnableHTTP2, "enable_http2: nginx is queried with HTTP/1.1"},
		{h.OAuth2 != nil, "oauth2: not supported; use authorization with a credentials_file"},
		{h.ProxyFromEnvironment, "proxy_from_environment: not supported; set proxy_url"},
		{h.NoProxy != "", "no_proxy: not supported; set proxy_url for some targets only"},
		{h.refersToSecrets(), "*_ref keys are not supported; use *_file"},
		{h.TLSConfig.MinVersion != 0 && h.TLSConfig.MinVersion < tls.VersionTLS12, "tls_config: min_version: must be TLS12 or later"},
		{h.TLSConfig.MaxVersion != 0 && h.TLSConfig.MaxVersion < tls.VersionTLS12, "tls_config: max_version: must be TLS12 or later"},
	} {
		if refused.found {
			return errors.New(refused.reason)
		}
	}
	if err := h.Validate(); err != nil {
		return err
	}
	return h.checkValues()
}

func (h *HTTPClient) refersToSecrets() bool {
	refs := h.TLSConfig.CARef + h.TLSConfig.CertRef + h.TLSConfig.KeyRef
	if h.BasicAuth != nil {
		refs += h.BasicAuth.UsernameRef + h.BasicAuth.PasswordRef
	}
	if h.Authorization != nil {
		refs += h.Authorization.CredentialsRef
	}
	return refs != ""
}

// loadFile reads a configuration file. Relative paths in it are relative to its
// directory.
func loadFile(path string) (*File, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("--config.file: %w", err)
	}
	file, err := parseFile(text)
	if err != nil {
		return nil, fmt.Errorf("--config.file: %s: %s", path, oneLine(err))
	}
	file.setDirectory(filepath.Dir(path))
	return file, nil
}

// maxFile is the maximum size of a configuration file in bytes: about 100,000
// targets.
const maxFile = 16 << 20

// readFile reads a file. An empty one is an error: it is probably being rewritten.
func readFile(path string) ([]byte, error) {
	file, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	case len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))) == 0:
		return nil, fmt.Errorf("%s is empty; {} is valid and means all defaults", path)
	}
	return text, nil
}

// openRegular opens a file and fails if it is not a regular one: opening or reading
// a named pipe, for example, could block forever.
func openRegular(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // the operator names the file
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		_ = file.Close() // it was not read
		return nil, err
	}
	return file, nil
}

// checkRegular refuses files that a library reads and that may never end, such as a
// named pipe without a writer. Missing ones are reported by the library.
func checkRegular(paths ...string) error {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path)
		}
	}
	return nil
}

func parseFile(text []byte) (*File, error) {
	file := &File{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("file contains more than one YAML document")
	}
	return file, nil
}

func (f *File) setDirectory(directory string) {
	if f.Targets != nil {
		for i := range *f.Targets {
			(*f.Targets)[i].HTTP.setDirectory(directory)
			for j := range (*f.Targets)[i].AccessLogs {
				(*f.Targets)[i].AccessLogs[j].setDirectory(directory)
			}
		}
	}
	for i := range f.AccessLogs {
		f.AccessLogs[i].setDirectory(directory)
	}
	for _, module := range f.Modules {
		module.HTTP.setDirectory(directory)
	}
}

func (h *HTTPClient) setDirectory(directory string) {
	if h != nil {
		h.SetDirectory(directory)
	}
}
