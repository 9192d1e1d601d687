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

	"nginx-exporter/internal/doctor"
)

// lookRate asks an exporter for the rate that KEDA asks for.
func (w *walk) lookRate() doctor.Step {
	t, there := w.trigger("metrics-api")
	if !there {
		return nothing()
	}
	address := t.Metadata["url"]
	u, err := url.Parse(address)
	e := w.oldestExporter()
	if err != nil || u.Port() != "" && u.Port() != strconv.Itoa(e.port) {
		return fine("KEDA asks %s, which is not the exporter", withoutLogin(address))
	}
	scheme := "http"
	if u.Scheme == "https" {
		scheme = "https"
	}
	var text string
	err = w.cluster.get(w.ctx, proxied(w.namespace, "pods", scheme, e.pod.Metadata.Name, strconv.Itoa(e.port), u.EscapedPath()), &text)
	switch {
	case reasonOf(err) == notFound && !w.leadsHere(address):
		return fine("KEDA asks %s, which is not the exporter", withoutLogin(address))
	case reasonOf(err) == notFound:
		f := seen(found(codeRateWindow, "the exporter does not compute the rate that KEDA asks for"), "KEDA asks", "%s", withoutLogin(address))
		if window, isRate := strings.CutPrefix(u.Path, "/rate/"); isRate {
			return broken("there is none", mend(f, "give the exporter --rate.window=%s", window))
		}
		return broken("there is none", mend(f, "kubectl -n %s edit scaledobject %s   # the path of url must be /rate/WINDOW", w.namespace, w.scaled.Metadata.Name))
	case reasonOf(err) == unavailable && !strings.Contains(err.Error(), "error trying to reach"):
		return w.noRateYet(e)
	case err != nil:
		return fine("not asked, since the API server does not get through to the pods")
	}
	for _, f := range []*doctor.Finding{w.rateService(&t, u), w.valueLocation(&t, text)} {
		if f != nil {
			return broken("KEDA does not get it", f)
		}
	}
	return fine("the exporter answers at %s", u.Path)
}

// oldestExporter is that of the pod that is ready for longest, or else the first:
// KEDA leaves out those that know no rate yet.
func (w *walk) oldestExporter() *exporterPort {
	best := &w.exporters[0]
	for i := range w.exporters {
		p, b := w.exporters[i].pod, best.pod
		if p.ready() && (!b.ready() || p.Metadata.CreationTimestamp.Before(b.Metadata.CreationTimestamp)) {
			best = &w.exporters[i]
		}
	}
	return best
}

// noRateYet is an exporter that answers with 503, which KEDA leaves out of the sum.
func (w *walk) noRateYet(e *exporterPort) doctor.Step {
	if began := e.pod.Metadata.CreationTimestamp; w.age(began) < podStart {
		return waiting("%s: the exporter knows no rate until half of its window is over", clock(began.Add(podStart)))
	}
	return fine("the exporter of %s answers that it knows no rate", e.pod.Metadata.Name)
}

// rateService is the Service of the trigger's address if KEDA finds no exporters
// behind it.
func (w *walk) rateService(t *trigger, u *url.URL) *doctor.Finding {
	s, inside := serviceOf(u.String(), w.namespace)
	if !inside || !strings.Contains(u.Hostname(), ".svc") || !strings.Contains(u.Path, "/rate/") {
		return nil
	}
	var there service
	err := w.cluster.get(w.ctx, "/api/v1/namespaces/"+s.namespace+"/services/"+s.name, &there)
	// KEDA looks into EndpointSlices for all pods, which have the ports of the pods.
	leads := there.leadsFrom(s.port)
	if t.Metadata["aggregateFromKubeServiceEndpoints"] == "true" {
		leads = there.leadsTo(s.port)
	}
	f := found(codeRateService, "the trigger of ScaledObject %s asks Service %s in %s, which is not there", w.scaled.Metadata.Name, s.name, s.namespace)
	switch {
	case reasonOf(err) == notFound:
	case err != nil || there.Spec.Type == "ExternalName" || leads && s.namespace == w.namespace && labelsMatch(there.Spec.Selector, w.exporters[0].pod.Metadata.Labels):
		return nil
	case !leads:
		f.Message = fmt.Sprintf("the trigger of ScaledObject %s asks Service %s in %s for port %s, which it does not have", w.scaled.Metadata.Name, s.name, s.namespace, s.port)
		f = seen(f, "ports of Service "+s.name, "%s", names(there.ports()))
	default:
		f.Message = fmt.Sprintf("the trigger of ScaledObject %s asks Service %s in %s, which does not lead to these pods", w.scaled.Metadata.Name, s.name, s.namespace)
		f = seen(f, "selector of Service "+s.name, "%s", labelText(there.Spec.Selector))
	}
	return w.mendRate(seen(f, "KEDA asks", "%s", withoutLogin(u.String())), &s, u.Path, err == nil)
}

