package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"nginx-exporter/client/vts"
)

// vtsExporter has the flags of nginx-vts-exporter.
//
// See https://github.com/sysulq/nginx-vts-exporter.
type vtsExporter struct {
	address   string
	endpoint  string
	uri       string
	timeout   string // whole seconds
	insecure  bool
	goMetrics bool
}

// vtsExporterFlags defines the flags of nginx-vts-exporter, which are hidden. They
// need --compat.vts-exporter.
func (c *cli) vtsExporterFlags() {
	n, old := &c.config.Nginx, &c.vtsExporter
	c.add("compat.vts-exporter", "", boolean(&n.VTSCompat, false),
		"Use the metric names, flags and variables of nginx-vts-exporter.").rare = true
	for _, f := range []struct {
		name string
		*value
	}{
		{"telemetry.address", text(&old.address, "")},
		{"telemetry.endpoint", text(&old.endpoint, "")},
		{"metrics.namespace", text(&n.VTSNamespace, "")},
		{"nginx.scrape_uri", text(&old.uri, "")},
		{"nginx.scrape_timeout", text(&old.timeout, "")},
		{"insecure", boolean(&old.insecure, true)},
		{"go.metrics", boolean(&old.goMetrics, false)},
	} {
		// Variables would be those of other flags: nginx.scrape-uri has a similar name.
		added := c.addFlag(f.name, nil, f.value, "Flag of nginx-vts-exporter.")
		added.hidden, added.compat = true, true
		added.clause.Hidden()
	}
}

// given tells which flags are set, by the command line or a variable.
type given struct {
	*cli
	args []string
}

func (g given) has(name string) bool {
	return g.onCommandLine(g.args, name) || g.onCommandLine(g.args, "no-"+name) || g.find(name).given
}

// value returns that of a flag, else of a variable, else the default.
func (g given) value(flag, name, variable, standard string) string {
	switch text, _ := g.lookup(variable); {
	case g.has(name):
		return flag
	case text != "":
		return text
	default:
		return standard
	}
}

// applyVTSExporter copies the values of the flags of nginx-vts-exporter, and of the
// variables of its image, to those that have replaced them. Its defaults replace
// those of this program, but no flag that is set.
func (c *cli) applyVTSExporter(args []string) error {
	g := given{c, args}
	n, w, old := &c.config.Nginx, &c.config.Web, &c.vtsExporter
	if !n.VTSCompat {
		if i := slices.IndexFunc(c.flags, func(f *flag) bool { return f.compat && g.has(f.name) }); i >= 0 {
			return fmt.Errorf("--%s is a flag of nginx-vts-exporter: add --compat.vts-exporter", c.flags[i].name)
		}
		return nil
	}
	n.VTSNamespace = g.value(n.VTSNamespace, "metrics.namespace", "METRICS_NS", "nginx")
	if !g.has("web.listen-address") {
		w.Listen = []string{g.value(old.address, "telemetry.address", "METRICS_ADDR", ":9913")}
	}
	if !g.has("web.telemetry-path") {
		w.TelemetryPath = g.value(old.endpoint, "telemetry.endpoint", "METRICS_ENDPOINT", "/metrics")
	}
	if old.goMetrics && !g.has("web.exporter-metrics") {
		w.ExporterMetrics = "full"
	}
	return g.applyTarget()
}

// applyTarget sets how nginx is scraped.
func (g given) applyTarget() error {
	n, old := &g.config.Nginx, &g.vtsExporter
	if standard := g.vtsExporterURI(); !g.has("nginx.scrape-uri") {
		n.ScrapeURIs = []string{g.value(old.uri, "nginx.scrape_uri", "NGINX_STATUS", standard)}
		n.DefaultURI = n.ScrapeURIs[0] == standard
	}
	if !g.has("nginx.mode") && !n.Plus {
		n.Mode = string(vts.Mode)
	}
	if !g.has("nginx.ssl-verify") {
		n.Verify = !old.insecure
	}
	if g.has("nginx.timeout") {
		return nil
	}
	seconds, err := strconv.Atoi(g.value(old.timeout, "nginx.scrape_timeout", "", "2"))
	if err != nil || seconds <= 0 || int64(seconds) > int64(math.MaxInt64/time.Second) {
		return errors.New("--nginx.scrape_timeout is not a number of seconds above zero")
	}
	n.Timeout = time.Duration(seconds) * time.Second
	return nil
}

// vtsExporterURI returns the default target of nginx-vts-exporter, or of its image.
func (c *cli) vtsExporterURI() string {
	if host, _ := c.lookup("NGINX_HOST"); host != "" {
		return host + "/status" + vts.FormatJSON
	}
	return "http://localhost/status" + vts.FormatJSON
}
