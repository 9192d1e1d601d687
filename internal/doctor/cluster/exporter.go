package cluster

import (
	"regexp"
	"strconv"
	"strings"
)

// Exporter is the container of a pod that exposes metrics of nginx.
type Exporter struct {
	Pod         *Pod
	Container   string
	Port        int
	PortName    string // empty if the container does not declare it
	ScrapeURI   string // empty for the default
	Path        string // of the metrics
	LacksDoctor bool   // it is another product, without our commands
}

// FindExporter finds the exporter of nginx among the containers of a pod, which may
// include exporters of other programs; nil if there is none.
func FindExporter(spec *PodSpec) (best *Exporter) {
	most := 0
	for _, c := range spec.All() {
		if e, score := readExporter(&c); score > most {
			best, most = &e, score
		}
	}
	return best
}

// readExporter reads where a container exposes metrics. The score tells how likely it is
// an exporter of nginx, by its image, name and port; 0 if it is none.
func readExporter(c *Container) (e Exporter, score int) {
	const defaultPort = 9113
	image := c.Image[strings.LastIndexByte(c.Image, '/')+1:]
	e = Exporter{
		Container: c.Name, Port: defaultPort,
		ScrapeURI:   c.Flag("nginx.scrape-uri", "NGINX_EXPORTER_NGINX_SCRAPE_URI", "SCRAPE_URI"),
		Path:        c.Flag("web.telemetry-path", "NGINX_EXPORTER_WEB_TELEMETRY_PATH", "TELEMETRY_PATH"),
		LacksDoctor: strings.Contains(image, "nginx-prometheus-exporter"),
	}
	if !strings.HasPrefix(e.Path, "/") {
		e.Path = "/metrics"
	}
	for _, text := range []string{image, c.Name} {
		if strings.Contains(text, "exporter") {
			score = max(score, 1)
			if strings.Contains(text, "nginx") {
				score = 3
			}
		}
	}
	for _, port := range c.Ports {
		if port.ContainerPort == defaultPort || score > 0 && len(c.Ports) == 1 {
			e.Port, e.PortName = port.ContainerPort, port.Name
		}
		if port.ContainerPort == defaultPort {
			score = max(score, 2)
		}
	}
	listen := c.Flag("web.listen-address", "NGINX_EXPORTER_WEB_LISTEN_ADDRESS", "LISTEN_ADDRESS")
	if port, err := strconv.Atoi(listen[strings.LastIndexByte(listen, ':')+1:]); err == nil {
		e.Port = port
	}
	return e, score
}

// ExporterResponse requests a path from an exporter through the API server.
func (o *Observation) ExporterResponse(e *Exporter, scheme, path string) (string, error) {
	return read[string](o, proxyPath(o.Namespace.Value(), "pods", scheme, e.Pod.Metadata.Name, strconv.Itoa(e.Port), path))
}

// Exposition is what the metrics of an exporter say about its nginx.
type Exposition struct {
	Up      bool     // nginx_up is 1 for every nginx
	HasUp   bool     // there is an nginx_up
	Partial bool     // there is none, but other metrics of the exporter
	Reasons []string // failed scrapes by reason, as in "3 times refused"
}

// Exposition requests the metrics of an exporter, over TLS if it requires that.
func (o *Observation) Exposition(e *Exporter) (Exposition, error) {
	text, err := o.ExporterResponse(e, "http", e.Path)
	if ReasonOf(err) == BadRequest || err != nil && strings.Contains(err.Error(), "malformed HTTP") {
		text, err = o.ExporterResponse(e, "https", e.Path)
	}
	if err != nil {
		return Exposition{}, err
	}
	return parseExposition(text), nil
}

func parseExposition(text string) (p Exposition) {
	reason := regexp.MustCompile(`^nginx_exporter_scrape_errors_total\{.*reason="([a-z_]+)".*\} ([0-9.e+]+)$`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		p.Partial = p.Partial || strings.HasPrefix(name, "nginx_exporter") || strings.HasPrefix(name, "nginx_connections")
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
	p.Partial = p.Partial && !p.HasUp
	return p
}
