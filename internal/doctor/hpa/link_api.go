package hpa

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/doctor"
)

const (
	customMetrics   = "custom.metrics.k8s.io"
	externalMetrics = "external.metrics.k8s.io"
)

// lookAPI asks the metrics API for its list. The status of its APIService lags
// behind by minutes, so that only a real question tells.
func (w *walk) lookAPI() doctor.Step {
	if w.wanted.kind == externalKind {
		return w.lookExternal()
	}
	api, err := w.readAPI()
	switch {
	case err != nil:
		return blind("who serves "+customMetrics, err)
	case api == nil:
		return broken("nobody serves "+customMetrics, w.noAPI())
	case api.Spec.Service == nil:
		return broken("is registered without a Service", w.foreign(api, "the API server itself"))
	}
	owner := api.Spec.Service.Namespace + "/" + api.Spec.Service.Name
	var known resources
	// What the HPA says is of some time ago: the other one has to be there now.
	if active := w.hpa.Status.Conditions.of("ScalingActive"); isForeign(api.Spec.Service.Name) && active.Status == "True" &&
		!isAbsent(w.cluster.get(w.ctx, w.apiPath(), &known)) {
		f := seen(found(codeManaged, "%s is served by %s, which has figures of its own, and the HPA has a value", customMetrics, owner), "the HPA says", "%s", said(active))
		return sightless("belongs to somebody else, who answers", mend(f, "the doctor knows prometheus-adapter and KEDA; ask the tools of that product"))
	}
	if isForeign(api.Spec.Service.Name) {
		return broken("belongs to somebody else", w.foreign(api, owner))
	}
	err = w.cluster.get(w.ctx, w.apiPath(), &known)
	switch {
	case reasonOf(err) == forbidden:
		return fine("%s is registered for %s; you may not see its list, and the value will tell", owner, api.Metadata.Name)
	case err != nil:
		return w.apiFails(api, err)
	}
	return fine("%s answers for %s", owner, api.Metadata.Name)
}

// isAbsent tells an API behind which nobody is from one that says no.
func isAbsent(err error) bool {
	reason := reasonOf(err)
	return reason == unavailable || reason == notFound
}

// apiPath is the custom metrics API, in the version that is registered.
func (w *walk) apiPath() string {
	version, _, _ := strings.Cut(w.api.Metadata.Name, ".")
	return "/apis/" + customMetrics + "/" + version
}

func (w *walk) noAPI() *doctor.Finding {
	f := found(codeNoAPI, "no adapter is registered for %s, so that the HPA has nobody to ask", customMetrics)
	f = seen(f, "the HPA says", "%s", w.complaint())
	return mend(f, "install one: helm upgrade with autoscaling.adapter.install.enabled=true; the chart of prometheus-adapter registers only if it has rules of its own")
}

// isForeign knows those who claim the API for figures of their own.
func isForeign(service string) bool {
	for _, other := range []string{"keda", "datadog", "stackdriver", "newrelic", "azure", "cloudwatch"} {
		if strings.Contains(service, other) {
			return true
		}
	}
	return false
}

func (w *walk) foreign(api *apiService, owner string) *doctor.Finding {
	f := seen(found(codeForeignAPI, "%s is registered for %s, which does not read Prometheus for it", customMetrics, owner), "APIService", "%s", api.Metadata.Name)
	f = seen(f, "Available", "%s", said(api.Status.Conditions.of("Available")))
	f = seen(f, "managers", "%s", names(managers(&api.Metadata)))
	return mend(f, "there is one in a cluster, and who applies last has it: take it out of the other's chart, then apply that of prometheus-adapter again")
}

func managers(m *meta) []string {
	var all []string
	for _, f := range m.ManagedFields {
		all = append(all, f.Manager+" "+clock(f.Time))
	}
	return all
}

