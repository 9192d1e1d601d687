package main

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"nginx-exporter/client"
	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/plus"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/redact"
)

const (
	programName        = "nginx-exporter"
	serveCommand       = "serve"
	checkConfigCommand = "check-config"
	versionCommand     = "version"
)

// cli is the command line: its definition, and what was parsed.
type cli struct {
	app    *kingpin.Application
	lookup func(string) (string, bool) // of the environment
	flags  []*flag

	config    config.Config
	logLevel  string
	logFormat string
	legacy    legacy

	vtsExporter vtsExporter

	manifests manifests
	snippet   snippetRequest
	setup     setupRequest
	check     checkRequest
	longHelp  bool // show rarely used flags in the help

	deprecations []string // warnings about old spellings

	doctor     doctorOptions
	hpa        hpaRequest
	simulation simulation
	planning   planning
	applying   planning
	removal    planning // only the workload, and the flags of kubectl
	change     change
}

func newCLI(stdout, stderr io.Writer, lookup func(string) (string, bool)) *cli {
	c := &cli{lookup: lookup}
	c.app = kingpin.New(programName, "Prometheus exporter for NGINX and NGINX Plus.")
	c.app.UsageWriter(stdout)
	c.app.ErrorWriter(redact.Writer{To: stderr})
	c.app.Version(version.Print(programName))
	c.setUsage()
	c.app.HelpFlag.Short('h')
	c.app.HelpFlag.Help("Show help, also for a command; --help-long shows all flags.")
	c.app.VersionFlag.Short('v').Help("Show the version.")
	c.app.Command(serveCommand, "Scrape NGINX and expose its metrics (default).").Default()
	c.addCheckConfig()
	c.addInject()
	c.addUninject()
	c.addSnippet()
	c.addSetup()
	c.addDoctor()
	c.addAutoscale()
	c.app.Command(versionCommand, "Show the version.")
	c.config.UserAgent = programName + "/" + version.Version
	c.config.Web.Limits = config.DefaultLimits()
	c.nginxFlags()
	c.plusFlags()
	c.collectorFlags()
	c.prometheusFlags()
	c.webFlags()
	c.otherFlags()
	c.legacyFlags()
	c.vtsExporterFlags()
	return c
}

func (c *cli) nginxFlags() {
	n := &c.config.Nginx
	c.add("nginx.scrape-uri", "SCRAPE_URI", list(&n.ScrapeURIs, "http://127.0.0.1:8080/stub_status"),
		"URI of the NGINX status page or API: http://, https:// or unix:SOCKET:PATH. Repeatable.")
	c.add("nginx.mode", "", text(&n.Mode, client.ModeAuto.String()).oneOf(collector.Modes()...),
		"Type of the endpoint: "+strings.Join(collector.Modes(), ", ")+".")
	c.add("nginx.plus", "NGINX_PLUS", boolean(&n.Plus, false),
		"Same as --nginx.mode=plus.")
	c.add("nginx.timeout", "TIMEOUT", duration(&n.Timeout, 5*time.Second),
		"Timeout for scraping a target.")
	c.add("nginx.addr-label", "", text(&n.AddrLabel, config.AddrLabels()[0]).oneOf(config.AddrLabels()...),
		"When to add the label addr: auto (two or more targets) or always.")
	c.add("nginx.host-header", "", text(&n.Host, "").named("HOST"),
		"Host header of requests, instead of the host of the target.").rare = true
	c.add("nginx.proxy-protocol", "PROXY_PROTOCOL", boolean(&n.ProxyProtocol, false),
		"Send a PROXY protocol header on each connection.")
	c.add("nginx.access-log", "", list(&n.AccessLogs).named("INPUT"),
		"Access log: spool:PATH, PATH, udp://HOST:PORT or unix:PATH. Repeatable.")
	c.add("nginx.access-log-format", "", text(&n.AccessLogFormat, accesslog.Own),
		"Name of a known format, or the log_format of NGINX.").rare = true
	c.add("nginx.ssl-verify", "SSL_VERIFY", boolean(&n.Verify, true),
		"Verify the TLS certificate of NGINX.")
	c.add("nginx.ssl-server-name", "", text(&n.ServerName, "").named("NAME"),
		"Name for SNI and in the certificate, instead of the host of the target.")
	c.add("nginx.ssl-ca-cert", "SSL_CA_CERT", text(&n.CACert, "").named("PATH"),
		"CA certificates to trust, instead of the system's.")
	c.add("nginx.ssl-client-cert", "SSL_CLIENT_CERT", text(&n.ClientCert, "").named("PATH"),
		"TLS client certificate.")
	c.add("nginx.ssl-client-key", "SSL_CLIENT_KEY", text(&n.ClientKey, "").named("PATH"),
		"Key of the TLS client certificate.")
}

