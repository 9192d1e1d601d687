package main

import (
	"io"
	"strconv"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
)

const (
	programName        = "nginx-exporter"
	serveCommand       = "serve"
	checkConfigCommand = "check-config"
)

// cli is the command line: what can be said on it, and what was.
type cli struct {
	app    *kingpin.Application
	lookup func(string) (string, bool) // of the environment
	flags  []*flag

	config    config.Config
	logLevel  string
	logFormat string
	legacy    legacy
	manifests manifests
	snippet   snippetRequest
	notes     []string // what the log should say of old spellings

	doctor doctorOptions
	hpa    hpaRequest
}

func newCLI(stdout, stderr io.Writer, lookup func(string) (string, bool)) *cli {
	c := &cli{lookup: lookup}
	c.app = kingpin.New(programName, "Scrapes NGINX and serves what it says as metrics for Prometheus.")
	c.app.UsageWriter(stdout)
	c.app.ErrorWriter(stderr)
	c.app.Version(version.Print(programName))
	c.app.HelpFlag.Short('h')
	c.app.Command(serveCommand, "Scrape NGINX and serve its metrics.").Default()
	c.app.Command(checkConfigCommand, "Check flags, environment and configuration file, and exit.")
	c.addInject()
	c.addUninject()
	c.addSnippet()
	c.addDoctor()
	c.config.UserAgent = programName + "/" + version.Version
	c.webFlags()
	c.nginxFlags()
	c.plusFlags()
	c.collectorFlags()
	c.otherFlags()
	c.legacyFlags()
	return c
}

func (c *cli) webFlags() {
	w := &c.config.Web
	c.add("web.listen-address", "LISTEN_ADDRESS", list(&w.Listen, ":9113"),
		"Address to serve on: [HOST]:PORT, unix:/PATH or vsock://:PORT. Can be repeated.")
	c.add("web.systemd-socket", "SYSTEMD_SOCKET", boolean(&w.Systemd, false),
		"Serve on the sockets that systemd hands over, in place of --web.listen-address.")
	c.add("web.config.file", "CONFIG_FILE", text(&w.ConfigFile, ""),
		"File with TLS and basic authentication of the exporter's own endpoint, in the form of Prometheus' exporter-toolkit.")
	c.add("web.telemetry-path", "TELEMETRY_PATH", text(&w.TelemetryPath, "/metrics"),
		"Path under which the metrics are served.")
	c.add("web.exporter-metrics", "", text(&w.ExporterMetrics, "basic"),
		"How much the page tells of the exporter's own process: none, basic or full.")
	c.add("web.max-requests", "", number(&w.MaxRequests, 128),
		"Scrapes that may be under way at once; more are answered with 503.")
	c.add("web.read-timeout", "", duration(&w.ReadTimeout, 10*time.Second),
		"How long a client may take to send its request.")
	c.add("web.write-timeout", "", duration(&w.WriteTimeout, 30*time.Second),
		"How long a client may take to receive a page.")
	c.add("web.idle-timeout", "", duration(&w.IdleTimeout, 3*time.Minute),
		"How long a connection of a client is kept without a request.")
	c.add("web.scrape-timeout-offset", "", duration(&w.TimeoutOffset, 500*time.Millisecond),
		"Time to keep of the scrape time-out that Prometheus tells, at most a quarter of it.")
	c.add("web.drain-delay", "", duration(&w.DrainDelay, 0),
		"How long scrapes are still answered after the signal to stop.")
	c.add("web.shutdown-timeout", "", duration(&w.ShutdownTimeout, 8*time.Second),
		"How long scrapes under way may take to end after that.")
	c.add("web.enable-lifecycle", "", boolean(&w.Lifecycle, false),
		"Load the configuration again on POST /-/reload.")
}