// apiFails is an API that is registered and does not answer.
func (w *walk) apiFails(api *apiService, err error) doctor.Step {
	if isBlind(err) && !w.behindIsSilent(err) {
		return blind("the metrics API", err)
	}
	s := api.Spec.Service
	a := w.readAdapter()
	if l := w.adapterHidden(); l.State != "" {
		return with(l, seen(found(codeUnknown, "the metrics API of %s/%s does not answer", s.Namespace, s.Name), "asked for its list", "%s", err))
	}
	says := "is registered for " + s.Namespace + "/" + s.Name + " and does not answer"
	evidence := func(f *doctor.Finding) *doctor.Finding {
		f = seen(f, "asked for its list", "%s", err)
		return seen(f, "APIService "+api.Metadata.Name, "%s", said(api.Status.Conditions.of("Available")))
	}
	if strings.Contains(err.Error(), "subjectaccessreviews") {
		return broken("the adapter refuses whoever is no administrator", w.noDelegator(evidence))
	}
	if a.service == nil {
		return broken(says, evidence(w.noAdapterService(api)))
	}
	if f := w.adapterPort(api); f != nil {
		return broken(says, evidence(f))
	}
	f := w.adapterPods()
	if l := w.adapterHidden(); l.State != "" {
		return l
	}
	if f != nil {
		return broken(says, evidence(f))
	}
	// A handshake that fails does so at once.
	if f := w.adapterTLS(api); f != nil && reasonOf(err) != noAnswer {
		return broken(says, evidence(f))
	}
	if l := w.adapterStarts(); l.State != "" {
		return l
	}
	if reasonOf(err) == internal {
		f = seen(evidence(found(codeUnknown, "the adapter answers, with an error that the doctor does not know")), "its last words", "%s", w.adapterLog())
		return broken(says, mend(f, "kubectl -n %s logs deploy/%s", a.namespace, w.bindingName("")))
	}
	f = evidence(found(codeAdapterUnreachable, "pods of the adapter are ready, and the API server gets no answer from them"))
	return broken(says, mend(f, "a NetworkPolicy or firewall between API server and pods, or hostNetwork and a port that is taken, are the usual reasons"))
}

// behindIsSilent tells an API server that passes a question on, to somebody who
// does not answer, from one that does not answer itself.
func (w *walk) behindIsSilent(err error) bool {
	var known struct{}
	return reasonOf(err) == noAnswer && reasonOf(w.cluster.get(w.ctx, "/version", &known)) != noAnswer
}

func (w *walk) noAdapterService(api *apiService) *doctor.Finding {
	s := api.Spec.Service
	f := found(codeAdapterService, "the APIService leads to Service %s in %s, which is not there", s.Name, s.Namespace)
	var all list[service]
	if w.cluster.get(w.ctx, "/api/v1/services", &all) == nil {
		for i := range all.Items {
			m := &all.Items[i].Metadata
			if strings.Contains(m.Name, "adapter") {
				f = seen(f, "there is", "%s/%s", m.Namespace, m.Name)
				f = mend(f, `kubectl patch apiservice %s --type merge -p '{"spec":{"service":{"name":"%s","namespace":"%s"}}}'`, api.Metadata.Name, m.Name, m.Namespace)
			}
		}
	}
	if len(f.Fix) == 0 {
		f = mend(f, "install the adapter again, or delete the APIService: kubectl delete apiservice %s", api.Metadata.Name)
	}
	return f
}

// adapterPort compares the port of the APIService with those of the Service.
func (w *walk) adapterPort(api *apiService) *doctor.Finding {
	want := api.Spec.Service.Port
	if want == 0 {
		want = 443
	}
	var ports []string
	for _, p := range w.adapter.service.Spec.Ports {
		if p.Port == want {
			return nil
		}
		ports = append(ports, fmt.Sprintf("%d to %v", p.Port, p.TargetPort))
	}
	f := found(codeAdapterPort, "the APIService wants port %d of Service %s, which has no such port", want, w.adapter.service.Metadata.Name)
	f = seen(f, "ports of the Service", "%s", names(ports))
	if len(w.adapter.service.Spec.Ports) > 0 {
		f = mend(f, `kubectl patch apiservice %s --type merge -p '{"spec":{"service":{"port":%d}}}'   # the Service's port, not the container's`,
			api.Metadata.Name, w.adapter.service.Spec.Ports[0].Port)
	}
	return f
}

