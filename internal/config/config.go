package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/exporter-toolkit/web"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
	"nginx-exporter/collector"
	"nginx-exporter/collector/source"
	"nginx-exporter/internal/redact"
)

// Config holds the values of flags and environment, not validated yet.
type Config struct {
	Nginx     Nginx
	Web       Web
	Rate      Rate
	ConstLabs []string // NAME=VALUE each
	File      string   // path of the configuration file, empty for none
	UserAgent string   // header of requests to nginx

	// Variables has the environment variable of each flag that got its value
	// from one, by the name of the flag without dashes. Errors name it.
	Variables map[string]string
}

// Nginx holds the --nginx flags.
type Nginx struct {
	ScrapeURIs    []string
	DefaultURI    bool // ScrapeURIs is the default
	Mode          string
	Plus          bool
	Verify        bool
	CACert        string
	ClientCert    string
	ClientKey     string
	ServerName    string // empty for the host of the target
	ProxyProtocol bool
	Host          string
	Timeout       time.Duration
	AddrLabel     string // one of AddrLabels

	Filter      source.Filter // what is collected
	MaxDocument int64         // size of an NGINX Plus document in bytes
	PadCodes    bool
	ServerID    bool

	VTSCompat    bool   // metrics of nginx-vts-exporter
	VTSNamespace string // that their names begin with

	AccessLogs      []string // addresses of access logs
	AccessLogFormat string   // of these
}

// AddrLabels lists the values of --nginx.addr-label, the default first.
func AddrLabels() []string { return []string{"auto", "always"} }

// Web holds the --web flags.
type Web struct {
	Listen          []string
	Systemd         bool
	ConfigFile      string
	TelemetryPath   string
	ExporterMetrics string
	MaxRequests     int
	Lifecycle       bool
	Page            bool   // the live page at /
	TLSCert         string // TLS flags of versions 0.x
	TLSKey          string
	SecuredMetrics  bool
	Limits          // the file may override them
}

// Settings are validated values. Only Validate makes them.
type Settings struct {
	targets  []collector.TargetOptions
	logs     []Log
	probe    *Probes
	web      Web
	options  collector.Options
	fromFile bool
	warnings []string
}

// Targets returns the targets of /metrics. The caller must not modify it.
func (s *Settings) Targets() []collector.TargetOptions { return s.targets }

// FromFile reports whether the targets are from the configuration file.
func (s *Settings) FromFile() bool { return s.fromFile }

// Probes returns the rules of /probe.
func (s *Settings) Probes() *Probes { return s.probe }

// CollectorOptions returns the options of the collector, without a logger.
func (s *Settings) CollectorOptions() collector.Options { return s.options }

// Web returns the settings of the exporter's own HTTP server.
func (s *Settings) Web() Web { return s.web }

// Warnings returns warnings about the configuration, one line each.
func (s *Settings) Warnings() []string { return s.warnings }

// Validate reads the configuration file, if any, and validates everything. Its
// errors are one line that names the flag, variable or key, and contain no secret.
func (c *Config) Validate() (*Settings, error) {
	settings, err := c.validate()
	if err != nil {
		err = c.NameVariables(err)
		return nil, &rewordedError{redact.Text(err.Error()), err}
	}
	for i, warning := range settings.warnings {
		settings.warnings[i] = c.nameVariables(warning)
	}
	return settings, nil
}

func (c *Config) validate() (*Settings, error) {
	if err := c.Web.validate(); err != nil {
		return nil, err
	}
	if err := c.Rate.validate(c.Web.TelemetryPath); err != nil {
		return nil, err
	}
	file := &File{}
	if c.File != "" {
		loaded, err := loadFile(c.File)
		if err != nil {
			return nil, err
		}
		file = loaded
	}
	settings := &Settings{web: c.Web, options: collector.Options{
		ExporterMetrics: collector.ExporterMetrics(c.Web.ExporterMetrics),
		PadCodes:        c.Nginx.PadCodes, ServerID: c.Nginx.ServerID, MaxDocument: c.Nginx.MaxDocument, RateWindows: c.Rate.Windows,
		VTSCompat: c.Nginx.VTSCompat, VTSNamespace: c.Nginx.VTSNamespace,
	}}
	if name := c.Nginx.VTSNamespace; c.Nginx.VTSCompat && name != "" && !model.LegacyValidation.IsValidMetricName(name) {
		return nil, fmt.Errorf("--metrics.namespace: %q is not a valid beginning of metric names", name)
	}
	file.Web.override(&settings.web.Limits)
	if file.Web.MaxConnections == nil {
		settings.web.MaxConnections = max(settings.web.MaxConnections, connectionsPerRequest*c.Web.MaxRequests)
	}
	b, err := c.newBuilder()
	if err != nil {
		return nil, err
	}
	if settings.targets, err = b.targets(file); err != nil {
		return nil, err
	}
	if settings.probe, err = b.probes(file); err != nil {
		return nil, err
	}
	if settings.logs, err = b.accessLogs(file, settings.targets); err != nil {
		return nil, err
	}
	for i := range settings.logs {
		settings.logs[i].Options.Windows = c.Rate.Windows
	}
	settings.fromFile, settings.warnings = b.fromFile, b.warnings
	return settings, nil
}

