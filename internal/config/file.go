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
	"regexp"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// File is the configuration file. The doc tags become the descriptions of its
// JSON schema.
type File struct {
	Targets *[]Target         `yaml:"targets,omitempty" doc:"What to scrape, in place of --nginx.scrape-uri. An empty list scrapes nothing, for exporters that only probe."`
	Modules map[string]Module `yaml:"modules,omitempty" doc:"How /probe asks its targets, by name; the module default is there without being written."`
	Probe   Probe             `yaml:"probe,omitempty" doc:"Which targets /probe may ask."`
	Web     FileWeb           `yaml:"web,omitempty" doc:"Timeouts of the exporter's own HTTP server. Changes take effect at the next start."`
}

// Target is one nginx to scrape.
type Target struct {
	URI    string            `yaml:"uri" doc:"Address of the status page: http://, https:// or unix:SOCKET:PATH."`
	Name   string            `yaml:"name,omitempty" doc:"Value of the label addr in place of the URI."`
	Labels map[string]string `yaml:"labels,omitempty" doc:"Labels on every series of this target; they replace constant labels of the same name."`
	Module `yaml:",inline"`
}

// Module says how a target is asked.
type Module struct {
	Mode          string          `yaml:"mode,omitempty" doc:"What the target is: auto, stub_status or plus."`
	Timeout       Duration        `yaml:"timeout,omitempty" doc:"Bounds a whole scrape of the target."`
	Host          string          `yaml:"host,omitempty" doc:"Host header of the requests."`
	ProxyProtocol *bool           `yaml:"proxy_protocol,omitempty" doc:"Begin each connection with a PROXY protocol header."`
	Collectors    map[string]bool `yaml:"collectors,omitempty" doc:"Switches single sources of NGINX Plus on or off, by the names of the --collector flags."`
	HTTP          *HTTPClient     `yaml:"http_client_config,omitempty" doc:"Credentials, headers and TLS, as everywhere in Prometheus. Files are read again when they change."`
}

// Probe says which targets /probe may ask.
type Probe struct {
	Allow []Allow `yaml:"allow,omitempty" doc:"The targets that may be asked. An empty list turns /probe off."`
}

// Allow names targets that /probe may ask.
type Allow struct {
	Host  string   `yaml:"host,omitempty" doc:"A host name as it is written in the target, or *.DOMAIN for all below a domain."`
	CIDR  string   `yaml:"cidr,omitempty" doc:"A range of addresses, for targets that are written as an IP address."`
	Ports []uint16 `yaml:"ports,omitempty" doc:"The ports that may be asked; none means any."`
}

// HTTPClient is prometheus/common's http_client_config with the defaults of a
// client that stays where it was sent: no redirects, no HTTP/2.
type HTTPClient struct {
	promconfig.HTTPClientConfig
	hasTLS bool // tls_config is there, even if it says nothing but the defaults
}

// UnmarshalYAML reads the library's structure over our defaults. It has the
// older of the two signatures that the YAML library knows, since only that one
// goes on refusing unknown keys further down.
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

// nameKey names the key in errors of the library that hold its value, which may
// be a secret, or none. Those of the YAML library tell the line already.
func nameKey(err error) error {
	var types *yaml.TypeError
	var address *url.Error
	switch {
	case errors.As(err, &types):
		return err
	case errors.As(err, &address):
		return errors.New("http_client_config: proxy_url: it is not a valid URL")
	default:
		return fmt.Errorf("http_client_config: %w", err)
	}
}

// check refuses what the library could do and this exporter does not.
func (h *HTTPClient) check() error {
	for _, refused := range []struct {
		found  bool
		reason string
	}{
		{h.FollowRedirects, "follow_redirects: redirects are never followed"},
		{h.EnableHTTP2, "enable_http2: nginx is asked in HTTP/1.1"},
		{h.OAuth2 != nil, "oauth2: it is not supported; use authorization with a credentials_file"},
		{h.ProxyFromEnvironment, "proxy_from_environment: proxies are never taken from the environment; set proxy_url"},
		{h.NoProxy != "", "no_proxy: it is not supported; set proxy_url only where it is wanted"},
		{h.refersToSecrets(), "there is no secret manager, so *_ref keys refer to nothing; use *_file"},
		{h.TLSConfig.MinVersion != 0 && h.TLSConfig.MinVersion < tls.VersionTLS12, "tls_config: min_version: TLS12 is the oldest there is"},
		{h.TLSConfig.MaxVersion != 0 && h.TLSConfig.MaxVersion < tls.VersionTLS12, "tls_config: max_version: TLS12 is the oldest there is"},
	} {
		if refused.found {
			return errors.New(refused.reason)
		}
	}
	if err := h.Validate(); err != nil {
		return err
	}
	return h.checkHeaders()
}

// checkHeaders refuses headers with which no request could be sent.
func (h *HTTPClient) checkHeaders() error {
	if h.HTTPHeaders == nil {
		return nil
	}
	for name, header := range h.HTTPHeaders.Headers {
		if !regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString(name) {
			return fmt.Errorf("http_headers: %q is no name of a header", name)
		}
		values := slices.Clone(header.Values)
		for _, secret := range header.Secrets {
			values = append(values, string(secret))
		}
		if strings.ContainsFunc(strings.Join(values, ""), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fmt.Errorf("http_headers: %s: a value holds a control character", name)
		}
	}
	return nil
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

// LoadFile reads and checks the form of a configuration file. Relative paths
// in it are relative to its folder.
func LoadFile(path string) (*File, error) {
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

// maxFile is the largest configuration file in bytes, some 100,000 targets.
const maxFile = 16 << 20

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path) // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s has more than %d MiB", path, maxFile>>20)
	}
	return text, err
}

func parseFile(text []byte) (*File, error) {
	file := &File{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one YAML document")
	}
	return file, nil
}

// oneLine brings the errors of the YAML library into one line, in words of the
// file and not of the program. The values that it shows between backticks go:
// one may be a secret in the wrong place.
func oneLine(err error) string {
	text := err.Error()
	var types *yaml.TypeError
	if errors.As(err, &types) {
		text = types.Errors[0]
	}
	text = strings.Join(strings.Fields(text), " ")
	text = regexp.MustCompile("`.*`").ReplaceAllString(text, "a value")
	text = regexp.MustCompile(`field (\S+) not found in type \S+`).ReplaceAllString(text, `there is no key "$1" here`)
	return regexp.MustCompile(`cannot unmarshal !!(\w+)( a value)? into \S+`).ReplaceAllString(text, "a value of type $1 does not fit here")
}

func (f *File) setDirectory(directory string) {
	if f.Targets != nil {
		for i := range *f.Targets {
			(*f.Targets)[i].HTTP.setDirectory(directory)
		}
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