// adapterTLS looks at how the API server verifies the adapter.
func (w *walk) adapterTLS(api *apiService) *doctor.Finding {
	available := api.Status.Conditions.of("Available")
	verifies := !api.Spec.InsecureSkipTLSVerify
	if available.Status == "False" && !strings.Contains(available.Message, "x509") && reasonOf(lost(promDown, available.Message)) == promAway {
		return nil // it does not even come to a handshake
	}
	if !verifies && !strings.Contains(available.Message, "x509") {
		return nil
	}
	how := "caBundle of the APIService"
	if api.Spec.CABundle == "" {
		how = "the API server's own authorities, since the APIService has neither caBundle nor insecureSkipTLSVerify"
	}
	f := seen(found(codeAdapterTLS, "the API server does not trust the certificate of the adapter"), "verified against", "%s", how)
	f = seen(f, "certificate", "%s", certificateOf(&w.adapter.container))
	f = mend(f, `kubectl patch apiservice %s --type merge -p '{"spec":{"insecureSkipTLSVerify":true,"caBundle":null}}'`, api.Metadata.Name)
	f = mend(f, "or have cert-manager make a certificate for %s.%s.svc, and put its CA into caBundle", api.Spec.Service.Name, api.Spec.Service.Namespace)
	return f
}

func certificateOf(c *container) string {
	if file := c.value("tls-cert-file"); file != "" {
		return file
	}
	return "made by the adapter itself, for localhost"
}

// lookExternal is the API that KEDA serves.
func (w *walk) lookExternal() doctor.Step {
	var api apiService
	err := w.cluster.get(w.ctx, apiServices+"v1beta1."+externalMetrics, &api)
	switch {
	case reasonOf(err) == notFound:
		code := codeNoKEDA
		if w.scaled == nil {
			code = codeNoAPI
		}
		f := seen(found(code, "nobody serves %s, so that the HPA has nobody to ask", externalMetrics), "the HPA says", "%s", w.complaint())
		if w.scaled != nil {
			return broken("nobody serves "+externalMetrics, mend(f, "KEDA made the HPA, and its APIService v1beta1.%s is gone: install KEDA again, as with helm upgrade", externalMetrics))
		}
		return broken("nobody serves "+externalMetrics, mend(f, "install KEDA, or an adapter with externalRules"))
	case err != nil:
		return blind("who serves "+externalMetrics, err)
	case api.Spec.Service == nil:
		return fine("the API server answers for %s", externalMetrics)
	}
	owner := api.Spec.Service.Namespace + "/" + api.Spec.Service.Name
	if w.scaled != nil && isForeign(api.Spec.Service.Name) && !strings.Contains(api.Spec.Service.Name, "keda") {
		return broken("belongs to somebody else", notOfKEDA(&api, owner))
	}
	return w.externalAnswers(&api, owner)
}

// notOfKEDA is an API of external metrics that another product took from KEDA.
func notOfKEDA(api *apiService, owner string) *doctor.Finding {
	f := found(codeForeignAPI, "%s is registered for %s, so that the HPA does not ask KEDA", externalMetrics, owner)
	f = seen(f, "managers", "%s", names(managers(&api.Metadata)))
	return mend(f, "there is one in a cluster, and who applies last has it: take it out of the other's chart, then apply that of KEDA again")
}

// externalAnswers asks for the list of external metrics for real.
func (w *walk) externalAnswers(api *apiService, owner string) doctor.Step {
	var known resources
	err := w.cluster.get(w.ctx, "/apis/"+externalMetrics+"/v1beta1", &known)
	if err == nil || reasonOf(err) == forbidden {
		return fine("%s answers for %s", owner, externalMetrics)
	}
	if isBlind(err) && !w.behindIsSilent(err) {
		return blind("the metrics API", err)
	}
	f := found(codeExternalDown, "%s serves %s, and does not answer", owner, externalMetrics)
	fix := fmt.Sprintf("kubectl -n %[1]s get pods,endpointslices; kubectl -n %[1]s logs deploy/%[2]s", api.Spec.Service.Namespace, api.Spec.Service.Name)
	if w.scaled == nil {
		// Of others the doctor does not know what their Deployment is called.
		f.Code, fix = codeUnknown, "kubectl -n "+api.Spec.Service.Namespace+" get pods,endpointslices"
	}
	f = seen(f, "asked for its list", "%s", err)
	f = seen(f, "APIService", "%s", said(api.Status.Conditions.of("Available")))
	return broken("does not answer", mend(f, "%s", fix))
}