// rewordedError is an error with another text.
type rewordedError struct {
	text string
	err  error
}

// Error implements [error].
func (e *rewordedError) Error() string { return e.text }

func (e *rewordedError) Unwrap() error { return e.err }

// NameVariables replaces the flags in the text of an error by the variables that
// were set instead.
func (c *Config) NameVariables(err error) error {
	if err == nil {
		return nil
	}
	if text := c.nameVariables(err.Error()); text != err.Error() {
		return &rewordedError{text, err}
	}
	return err
}

func (c *Config) nameVariables(text string) string {
	return regexp.MustCompile(`--[a-z]+(?:[.-][a-z]+)+`).ReplaceAllStringFunc(text, func(flag string) string {
		return cmp.Or(c.Variables[strings.TrimPrefix(flag, "--")], flag)
	})
}

func (w *Web) validate() error {
	err := checkRegular(w.ConfigFile)
	if err == nil || w.ConfigFile == os.DevNull {
		err = web.Validate(w.ConfigFile)
	}
	if err != nil {
		return fmt.Errorf("--web.config.file: %s", oneLine(err))
	}
	if err := w.validateTLS(); err != nil {
		return err
	}
	if err := w.validatePath(); err != nil {
		return err
	}
	if !slices.Contains(metricsLevels(), w.ExporterMetrics) {
		return fmt.Errorf("--web.exporter-metrics: %q is not one of %s", w.ExporterMetrics, strings.Join(metricsLevels(), ", "))
	}
	for _, address := range w.Listen {
		if err := checkListen(address); err != nil {
			return fmt.Errorf("--web.listen-address: %w", err)
		}
	}
	if len(w.Listen) == 0 && !w.Systemd {
		return errors.New("--web.listen-address: missing address")
	}
	if w.MaxRequests < 1 {
		return errors.New("--web.max-requests must be at least 1")
	}
	return nil
}

// metricsLevels lists the values of --web.exporter-metrics.
func metricsLevels() []string {
	return []string{string(collector.MetricsNone), string(collector.MetricsBasic), string(collector.MetricsFull)}
}

// reservedPaths are the prefixes of other paths of the exporter.
func (w *Web) reservedPaths() []string {
	if w.Page {
		return []string{"/probe", "/-", "/api/v1/page", "/api/v1/state"}
	}
	return []string{"/probe", "/-"}
}

// validatePath accepts only paths that routers and proxies interpret alike.
func (w *Web) validatePath() error {
	path := w.TelemetryPath
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("--web.telemetry-path: %q must begin with a slash", path)
	case strings.Trim(path, allowed) != "":
		return fmt.Errorf("--web.telemetry-path: %q may contain only letters, digits and -._~/", path)
	case strings.Contains(path, "//") || strings.Contains(path, "/.") || len(path) > 1 && strings.HasSuffix(path, "/"):
		return fmt.Errorf("--web.telemetry-path: %q has an empty or dotted segment", path)
	}
	for _, reserved := range w.reservedPaths() {
		if path == reserved || strings.HasPrefix(path, reserved+"/") {
			return fmt.Errorf("--web.telemetry-path: %s is reserved", reserved)
		}
	}
	return nil
}

func checkListen(address string) error {
	if socket, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
			return fmt.Errorf("%q: socket path must be absolute", address)
		}
		return nil
	}
	if strings.HasPrefix(address, "vsock://") {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT, [IPv6]:PORT, :PORT, unix:/PATH or vsock://:PORT", address)
	}
	if _, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", port); err != nil {
		return fmt.Errorf("%q: invalid port %q", address, port)
	}
	return nil
}

// mode resolves --nginx.mode and --nginx.plus.
func (n *Nginx) mode() (client.Mode, error) {
	mode, err := collector.ParseMode(n.Mode)
	if err != nil {
		return mode, fmt.Errorf("--nginx.mode: %w", err)
	}
	if n.Plus {
		if mode != client.ModeAuto && mode != plus.Mode {
			return mode, fmt.Errorf("--nginx.plus and --nginx.mode=%s are mutually exclusive", mode)
		}
		mode = plus.Mode
	}
	return mode, nil
}
