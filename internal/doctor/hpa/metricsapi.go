package hpa

import (
	"fmt"
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

func isExternal(d *diagnosis) bool { return d.Metric().Type == cluster.ExternalMetric }
func isCustom(d *diagnosis) bool   { return !isExternal(d) }

// apiGroup is the API group of the HPA's metric.
func apiGroup(d *diagnosis) string {
	if isExternal(d) {
		return cluster.ExternalMetrics
	}
	return cluster.CustomMetrics
}

// metricsAPI is the APIService of the HPA's metric.
func metricsAPI(d *diagnosis) *cluster.Fact[*cluster.APIService] {
	if isExternal(d) {
		return &d.ExternalAPI
	}
	return &d.CustomAPI
}

func apiMissing(d *diagnosis) *finding {
	group := apiGroup(d)
	service, err := metricsAPI(d).Get()
	switch {
	case err != nil:
		return unobserved("the APIService of "+group, err)
	case service != nil:
		return nil
	}
	f := failed(group+" is not served", "Nothing is registered for %s, so the HPA gets no metrics.", group).evidence("HPA", hpaComplaint(d.HPA()))
	switch {
	case isCustom(d):
		return f.fix("install an adapter: helm upgrade with autoscaling.adapter.install.enabled=true; the chart of prometheus-adapter registers only if it has rules")
	case !usesKEDA(d):
		return f.fix("install KEDA, or an adapter with externalRules")
	}
	return f.as("keda-missing").
		fix("KEDA created the HPA, but its APIService v1beta1.%s no longer exists: install KEDA again, for example with helm upgrade", group)
}

// anotherProductWorks reports another product whose metrics the HPA can read. The status of
// the HPA may be old, so the product must also respond now.
func anotherProductWorks(d *diagnosis) *finding {
	api := d.CustomAPI.Value()
	if !cluster.HasOwnMetrics(api.Spec.Service.Name) {
		return nil
	}
	active := d.HPA().Status.Conditions.Of("ScalingActive")
	if active.Status != "True" {
		return nil
	}
	switch cluster.ReasonOf(d.Metrics.Err()) {
	case cluster.Unavailable, cluster.NotFound:
		return nil
	}
	return unchecked("served by another product, which responds", "%s is served by %s, which has its own metrics, and the HPA has a value.", cluster.CustomMetrics, api.Owner()).
		evidence("HPA", active).
		fix("the doctor knows prometheus-adapter and KEDA; use the tools of that product")
}

func ownedByAnother(d *diagnosis) *finding {
	api := d.CustomAPI.Value()
	if !cluster.HasOwnMetrics(api.Spec.Service.Name) {
		return nil
	}
	return failed("served by another product", "%s is registered for %s, which does not serve metrics of Prometheus.", cluster.CustomMetrics, api.Owner()).
		evidence("APIService", api.Metadata.Name).
		evidence("Available", api.Status.Conditions.Of("Available")).
		evidence("managers", names(managers(&api.Metadata))).
		fix("a cluster has only one such APIService: remove it from the chart of the other product, then apply that of prometheus-adapter again")
}

func managers(m *cluster.Meta) []string {
	var all []string
	for _, f := range m.ManagedFields {
		all = append(all, f.Manager+" "+clock(f.Time))
	}
	return all
}

// metricsErr is why the custom metrics API does not respond. It does if it forbids the list
// to the user.
func metricsErr(d *diagnosis) error {
	if err := d.Metrics.Err(); cluster.ReasonOf(err) != cluster.Forbidden {
		return err
	}
	return nil
}

func metricsUnreadable(d *diagnosis) *finding {
	return d.unobservedLocally("the metrics API", metricsErr(d))
}

// listErr is why the list of custom or external metrics cannot be read; nil if it can.
func listErr(d *diagnosis) error {
	if isExternal(d) {
		return d.ExternalAPIErr()
	}
	return d.Metrics.Err()
}

func apiFails(d *diagnosis) bool { return isCustom(d) && metricsErr(d) != nil }

// addAPIStatus adds what the API server reports about the custom metrics API.
func addAPIStatus(d *diagnosis, f *finding) {
	api := d.CustomAPI.Value()
	if f.step == "" {
		f.step = "registered for " + api.Owner() + ", but does not respond"
	}
	f.evidence("response to the list request", d.Metrics.Err()).
		evidence("APIService "+api.Metadata.Name, api.Status.Conditions.Of("Available"))
}

// rejectsServer reports a server behind the API server that rejects the certificate with
// which the API server forwards requests, so that it does not know from whom they are.
func rejectsServer(d *diagnosis, err error) *finding {
	api := metricsAPI(d).Value()
	if err == nil || api == nil || d.IsLocal(err) {
		return nil
	}
	available := api.Status.Conditions.Of("Available")
	rejected := cluster.ReasonOf(err) == cluster.Unauthorized || cluster.ReasonOf(err) == cluster.Forbidden // not by the API server
	if !rejected && !regexp.MustCompile(`bad status from \S+: 40[13]$`).MatchString(available.Message) {
		return nil
	}
	f := failed("rejects requests of the API server", "%s does not trust the certificate with which the API server forwards requests.", api.Owner()).as("adapter-front-proxy").
		evidence("response", err).evidence("APIService "+api.Metadata.Name, available)
	if isCustom(d) {
		f.evidence("last log line", d.AdapterLog())
	}
	return f.fix("kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml   # requestheader-client-ca-file must have the CA of --proxy-client-cert-file of the API server").
		fix("restart the Deployment of %s if that CA was replaced since its start; remove --requestheader-client-ca-file from its arguments if it has another CA", api.Owner())
}

func listRejected(d *diagnosis) *finding  { return rejectsServer(d, listErr(d)) }
func valueRejected(d *diagnosis) *finding { return rejectsServer(d, d.Values.Err()) }

// proxyIntercepts reports an API server whose requests to Services go through an HTTP proxy. If
// the proxy refuses a connection, Go reports only the text of the HTTP status.
func proxyIntercepts(d *diagnosis) *finding {
	api, err := metricsAPI(d).Value(), listErr(d)
	if err == nil || api == nil {
		return nil
	}
	available := api.Status.Conditions.Of("Available")
	if !regexp.MustCompile(`proxyconnect|Get "[^"]+": (Forbidden|Proxy Authentication Required|Bad Gateway|Service Unavailable|Gateway Time-?out|Bad Request|Not Found|Method Not Allowed)$`).MatchString(available.Message) {
		return nil
	}
	return failed("an HTTP proxy intercepts requests of the API server", "The API server sends its requests to %s through an HTTP proxy.", api.Owner()).
		evidence("response", err).evidence("APIService "+api.Metadata.Name, available).
		fix("add the addresses of Services and .svc to NO_PROXY of kube-apiserver, or remove HTTPS_PROXY, and restart it")
}

func failingAdapterHidden(d *diagnosis) *finding {
	f := unobserved("the adapter", d.Adapter.Value().Hidden)
	if f == nil {
		return nil
	}
	f.also = &failed("", "The metrics API, served by %s, does not respond.", d.CustomAPI.Value().Owner()).as(unknown).
		evidence("response to the list request", d.Metrics.Err()).Finding
	return f
}

// adapterLacksDelegator reports an adapter that cannot check the permissions of its
// clients. It serves administrators without a check.
func adapterLacksDelegator(d *diagnosis) *finding {
	return lacksDelegator(d, d.Metrics.Err(), "the adapter rejects clients that are not administrators")
}

func lacksDelegator(d *diagnosis, err error, step string) *finding {
	if !strings.Contains(err.Error(), "subjectaccessreviews") {
		return nil
	}
	return failed(step, "The adapter does not have permission to check the permissions of its clients, so it serves only administrators.").
		fix("kubectl create clusterrolebinding %s --clusterrole=system:auth-delegator --serviceaccount=%s", adapterName(d)+"-auth-delegator", adapterAccount(d))
}

func adapterUnreachable(d *diagnosis) *finding {
	switch reason := cluster.ReasonOf(d.Metrics.Err()); {
	case reason != cluster.Unavailable && reason != cluster.NoResponse:
		return failed("", "The adapter responds with an unknown error.").as(unknown).evidence("last log line", d.AdapterLog()).fix("%s", adapterLogs(d))
	case d.Adapter.Value().Deployment == nil:
		return failed("", "The metrics API does not respond, and the adapter behind it was not found.").as(unknown).
			fix("kubectl -n %s get pods,endpointslices", d.CustomAPI.Value().Spec.Service.Namespace)
	}
	return failed("", "The pods of the adapter are ready, but the API server gets no response from them.").
		fix("usually a NetworkPolicy or firewall between the API server and the pods, or hostNetwork with a port that is in use")
}

func externalOwnedByAnother(d *diagnosis) *finding {
	api := d.ExternalAPI.Value()
	if name := api.Spec.Service.Name; !usesKEDA(d) || !cluster.HasOwnMetrics(name) || strings.Contains(name, "keda") {
		return nil
	}
	return failed("served by another product", "%s is registered for %s, so the HPA gets no metrics from KEDA.", cluster.ExternalMetrics, api.Owner()).
		evidence("managers", names(managers(&api.Metadata))).
		fix("a cluster has only one such APIService: remove it from the chart of the other product, then apply that of KEDA again")
}

// externalAPIDown reports an external metrics API that does not respond. It does if it
// forbids the list to the user.
func externalAPIDown(d *diagnosis) *finding {
	err := d.ExternalAPIErr()
	reason := cluster.ReasonOf(err)
	switch {
	case err == nil, reason == cluster.Forbidden:
		return nil
	case d.IsLocal(err):
		return unobserved("the metrics API", err)
	}
	api := d.ExternalAPI.Value()
	f := failed("does not respond", "%s serves %s, but does not respond.", api.Owner(), cluster.ExternalMetrics).
		evidence("response to the list request", err).
		evidence("APIService", api.Status.Conditions.Of("Available"))
	s := api.Spec.Service
	if !usesKEDA(d) || reason != cluster.Unavailable && reason != cluster.NoResponse { // the Deployment of another product is unknown
		return f.as(unknown).fix("kubectl -n %s get pods,endpointslices", s.Namespace)
	}
	return f.fix("kubectl -n %[1]s get pods,endpointslices; kubectl -n %[1]s logs deploy/%[2]s", s.Namespace, s.Name)
}

func apiSummary(d *diagnosis) string {
	if isExternal(d) {
		return d.ExternalAPI.Value().Owner() + " serves " + cluster.ExternalMetrics
	}
	api := d.CustomAPI.Value()
	if d.Metrics.Err() != nil {
		return fmt.Sprintf("%s is registered for %s; no permission to list its metrics, the step value checks it", api.Owner(), api.Metadata.Name)
	}
	return api.Owner() + " serves " + api.Metadata.Name
}
