package hpa

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

func usesRate(d *diagnosis) bool { return d.ScaledObject().Trigger("metrics-api") != nil }

// rate is what an exporter responds to the request that KEDA's trigger sends.
type rate struct {
	trigger  *cluster.Trigger
	address  string // without credentials
	url      *url.URL
	exporter *cluster.Exporter
	foreign  bool // KEDA requests something else than the exporter
	body     string
	err      error
}

// readRate requests it of the oldest exporter, since a new one knows no rate yet, and
// KEDA leaves those out.
func readRate(d *diagnosis) *rate {
	pods := d.Pods.Value()
	r := &rate{trigger: d.ScaledObject().Trigger("metrics-api"), exporter: pods.Oldest()}
	address := r.trigger.Metadata["url"]
	r.address = cluster.WithoutLogin(address)
	u, err := url.Parse(address)
	if err != nil || u.Port() != "" && u.Port() != strconv.Itoa(r.exporter.Port) {
		r.foreign = true
		return r
	}
	r.url = u
	scheme := "http"
	if u.Scheme == "https" {
		scheme = "https"
	}
	r.body, r.err = d.ExporterResponse(r.exporter, scheme, u.EscapedPath())
	r.foreign = r.isMissing() && !leadsToPods(d, address)
	return r
}

func requestsExporter(d *diagnosis) bool { return !readRate(d).foreign }

func (r *rate) isMissing() bool { return cluster.ReasonOf(r.err) == cluster.NotFound }

// isUnknown reports that the exporter does not know the rate yet: it responds with
// status 503.
func (r *rate) isUnknown() bool {
	return cluster.ReasonOf(r.err) == cluster.Unavailable && !strings.Contains(r.err.Error(), "error trying to reach")
}

// leadsToPods reports whether an address may be that of a Service of the pods.
func leadsToPods(d *diagnosis, address string) bool {
	s, inside := cluster.ParseService(address, d.namespace())
	if !inside || s.Namespace != d.namespace() {
		return false
	}
	e := &d.Pods.Value().Exporters[0]
	service, err := d.Service(s.Namespace, s.Name)
	if err != nil {
		return s.Port == strconv.Itoa(e.Port)
	}
	return cluster.LabelsMatch(service.Spec.Selector, e.Pod.Metadata.Labels)
}

func rateNotComputed(d *diagnosis) *finding {
	r := readRate(d)
	if !r.isMissing() {
		return nil
	}
	f := failed("there is none", "The exporter does not compute the rate that KEDA requests.").evidence("url of the trigger", "%s", r.address)
	if window, found := strings.CutPrefix(r.url.Path, "/rate/"); found {
		return f.fix("start the exporter with --rate.window=%s", window)
	}
	return f.fix("kubectl -n %s edit scaledobject %s   # the path of url must be /rate/WINDOW", d.namespace(), d.ScaledObject().Metadata.Name)
}

func rateStarts(d *diagnosis) *finding {
	r := readRate(d)
	if !r.isUnknown() || !d.isYoung(r.exporter.Pod.Metadata.CreationTimestamp, podStart) {
		return nil
	}
	return waitingUntil(r.exporter.Pod.Metadata.CreationTimestamp.Add(podStart), "the exporter knows no rate until half of its window is over")
}