func (c *cli) plusFlags() {
	n := &c.config.Nginx
	regexp := func(to *string) *value { return text(to, "").named("REGEXP") }
	c.add("nginx.plus.pad-codes", "", boolean(&n.PadCodes, false),
		"Expose the 40 status codes of nginx-prometheus-exporter, 0 if not seen.")
	c.add("nginx.plus.max-series", "", number(&n.Filter.MaxSeries, 0),
		"Maximum number of series per target (0: unlimited).")
	c.add("nginx.plus.zone-include", "", regexp(&n.Filter.IncludeZones),
		"Regexp of zones to include, also caches and resolvers (anchored).")
	c.add("nginx.plus.zone-exclude", "", regexp(&n.Filter.ExcludeZones),
		"Regexp of zones to exclude (anchored).")
	c.add("nginx.plus.upstream-include", "", regexp(&n.Filter.IncludeUpstreams),
		"Regexp of upstreams to include (anchored).").rare = true
	c.add("nginx.plus.upstream-exclude", "", regexp(&n.Filter.ExcludeUpstreams),
		"Regexp of upstreams to exclude (anchored).").rare = true
	c.add("nginx.plus.peer-include", "", regexp(&n.Filter.IncludeServers),
		"Regexp of upstream servers to include, by address or name (anchored).").rare = true
	c.add("nginx.plus.peer-exclude", "", regexp(&n.Filter.ExcludeServers),
		"Regexp of upstream servers to exclude, by address or name (anchored).").rare = true
	c.add("nginx.plus.server-id", "", boolean(&n.ServerID, false),
		"Add the label id to upstream servers, instead of summing servers with the same address.").rare = true
	c.add("nginx.plus.max-document", "", size(&n.MaxDocument, plus.DefaultMaxDocument),
		"Maximum size of an API document, in bytes or with a unit such as MiB.").rare = true
}

// collectorFlags defines a flag for each source that can be disabled.
func (c *cli) collectorFlags() {
	filter := &c.config.Nginx.Filter
	filter.Sources = map[string]bool{}
	for _, source := range collector.Sources() {
		v := boolean(new(bool), source.Default)
		set := v.set
		v.set = func(s string) error {
			on, _ := strconv.ParseBool(s) // set returns the error
			filter.Sources[source.Name] = on
			return set(s)
		}
		c.add("collector."+source.Name, "", v, "Collect "+source.About+".").rare = true
	}
}

func (c *cli) prometheusFlags() {
	c.add("prometheus.const-label", "CONST_LABELS", list(&c.config.ConstLabs).named("NAME=VALUE"),
		"Constant label for all NGINX series. Repeatable.")
	c.add("rate.window", "", durations(&c.config.Rate.Windows).named("DURATION"),
		"Expose requests per second over this window, also at /rate/DURATION. Repeatable.")
}

func (c *cli) webFlags() {
	w := &c.config.Web
	c.add("web.listen-address", "LISTEN_ADDRESS", list(&w.Listen, ":9113"),
		"Address to listen on: [HOST]:PORT, unix:/PATH or vsock://:PORT. Repeatable.")
	c.add("web.systemd-socket", "SYSTEMD_SOCKET", boolean(&w.Systemd, false),
		"Listen on the sockets of a systemd .socket unit instead; by default if there is one.")
	c.add("web.config.file", "CONFIG_FILE", text(&w.ConfigFile, "").named("PATH"),
		"exporter-toolkit file to enable TLS or authentication.")
	c.add("web.telemetry-path", "TELEMETRY_PATH", text(&w.TelemetryPath, "/metrics"),
		"Path under which to expose metrics.")
	c.add("web.exporter-metrics", "", text(&w.ExporterMetrics, "basic").oneOf("none", "basic", "full"),
		"Metrics about the exporter itself: none, basic or full.")
	c.add("web.max-requests", "", number(&w.MaxRequests, 128),
		"Maximum number of parallel scrape requests.")
	c.add("web.page", "", boolean(&w.Page, true),
		"Serve the live page at /, and its data at /api/v1/state.")
	c.add("web.enable-lifecycle", "", boolean(&w.Lifecycle, false),
		"Enable reload via POST /-/reload.")
}

func (c *cli) otherFlags() {
	c.add("config.file", "", text(&c.config.File, "").named("PATH"),
		"Configuration file with targets, modules and timeouts; reloaded on change.")
	c.add("log.level", "", text(&c.logLevel, "info").oneOf("debug", "info", "warn", "error"),
		"Minimum severity to log: debug, info, warn or error.")
	c.add("log.format", "", text(&c.logFormat, "logfmt").oneOf("logfmt", "json"),
		"Log format: logfmt or json.")
}
