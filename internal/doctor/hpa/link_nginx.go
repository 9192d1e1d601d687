package hpa

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor"
)

// page is what the exporter of one pod says of its nginx.
type page struct {
	up       bool
	known    bool // it says so at all
	requests bool // the counter of requests is there
	reasons  []string
}

// lookNginx reads the metrics of the pods, through the API server.
func (w *walk) lookNginx() doctor.Step {
	const most = 3
	asked, tried := 0, 0
	var why error
	for i := range w.exporters {
		e := &w.exporters[i]
		if !e.pod.ready() || tried == most {
			continue
		}
		tried++ // each may take as long as a question may
		text, err := w.readPage(e)
		if err != nil {
			why = err
			continue
		}
		asked++
		p := readMetrics(text)
		switch {
		case !p.known:
			return broken("the exporter's page has no nginx_up", mend(seen(found(codeNotExporter, "port %d of %s serves no nginx_up", e.port, e.pod.Metadata.Name),
				"container", "%s", e.container), "kubectl -n %s port-forward %s %d, and look at /metrics", w.namespace, e.pod.Metadata.Name, e.port))
		case !p.up:
			return broken("nginx_up is 0", w.exporterTarget(e, p.reasons))
		}
	}
	switch {
	case asked > 0:
		return fine("nginx_up is 1 in %d of %d pods that were asked", asked, asked)
	case reasonOf(why) == forbidden:
		return fine("not asked, since you may not read through pods (pods/proxy); Prometheus will tell")
	case why != nil && strings.Contains(why.Error(), "refused"):
		return w.notListening(why)
	}
	if reason := reasonOf(why); reason == notFound || reason == unauthorized {
		return fine("not seen, since the exporter does not show its page to everybody; Prometheus will tell")
	}
	return fine("not asked, since the API server does not get through to the pods; Prometheus will tell")
}

// readPage reads /metrics of a pod, over TLS if that is what it speaks.
func (w *walk) readPage(e *exporterPort) (string, error) {
	var text string
	port := strconv.Itoa(e.port)
	err := w.cluster.get(w.ctx, proxied(w.namespace, "pods", "http", e.pod.Metadata.Name, port, e.path), &text)
	if reasonOf(err) == "BadRequest" || err != nil && strings.Contains(err.Error(), "malformed HTTP") {
		err = w.cluster.get(w.ctx, proxied(w.namespace, "pods", "https", e.pod.Metadata.Name, port, e.path), &text)
	}
	return text, err
}

func readMetrics(text string) page {
	var p page
	reason := regexp.MustCompile(`^nginx_exporter_scrape_errors_total\{.*reason="([a-z_]+)".*\} ([0-9.e+]+)$`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		switch name {
		case "nginx_up", "nginxplus_up":
			p.up = (p.up || !p.known) && strings.HasSuffix(line, " 1")
			p.known = true
		case "nginx_http_requests_total", "nginxplus_http_requests_total":
			p.requests = true
		case "nginx_exporter_scrape_errors_total":
			if m := reason.FindStringSubmatch(line); m != nil && m[2] != "0" {
				p.reasons = append(p.reasons, m[2]+" times "+m[1])
			}
		}
	}
	return p
}

// exporterTarget is an exporter that finds no status page where it looks.
func (w *walk) exporterTarget(e *exporterPort, reasons []string) *doctor.Finding {
	uri := e.scrapeURI
	if uri == "" {
		uri = "http://127.0.0.1:8080/stub_status, its default"
	}
	f := found(codeExporterTarget, "the exporter of %s runs, but finds no status of nginx where it looks", e.pod.Metadata.Name)
	f = seen(f, "it looks at", "%s", uri)
	if len(reasons) > 0 {
		f = seen(f, "failures so far", "%s", names(reasons))
	}
	f = seen(f, "its last words", "%s", w.log(e.pod, e.container))
	if !e.foreign {
		f = mend(f, "kubectl -n %s exec %s -c %s -- /usr/bin/nginx-exporter doctor", w.namespace, e.pod.Metadata.Name, e.container)
	}
	return mend(f, "nginx-exporter snippet kubernetes   # the status page that nginx needs for it")
}

func (w *walk) notListening(why error) doctor.Step {
	e := &w.exporters[0]
	f := seen(found(codeNotListening, "nothing listens on port %d of %s", e.port, e.pod.Metadata.Name), "the API server says", "%s", why)
	f = seen(f, "container", "%s with port %s", e.container, fmt.Sprintf("%d %s", e.port, e.portName))
	return broken("the exporter does not listen", mend(f, "kubectl -n %s logs %s -c %s", w.namespace, e.pod.Metadata.Name, e.container))
}
