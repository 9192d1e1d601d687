package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/collector/source"
)

// addrLabel is the label that identifies one of several targets.
const addrLabel = "addr"

// builder makes targets from flags and file.
type builder struct {
	nginx     Nginx
	mode      client.Mode
	http      promconfig.HTTPClientConfig // of the --nginx.ssl flags
	labels    map[string]string           // on every target
	userAgent string
	sources   []source.Info // all that exist
	fromFile  bool
	warnings  []string
}

func (c *Config) newBuilder() (*builder, error) {
	b := &builder{nginx: c.Nginx, userAgent: c.UserAgent, sources: collector.Sources()}
	var err error
	if b.mode, err = c.Nginx.mode(); err != nil {
		return nil, err
	}
	if !slices.Contains(AddrLabels(), c.Nginx.AddrLabel) {
		return nil, fmt.Errorf("--nginx.addr-label: %q is not one of %v", c.Nginx.AddrLabel, AddrLabels())
	}
	if c.Nginx.Timeout <= 0 {
		return nil, fmt.Errorf("--nginx.timeout: %s is not positive", c.Nginx.Timeout)
	}
	if (c.Nginx.ClientCert == "") != (c.Nginx.ClientKey == "") {
		return nil, errors.New("--nginx.ssl-client-cert and --nginx.ssl-client-key must be set together")
	}
	b.http.TLSConfig = promconfig.TLSConfig{
		CAFile: c.Nginx.CACert, CertFile: c.Nginx.ClientCert, KeyFile: c.Nginx.ClientKey,
		ServerName: c.Nginx.ServerName, InsecureSkipVerify: !c.Nginx.Verify,
	}
	if _, err := promconfig.NewTLSConfig(&b.http.TLSConfig); err != nil {
		return nil, fmt.Errorf("--nginx.ssl-ca-cert, --nginx.ssl-client-cert, --nginx.ssl-client-key: %s", oneLine(err))
	}
	if err := c.Nginx.validateFilter(b.sources); err != nil {
		return nil, err
	}
	if c.Nginx.MaxDocument <= 0 {
		return nil, errors.New("--nginx.plus.max-document must be positive")
	}
	if err := checkHost(c.Nginx.Host); err != nil {
		return nil, fmt.Errorf("--nginx.host-header: %w", err)
	}
	if err := checkServerName(c.Nginx.ServerName); err != nil {
		return nil, fmt.Errorf("--nginx.ssl-server-name: %w", err)
	}
	if b.labels, err = parseLabels(c.ConstLabs); err != nil {
		return nil, err
	}
	b.warnLabels(b.labels, "--prometheus.const-label")
	return b, nil
}

// validateFilter checks each flag separately, so that the error names it.
func (n *Nginx) validateFilter(known []source.Info) error {
	filter := n.Filter
	for _, one := range []struct {
		flag   string
		filter source.Filter
	}{
		{"zone-include", source.Filter{IncludeZones: filter.IncludeZones}},
		{"zone-exclude", source.Filter{ExcludeZones: filter.ExcludeZones}},
		{"upstream-include", source.Filter{IncludeUpstreams: filter.IncludeUpstreams}},
		{"upstream-exclude", source.Filter{ExcludeUpstreams: filter.ExcludeUpstreams}},
		{"peer-include", source.Filter{IncludeServers: filter.IncludeServers}},
		{"peer-exclude", source.Filter{ExcludeServers: filter.ExcludeServers}},
		{"max-series", source.Filter{MaxSeries: filter.MaxSeries}},
	} {
		if err := one.filter.Validate(known); err != nil {
			return fmt.Errorf("--nginx.plus.%s: %s", one.flag, strings.Join(strings.Fields(err.Error()), " "))
		}
	}
	return filter.Validate(known)
}