// rateServiceWrong is a Service behind which KEDA finds no exporters.
func rateServiceWrong(d *diagnosis) *finding {
	r := readRate(d)
	if r.err != nil {
		return nil
	}
	s, inside := cluster.ParseService(r.url.String(), d.namespace())
	if !inside || !strings.Contains(r.url.Hostname(), ".svc") || !strings.Contains(r.url.Path, "/rate/") {
		return nil
	}
	service, err := d.Service(s.Namespace, s.Name)
	missing := cluster.ReasonOf(err) == cluster.NotFound
	if err != nil && !missing || service.Spec.Type == "ExternalName" {
		return nil
	}
	// For all pods KEDA reads EndpointSlices, which have the ports of the pods.
	leads := service.HasPort(s.Port)
	if r.trigger.Metadata["aggregateFromKubeServiceEndpoints"] == "true" {
		leads = leadsToPort(&service, s.Port)
	}
	trigger := fmt.Sprintf("The trigger of ScaledObject %s requests Service %s in %s", d.ScaledObject().Metadata.Name, s.Name, s.Namespace)
	const step = "KEDA does not get it"
	var f *finding
	switch {
	case missing:
		f = failed(step, "%s, which does not exist.", trigger)
	case !leads:
		f = failed(step, "%s on port %s, which it does not have.", trigger, s.Port).evidence("ports of Service "+s.Name, "%s", names(service.Ports()))
	case s.Namespace == d.namespace() && cluster.LabelsMatch(service.Spec.Selector, d.Pods.Value().Exporters[0].Pod.Metadata.Labels):
		return nil
	default:
		f = failed(step, "%s, which does not lead to these pods.", trigger).evidence("selector of Service "+s.Name, "%s", cluster.FormatLabels(service.Spec.Selector))
	}
	return fixRate(d, f.evidence("url of the trigger", "%s", r.address), &s, r.url.Path, !missing)
}

// fixRate adds how to lead KEDA to the exporters.
func fixRate(d *diagnosis, f *finding, s *cluster.ServiceAddress, path string, exists bool) *finding {
	ref, port := d.targetRef(), d.Pods.Value().Exporters[0].Port
	if exists && s.Namespace == d.namespace() && s.Name == ref.Name+"-rate" {
		return f.fix("kubectl -n %s edit service %s   # selector %s, port %d", s.Namespace, s.Name, d.PodSelector(), port)
	}
	if ref.Kind == "Deployment" || ref.Kind == "ReplicaSet" {
		return f.fix("kubectl -n %s expose %s %s --name=%s-rate --port=%d --cluster-ip=None", d.namespace(), strings.ToLower(ref.Kind), ref.Name, ref.Name, port).
			fix("kubectl -n %s edit scaledobject %s   # url: %s://%s-rate.%s.svc:%d%s",
				d.namespace(), d.ScaledObject().Metadata.Name, s.Scheme, ref.Name, d.namespace(), port, path)
	}
	return f.fix("name a headless Service with port %d and the selector %s in the url of the trigger", port, d.PodSelector())
}

// leadsToPort reports whether a port of the pods is behind a Service, as far as its
// number is known.
func leadsToPort(s *cluster.Service, port string) bool {
	return slices.ContainsFunc(s.Spec.Ports, func(p cluster.ServicePort) bool {
		target := fmt.Sprint(p.TargetPort)
		if p.TargetPort == nil {
			target = strconv.Itoa(p.Port)
		}
		_, err := strconv.Atoi(target)
		return err != nil || target == port
	})
}

// valueLocationWrong is a valueLocation that is not in the response of the exporter.
// Only KEDA understands one that is more than a name.
func valueLocationWrong(d *diagnosis) *finding {
	r := readRate(d)
	if r.err != nil {
		return nil
	}
	location, format := r.trigger.Metadata["valueLocation"], r.trigger.Metadata["format"]
	var response map[string]any
	if format != "" && format != "json" || !regexp.MustCompile(`^\w+$`).MatchString(location) || json.Unmarshal([]byte(r.body), &response) != nil {
		return nil
	}
	switch response[location].(type) {
	case float64, string:
		return nil
	}
	var numbers []string
	for _, name := range slices.Sorted(maps.Keys(response)) {
		if _, isNumber := response[name].(float64); isNumber {
			numbers = append(numbers, name)
		}
	}
	return failed("KEDA does not get it", "The response of the exporter has no value %s.", location).
		evidence("url of the trigger", "%s", r.address).
		evidence("values in the response", "%s", names(numbers)).
		fix("kubectl -n %s edit scaledobject %s   # valueLocation of the trigger", d.namespace(), d.ScaledObject().Metadata.Name)
}

func rateSummary(d *diagnosis) string {
	switch r := readRate(d); {
	case r.foreign:
		return "KEDA requests " + r.address + ", which is not the exporter"
	case r.isUnknown():
		return "the exporter of pod " + r.exporter.Pod.Metadata.Name + " responds that it knows no rate yet"
	case r.err != nil:
		return "not checked: the API server does not reach the pods"
	default:
		return "the exporter responds at " + r.url.Path
	}
}
