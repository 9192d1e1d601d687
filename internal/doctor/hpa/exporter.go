package hpa

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

// pages reads the expositions of up to three ready pods, up to the first that is not
// that of an nginx that is up. Each request may take as long as it may.
func pages(d *diagnosis) (fine int, bad *cluster.Exporter, page cluster.Page, err error) {
	const most = 3
	pods := d.Pods.Value()
	tried := 0
	for i := range pods.Exporters {
		e := &pods.Exporters[i]
		if !e.Pod.Ready() || tried == most {
			continue
		}
		tried++
		p, e2 := d.Page(e)
		switch {
		case e2 != nil:
			err = e2
		case !p.Up:
			return fine, e, p, err
		default:
			fine++
		}
	}
	return fine, nil, page, err
}

func exporterOtherProgram(d *diagnosis) *finding {
	_, e, page, _ := pages(d)
	if e == nil || page.HasUp {
		return nil
	}
	return failed("the exposition has no nginx_up", "Port %d of pod %s does not expose nginx_up.", e.Port, e.Pod.Metadata.Name).
		evidence("container", "%s", e.Container).
		fix("kubectl -n %s port-forward %s %d   # and check /metrics", d.namespace(), e.Pod.Metadata.Name, e.Port)
}

func nginxDown(d *diagnosis) *finding {
	_, e, page, _ := pages(d)
	if e == nil {
		return nil
	}
	return withScrapeURI(d, failed("nginx_up is 0", "The exporter of pod %s is running, but cannot read the status of nginx.", e.Pod.Metadata.Name), e, page.Reasons)
}

// withScrapeURI adds where an exporter expects the status page of nginx.
func withScrapeURI(d *diagnosis, f *finding, e *cluster.Exporter, reasons []string) *finding {
	uri := e.ScrapeURI
	if uri == "" {
		uri = "http://127.0.0.1:8080/stub_status, the default"
	}
	f.evidence("scrape URI", "%s", uri)
	if len(reasons) > 0 {
		f.evidence("failures so far", "%s", names(reasons))
	}
	f.evidence("last log line", "%s", d.Log(e.Pod, e.Container))
	if !e.Foreign {
		f.fix("kubectl -n %s exec %s -c %s -- /usr/bin/nginx-exporter doctor", d.namespace(), e.Pod.Metadata.Name, e.Container)
	}
	return f.fix("nginx-exporter snippet kubernetes   # the status page that the exporter needs")
}

func exporterNotListening(d *diagnosis) *finding {
	fine, _, _, err := pages(d)
	if fine > 0 || err == nil || cluster.ReasonOf(err) == cluster.Forbidden || !strings.Contains(err.Error(), "refused") {
		return nil
	}
	e := &d.Pods.Value().Exporters[0]
	return failed("the exporter is not listening", "Nothing is listening on port %d of pod %s.", e.Port, e.Pod.Metadata.Name).
		evidence("API server", "%s", err).
		evidence("container", "%s with port %d %s", e.Container, e.Port, e.PortName).
		fix("kubectl -n %s logs %s -c %s", d.namespace(), e.Pod.Metadata.Name, e.Container)
}

func nginxSummary(d *diagnosis) string {
	fine, _, _, err := pages(d)
	if fine > 0 {
		return fmt.Sprintf("nginx_up is 1 in %d of %d pods that were checked", fine, fine)
	}
	switch cluster.ReasonOf(err) {
	case cluster.Forbidden:
		return "not checked: no permission for pods/proxy; Prometheus will tell"
	case cluster.NotFound, cluster.Unauthorized:
		return "not checked: the exporter requires authentication; Prometheus will tell"
	}
	return "not checked: the API server does not reach the pods; Prometheus will tell"
}
