package hpa

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

// expositions requests the metrics of a few ready pods, up to the first whose nginx is not
// up. It returns how many are up, the exporter whose nginx is not, and the last error. It
// does not request all, since each request may take until its timeout.
func expositions(d *diagnosis) (up int, down *cluster.Exporter, exposition cluster.Exposition, err error) {
	const most = 3
	tried := 0
	for _, e := range d.Pods.Value().Exporters {
		if !e.Pod.Ready() || tried == most {
			continue
		}
		tried++
		switch x, failure := d.Exposition(&e); {
		case failure != nil:
			err = failure
		case x.Partial: // it is the exporter, and was cut off
		case !x.Up:
			return up, &e, x, err
		default:
			up++
		}
	}
	return up, nil, exposition, err
}

// nginxFails reports an exporter that does not expose the metrics of a running nginx.
func nginxFails(d *diagnosis) *finding {
	up, e, exposition, err := expositions(d)
	switch {
	case e != nil && !exposition.HasUp:
		return failed("the exposition has no nginx_up", "Port %d of pod %s does not expose nginx_up.", e.Port, e.Pod.Metadata.Name).as("exporter-other-program").
			evidence("container", e.Container).
			fix("kubectl -n %s port-forward %s %d   # and check /metrics", d.namespace(), e.Pod.Metadata.Name, e.Port)
	case e != nil:
		return nginxDown(d, "nginx_up is 0", e, exposition.Reasons)
	case up > 0, err == nil, cluster.IsClientSide(err), !strings.Contains(err.Error(), "refused"):
		return nil
	}
	e = d.exporter()
	return failed("the exporter is not listening", "Nothing is listening on port %d of pod %s.", e.Port, e.Pod.Metadata.Name).as("exporter-not-listening").
		evidence("API server", err).
		evidencef("container", "%s with port %d %s", e.Container, e.Port, e.PortName).
		fix("kubectl -n %s logs %s -c %s", d.namespace(), e.Pod.Metadata.Name, e.Container)
}

// nginxDown returns the finding that an exporter cannot scrape nginx, by the reasons that it
// exposes, if they are known.
func nginxDown(d *diagnosis, step string, e *cluster.Exporter, reasons []string) *finding {
	uri := e.ScrapeURI
	if uri == "" {
		uri = "http://127.0.0.1:8080/stub_status, the default"
	}
	f := failed(step, "The exporter of pod %s is running, but cannot read the status of nginx.", e.Pod.Metadata.Name).as("exporter-target").
		evidence("scrape URI", uri)
	if len(reasons) > 0 {
		f.evidence("failures so far", names(reasons))
	}
	f.evidence("last log line", d.Log(e.Pod, e.Container))
	if !e.LacksDoctor {
		f.fix("kubectl -n %s exec %s -c %s -- /usr/bin/nginx-exporter doctor", d.namespace(), e.Pod.Metadata.Name, e.Container)
	}
	return f.fix("nginx-exporter snippet kubernetes   # the status page that the exporter needs")
}

func nginxSummary(d *diagnosis) string {
	up, _, _, err := expositions(d)
	if up > 0 {
		return fmt.Sprintf("nginx_up is 1 (pods checked: %d)", up)
	}
	why := "the API server does not reach the pods"
	switch cluster.ReasonOf(err) {
	case cluster.Forbidden:
		why = "no permission for pods/proxy"
	case cluster.NotFound, cluster.Unauthorized:
		why = "the exporter requires authentication"
	}
	return "not checked: " + why + "; later steps check it through Prometheus"
}