// mendRate adds how to lead KEDA to the exporters.
func (w *walk) mendRate(f *doctor.Finding, s *serviceAddress, path string, there bool) *doctor.Finding {
	ref := w.hpa.Spec.ScaleTargetRef
	if there && s.namespace == w.namespace && s.name == ref.Name+"-rate" {
		return mend(f, "kubectl -n %s edit service %s   # selector %s, port %d", s.namespace, s.name, w.selector(), w.exporters[0].port)
	}
	if ref.Kind == "Deployment" || ref.Kind == "ReplicaSet" {
		f = mend(f, "kubectl -n %s expose %s %s --name=%s-rate --port=%d --cluster-ip=None", w.namespace, strings.ToLower(ref.Kind), ref.Name, ref.Name, w.exporters[0].port)
		return mend(f, "kubectl -n %s edit scaledobject %s   # url: %s://%s-rate.%s.svc:%d%s",
			w.namespace, w.scaled.Metadata.Name, s.scheme, ref.Name, w.namespace, w.exporters[0].port, path)
	}
	return mend(f, "name a headless Service with port %d and the selector %s in the url of the trigger", w.exporters[0].port, w.selector())
}

// leadsTo tells whether a port of the pods is behind a Service, as far as its
// number is known.
func (s *service) leadsTo(port string) bool {
	return slices.ContainsFunc(s.Spec.Ports, func(p servicePort) bool {
		target := fmt.Sprint(p.TargetPort)
		if p.TargetPort == nil {
			target = strconv.Itoa(p.Port)
		}
		_, err := strconv.Atoi(target)
		return err != nil || target == port
	})
}

// valueLocation compares the place where KEDA looks for the figure with the
// answer of the exporter. Places that are more than a name only KEDA understands.
func (w *walk) valueLocation(t *trigger, text string) *doctor.Finding {
	place := t.Metadata["valueLocation"]
	var answer map[string]any
	if t.Metadata["format"] != "" && t.Metadata["format"] != "json" || !regexp.MustCompile(`^\w+$`).MatchString(place) || json.Unmarshal([]byte(text), &answer) != nil {
		return nil
	}
	switch answer[place].(type) {
	case float64, string:
		return nil
	}
	var figures []string
	for _, name := range slices.Sorted(maps.Keys(answer)) {
		if _, isNumber := answer[name].(float64); isNumber {
			figures = append(figures, name)
		}
	}
	f := seen(found(codeValueLocation, "the answer of the exporter has no figure %s", place), "KEDA asks", "%s", withoutLogin(t.Metadata["url"]))
	f = seen(f, "figures of the answer", "%s", names(figures))
	return mend(f, "kubectl -n %s edit scaledobject %s   # valueLocation of the trigger", w.namespace, w.scaled.Metadata.Name)
}

// leadsHere tells whether an address may be that of a Service of the pods.
func (w *walk) leadsHere(address string) bool {
	s, inside := serviceOf(address, w.namespace)
	if !inside || s.namespace != w.namespace {
		return false
	}
	var there service
	if w.cluster.get(w.ctx, "/api/v1/namespaces/"+s.namespace+"/services/"+s.name, &there) != nil {
		return s.port == strconv.Itoa(w.exporters[0].port)
	}
	return labelsMatch(there.Spec.Selector, w.exporters[0].pod.Metadata.Labels)
}
