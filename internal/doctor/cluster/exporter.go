package cluster

import (
	"regexp"
	"strconv"
	"strings"
)

// Exporter is where a pod exposes metrics of nginx.
type Exporter struct {
	Pod       *Pod
	Container string
	Port      int
	PortName  string // empty if the container does not declare it
	ScrapeURI string // empty if it is the default
	Path      string // of its metrics
	Foreign   bool   // it is another product, without our commands
}

// FindExporter finds the exporter of nginx among containers, which may include
// exporters of PHP or Redis; nil if there is none.
func FindExporter(spec *PodSpec) (best *Exporter) {
	most := 0
	for _, c := range spec.All() {
		if e, likeness := readExporter(&c); likeness > most {
			best, most = &e, likeness
		}
	}
	return best
}

// readExporter reads where a container exposes metrics, and how much it is like an
// exporter of nginx: by its name or image, or by its usual port.
func readExporter(c *Container) (e Exporter, likeness int) {
	const usual = 9113
	image := c.Image[strings.LastIndexByte(c.Image, '/')+1:]
	e = Exporter{
		Container: c.Name, Port: usual,
		ScrapeURI: c.Flag("nginx.scrape-uri", "NGINX_EXPORTER_NGINX_SCRAPE_URI", "SCRAPE_URI"),
		Path:      c.Flag("web.telemetry-path", "NGINX_EXPORTER_WEB_TELEMETRY_PATH", "TELEMETRY_PATH"),
		Foreign:   strings.Contains(image, "nginx-prometheus-exporter"),
	}
	if !strings.HasPrefix(e.Path, "/") {
		e.Path = "/metrics"
	}
	for _, text := range []string{image, c.Name} {
		if strings.Contains(text, "exporter") {
			likeness = max(likeness, 1)
			if strings.Contains(text, "nginx") {
				likeness = 3
			}
		}
	}
	for _, port := range c.Ports {
		if port.ContainerPort == usual || likeness > 0 && len(c.Ports) == 1 {
			e.Port, e.PortName = port.ContainerPort, port.Name
		}
		if port.ContainerPort == usual {
			likeness = max(likeness, 2)
		}
	}
	listen := c.Flag("web.listen-address", "NGINX_EXPORTER_WEB_LISTEN_ADDRESS", "LISTEN_ADDRESS")
	if port, err := strconv.Atoi(listen[strings.LastIndexByte(listen, ':')+1:]); err == nil {
		e.Port = port
	}
	return e, likeness
}

// ExporterResponse requests a path of an exporter through the API server.
func (o *Observation) ExporterResponse(e *Exporter, scheme, path string) (string, error) {
	return read[string](o, proxyPath(o.Namespace.Value(), "pods", scheme, e.Pod.Metadata.Name, strconv.Itoa(e.Port), path))
}

// Page is what the exposition of an exporter says of its nginx.
type Page struct {
	Up      bool     // of every nginx
	HasUp   bool     // there is nginx_up at all
	Reasons []string // "3 times refused": failed scrapes of nginx so far
}

// Page reads the exposition of an exporter, over TLS if that is what it expects.
func (o *Observation) Page(e *Exporter) (Page, error) {
	text, err := o.ExporterResponse(e, "http", e.Path)
	if ReasonOf(err) == BadRequest || err != nil && strings.Contains(err.Error(), "malformed HTTP") {
		text, err = o.ExporterResponse(e, "https", e.Path)
	}
	if err != nil {
		return Page{}, err
	}
	return parsePage(text), nil
}

func parsePage(text string) (p Page) {
	reason := regexp.MustCompile(`^nginx_exporter_scrape_errors_total\{.*reason="([a-z_]+)".*\} ([0-9.e+]+)$`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		switch name {
		case "nginx_up", "nginxplus_up":
			p.Up = (p.Up || !p.HasUp) && strings.HasSuffix(line, " 1")
			p.HasUp = true
		case "nginx_exporter_scrape_errors_total":
			if m := reason.FindStringSubmatch(line); m != nil && m[2] != "0" {
				p.Reasons = append(p.Reasons, m[2]+" times "+m[1])
			}
		}
	}
	return p
}
