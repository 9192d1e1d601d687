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

// rate is the response of an exporter to the request of KEDA's trigger metrics-api.
type rate struct {
	trigger   *cluster.Trigger
	address   string // without credentials
	url       *url.URL
	exporter  *cluster.Exporter
	elsewhere bool // KEDA does not request the exporter
	body      string
	err       error
}

// readRate requests the rate from the oldest exporter: new ones do not have one yet, and
// KEDA ignores those.
func readRate(d *diagnosis) *rate {
	r := &rate{trigger: d.ScaledObject().Trigger("metrics-api"), exporter: d.Pods.Value().Oldest()}
	address := r.trigger.Metadata["url"]
	r.address = cluster.WithoutLogin(address)
	u, err := url.Parse(address)
	if err != nil || u.Port() != "" && u.Port() != strconv.Itoa(r.exporter.Port) {
		r.elsewhere = true
		return r
	}
	r.url = u
	scheme := "http"
	if u.Scheme == "https" {
		scheme = "https"
	}
	r.body, r.err = d.ExporterResponse(r.exporter, scheme, u.EscapedPath())
	r.elsewhere = r.isMissing() && !leadsToPods(d, address)
	return r
}

func (r *rate) isMissing() bool { return cluster.ReasonOf(r.err) == cluster.NotFound }

// isUnknown reports whether the exporter does not have a rate yet: it responds with status
// 503.
func (r *rate) isUnknown() bool {
	return cluster.ReasonOf(r.err) == cluster.Unavailable && !strings.Contains(r.err.Error(), "error trying to reach")
}

// leadsToPods reports whether a URL may be that of a Service of the pods.
func leadsToPods(d *diagnosis, address string) bool {
	s, inside := cluster.ParseService(address, d.namespace())
	if !inside || s.Namespace != d.namespace() {
		return false
	}
	e := d.exporter()
	service, err := d.Service(s.Namespace, s.Name)
	if err != nil {
		return s.Port == strconv.Itoa(e.Port)
	}
	return cluster.LabelsMatch(service.Spec.Selector, e.Pod.Metadata.Labels)
}

// rateFails reports why KEDA does not get the rate.
func rateFails(d *diagnosis) *finding {
	r := readRate(d)
	switch {
	case r.elsewhere:
		return nil
	case r.isMissing():
		return rateNotComputed(d, r)
	case r.isUnknown():
		return d.starting(r.exporter.Pod.Metadata.CreationTimestamp, podStart, "the exporter does not have a rate until half of its window has passed")
	case r.err != nil:
		return nil
	}
	if f := rateServiceWrong(d, r); f != nil {
		return f.as("keda-rate-service")
	}
	return valueLocationWrong(d, r)
}

func rateNotComputed(d *diagnosis, r *rate) *finding {
	f := failed("no rate", "The exporter does not compute the rate that KEDA requests.").as("keda-rate-window").evidence("url of the trigger", r.address)
	if window, found := strings.CutPrefix(r.url.Path, "/rate/"); found {
		return f.fix("start the exporter with --rate.window=%s", window)
	}
	return fixScaledObject(d, f, "the path of url must be /rate/WINDOW")
}

// rateServiceWrong reports a Service that does not select the exporters.
func rateServiceWrong(d *diagnosis, r *rate) *finding {
	s, inside := cluster.ParseService(r.url.String(), d.namespace())
	if !inside || !strings.Contains(r.url.Hostname(), ".svc") || !strings.Contains(r.url.Path, "/rate/") {
		return nil
	}
	service, err := d.Service(s.Namespace, s.Name)
	missing := cluster.ReasonOf(err) == cluster.NotFound
	if err != nil && !missing || service.Spec.Type == "ExternalName" {
		return nil
	}
	// To request all pods, KEDA reads EndpointSlices, which have the ports of the pods.
	leads := service.HasPort(s.Port)
	if r.trigger.Metadata["aggregateFromKubeServiceEndpoints"] == "true" {
		leads = leadsToPort(&service, s.Port)
	}
	trigger := fmt.Sprintf("The trigger of ScaledObject %s requests Service %s in %s", d.ScaledObject().Metadata.Name, s.Name, s.Namespace)
	const step = "KEDA does not get the rate"
	var f *finding
	switch {
	case missing:
		f = failed(step, "%s, which does not exist.", trigger)
	case !leads:
		f = failed(step, "%s on port %s, which it does not have.", trigger, s.Port).evidence("ports of Service "+s.Name, names(service.Ports()))
	case s.Namespace == d.namespace() && cluster.LabelsMatch(service.Spec.Selector, d.exporter().Pod.Metadata.Labels):
		return nil
	default:
		f = failed(step, "%s, which does not select these pods.", trigger).evidence("selector of Service "+s.Name, cluster.FormatLabels(service.Spec.Selector))
	}
	return fixRate(d, f.evidence("url of the trigger", r.address), &s, r.url.Path, !missing)
}

// fixRate adds how to create a Service for KEDA, or correct it.
func fixRate(d *diagnosis, f *finding, s *cluster.ServiceAddress, path string, exists bool) *finding {
	ref, port := d.targetRef(), d.exporter().Port
	if exists && s.Namespace == d.namespace() && s.Name == ref.Name+"-rate" {
		return f.fix("kubectl -n %s edit service %s   # selector %s, port %d", s.Namespace, s.Name, d.PodSelector(), port)
	}
	if ref.Kind == "Deployment" || ref.Kind == "ReplicaSet" {
		f.fix("kubectl -n %s expose %s %s --name=%s-rate --port=%d --cluster-ip=None", d.namespace(), strings.ToLower(ref.Kind), ref.Name, ref.Name, port)
		return fixScaledObject(d, f, fmt.Sprintf("url: %s://%s-rate.%s.svc:%d%s", s.Scheme, ref.Name, d.namespace(), port, path))
	}
	return f.fix("set the url of the trigger to a headless Service with port %d and the selector %s", port, d.PodSelector())
}

// leadsToPort reports whether a Service leads to a port of its pods; true if that port has
// a name.
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

// valueLocationWrong reports a valueLocation that is not in the response of the exporter.
// It does not check one that is not a plain name.
func valueLocationWrong(d *diagnosis, r *rate) *finding {
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
	f := failed("KEDA does not get the rate", "The response of the exporter has no value %s.", location).as("keda-value-location").
		evidence("url of the trigger", r.address).
		evidence("values in the response", names(numbers))
	return fixScaledObject(d, f, "valueLocation of the trigger")
}

func rateSummary(d *diagnosis) string {
	switch r := readRate(d); {
	case r.elsewhere:
		return "KEDA requests " + r.address + ", which is not the exporter"
	case r.isUnknown():
		return "the exporter of pod " + r.exporter.Pod.Metadata.Name + " does not have a rate yet"
	case r.err != nil:
		return "not checked: the API server does not reach the pods"
	default:
		return "the exporter responds at " + r.url.Path
	}
}