// targets returns the targets of /metrics: those of the file if it has a list,
// even an empty one, otherwise those of the flags.
func (b *builder) targets(file *File) ([]collector.TargetOptions, error) {
	var list []Target
	if b.fromFile = file.Targets != nil; b.fromFile {
		if !b.nginx.DefaultURI {
			return nil, errors.New("--nginx.scrape-uri and `targets` in --config.file are mutually exclusive")
		}
		list = *file.Targets
	} else {
		for _, uri := range b.nginx.ScrapeURIs {
			list = append(list, Target{URI: uri})
		}
	}
	options := make([]collector.TargetOptions, 0, len(list))
	keys, addrs := map[string]bool{}, map[string]bool{}
	for i := range list {
		option, addr, err := b.target(&list[i], len(list) > 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.where(i), err)
		}
		key := option.Client.Target.Key()
		if keys[key] {
			return nil, fmt.Errorf("%s: target %s is given twice", b.where(i), option.Client.Target)
		}
		keys[key] = true
		if addrs[addr] {
			return nil, fmt.Errorf("%s: duplicate label addr=%q; set `name` for the targets in --config.file", b.where(i), addr)
		}
		addrs[addr] = true
		options = append(options, option)
	}
	return options, nil
}

func (b *builder) where(i int) string {
	if b.fromFile {
		return fmt.Sprintf("--config.file: targets[%d]", i)
	}
	return "--nginx.scrape-uri"
}

// target returns the options of a target and its label addr.
func (b *builder) target(t *Target, several bool) (collector.TargetOptions, string, error) {
	options, err := b.module(&t.Module, t.URI)
	if err != nil {
		return options, "", err
	}
	labels := maps.Clone(b.labels)
	if err := checkLabels(t.Labels); err != nil {
		return options, "", fmt.Errorf("labels: %w", err)
	}
	if !utf8.ValidString(t.Name) {
		return options, "", errors.New("name: not valid UTF-8")
	}
	maps.Copy(labels, t.Labels)
	addr := cmp.Or(t.Name, options.Client.Target.String())
	if several || t.Name != "" || b.nginx.AddrLabel == "always" {
		if _, clash := labels[addrLabel]; clash {
			b.warn("the label addr identifies the targets and overrides the constant label addr")
		}
		labels[addrLabel] = addr
	}
	options.Labels = sorted(labels)
	return options, addr, nil
}

// module returns the options of a target, with the values of flags for keys that
// are not set.
func (b *builder) module(m *Module, uri string) (collector.TargetOptions, error) {
	var options collector.TargetOptions
	target, err := client.ParseTarget(uri)
	if err != nil {
		return options, err
	}
	mode := b.mode
	if m.Mode != "" {
		if mode, err = collector.ParseMode(m.Mode); err != nil {
			return options, fmt.Errorf("mode: %w", err)
		}
	}
	if options.Filter, err = b.filter(m); err != nil {
		return options, fmt.Errorf("collectors: %w", err)
	}
	http := b.http
	if m.HTTP != nil {
		http = m.HTTP.HTTPClientConfig
		if !m.HTTP.hasTLS {
			http.TLSConfig = b.http.TLSConfig
		}
	}
	http, err = forTarget(http, target)
	if err != nil {
		return options, fmt.Errorf("http_client_config: %s", oneLine(err))
	}
	options.Client = client.Options{
		Target:        target,
		Mode:          mode,
		Timeout:       cmp.Or(time.Duration(m.Timeout), b.nginx.Timeout),
		Host:          cmp.Or(m.Host, b.nginx.Host),
		UserAgent:     b.userAgent,
		ProxyProtocol: b.nginx.ProxyProtocol,
		HTTP:          http,
	}
	if m.ProxyProtocol != nil {
		options.Client.ProxyProtocol = *m.ProxyProtocol
	}
	if err := checkHost(m.Host); err != nil {
		return options, fmt.Errorf("host: %w", err)
	}
	return options, nil
}

// filter returns what is collected from a target: the flags, overridden by the
// file.
func (b *builder) filter(m *Module) (source.Filter, error) {
	filter := b.nginx.Filter
	filter.Sources = maps.Clone(filter.Sources)
	if filter.Sources == nil {
		filter.Sources = map[string]bool{}
	}
	maps.Copy(filter.Sources, m.Collectors)
	return filter, filter.Validate(b.sources)
}

func (b *builder) warn(warning string) {
	if !slices.Contains(b.warnings, warning) {
		b.warnings = append(b.warnings, warning)
	}
}