func (c *cli) nginxFlags() {
	n := &c.config.Nginx
	c.add("nginx.scrape-uri", "SCRAPE_URI", list(&n.ScrapeURIs, "http://127.0.0.1:8080/stub_status"),
		"Status page of NGINX: an http or https URL, or unix:SOCKET:PATH. Can be repeated.")
	c.add("nginx.mode", "", text(&n.Mode, client.ModeAuto.String()),
		"What the targets are: auto finds out, stub_status, or plus for the NGINX Plus API.")
	c.add("nginx.plus", "NGINX_PLUS", boolean(&n.Plus, false),
		"The same as --nginx.mode=plus.")
	c.add("nginx.timeout", "TIMEOUT", duration(&n.Timeout, 5*time.Second),
		"Bounds a whole scrape of a target.")
	c.add("nginx.addr-label", "", text(&n.AddrLabel, config.AddrLabels()[0]),
		"When series carry the target as label addr: auto for two targets or more, or always.")
	c.add("nginx.host-header", "", text(&n.Host, ""),
		"Host header of the requests, in place of the target's host.")
	c.add("nginx.proxy-protocol", "PROXY_PROTOCOL", boolean(&n.ProxyProtocol, false),
		"Begin each connection to NGINX with a PROXY protocol header.")
	c.add("nginx.ssl-verify", "SSL_VERIFY", boolean(&n.Verify, true),
		"Verify the certificate of NGINX.")
	c.add("nginx.ssl-ca-cert", "SSL_CA_CERT", text(&n.CACert, ""),
		"File with the CA certificates to trust, in place of the system's.")
	c.add("nginx.ssl-client-cert", "SSL_CLIENT_CERT", text(&n.ClientCert, ""),
		"File with the client certificate to show to NGINX.")
	c.add("nginx.ssl-client-key", "SSL_CLIENT_KEY", text(&n.ClientKey, ""),
		"File with the key of the client certificate.")
}

func (c *cli) plusFlags() {
	n := &c.config.Nginx
	c.add("nginx.plus.pad-codes", "", boolean(&n.PadCodes, false),
		"Show 40 status codes of each zone and server, with zero where NGINX Plus does not list them.")
	c.add("nginx.plus.server-id", "", boolean(&n.ServerID, false),
		"Tell servers of an upstream with the same address apart by the label id, in place of adding them up.")
	c.add("nginx.plus.zone-include", "", text(&n.Choice.IncludeZones, ""),
		"Regular expression for the zones to show, caches and resolvers among them; it has to match the whole name.")
	c.add("nginx.plus.zone-exclude", "", text(&n.Choice.ExcludeZones, ""),
		"Regular expression for the zones not to show.")
	c.add("nginx.plus.upstream-include", "", text(&n.Choice.IncludeUpstreams, ""),
		"Regular expression for the upstreams to show.")
	c.add("nginx.plus.upstream-exclude", "", text(&n.Choice.ExcludeUpstreams, ""),
		"Regular expression for the upstreams not to show.")
	c.add("nginx.plus.peer-include", "", text(&n.Choice.IncludeServers, ""),
		"Regular expression for the servers of upstreams to show, by address or by name.")
	c.add("nginx.plus.peer-exclude", "", text(&n.Choice.ExcludeServers, ""),
		"Regular expression for the servers of upstreams not to show.")
	c.add("nginx.plus.max-series", "", number(&n.Choice.MaxSeries, 0),
		"Most series of one target; what comes after is dropped and counted. 0 means no limit.")
	c.add("nginx.plus.max-document", "", size(&n.MaxDocument, plus.DefaultMaxDocument),
		"Largest document of the NGINX Plus API to read, in bytes or with a unit such as MiB.")
}

// collectorFlags has a flag for each thing that can be switched on and off.
func (c *cli) collectorFlags() {
	choice := &c.config.Nginx.Choice
	choice.Sources = map[string]bool{}
	for _, source := range collector.Sources() {
		v := boolean(new(bool), source.Default)
		set := v.set
		v.set = func(s string) error {
			on, _ := strconv.ParseBool(s) // set tells of what is neither
			choice.Sources[source.Name] = on
			return set(s)
		}
		c.add("collector."+source.Name, "", v, "Read "+source.About+".")
	}
}

func (c *cli) otherFlags() {
	c.add("prometheus.const-label", "CONST_LABELS", list(&c.config.ConstLabs),
		"Label NAME=VALUE on every NGINX series. Can be repeated.")
	c.add("rate.window", "", durations(&c.config.Rate.Windows),
		"Also tell requests per second over this window, such as 15s, on the page and at /rate/15s. Can be repeated.")
	c.add("config.file", "", text(&c.config.File, ""),
		"File with targets and probes; it is read again when it changes.")
	c.add("log.level", "", text(&c.logLevel, "info"),
		"Least important lines to log: debug, info, warn or error.")
	c.add("log.format", "", text(&c.logFormat, "logfmt"),
		"Form of the log: logfmt or json.")
}
