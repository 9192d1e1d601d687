package hpa

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

func isExternal(d *diagnosis) bool { return d.Metric().Type == cluster.ExternalMetric }
func isCustom(d *diagnosis) bool   { return !isExternal(d) }

func customAPIUnreadable(d *diagnosis) *finding {
	if isExternal(d) {
		return nil
	}
	return unobserved("the APIService of "+cluster.CustomMetrics, d.CustomAPI.Err())
}

func apiMissing(d *diagnosis) *finding {
	if isExternal(d) || d.CustomAPI.Value() != nil {
		return nil
	}
	return failed(cluster.CustomMetrics+" is not served", "No adapter is registered for %s, so that the HPA gets no metrics.", cluster.CustomMetrics).
		evidence("HPA", "%s", hpaComplaint(d.HPA())).
		fix("install one: helm upgrade with autoscaling.adapter.install.enabled=true; the chart of prometheus-adapter registers only if it has rules")
}

// foreignAPIWorks is another product whose metrics the HPA can read. What the HPA
// reports may be old: the product must respond now.
func foreignAPIWorks(d *diagnosis) *finding {
	if isExternal(d) {
		return nil
	}
	api := d.CustomAPI.Value()
	if api.Spec.Service == nil || !cluster.IsForeign(api.Spec.Service.Name) {
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
	return unchecked("served by another product, which responds", "%s is served by %s, which has metrics of its own, and the HPA has a value.", cluster.CustomMetrics, api.Owner()).
		evidence("HPA", "%s", active).
		fix("the doctor knows prometheus-adapter and KEDA; use the tools of that product")
}

func foreignAPI(d *diagnosis) *finding {
	if isExternal(d) {
		return nil
	}
	api := d.CustomAPI.Value()
	step, owner := "served by another product", "the API server itself"
	if api.Spec.Service == nil {
		step = "registered without a Service"
	} else if owner = api.Owner(); !cluster.IsForeign(api.Spec.Service.Name) {
		return nil
	}
	return failed(step, "%s is registered for %s, which does not serve metrics of Prometheus.", cluster.CustomMetrics, owner).
		evidence("APIService", "%s", api.Metadata.Name).
		evidence("Available", "%s", api.Status.Conditions.Of("Available")).
		evidence("managers", "%s", names(managers(&api.Metadata))).
		fix("a cluster has one such APIService, the last one applied: remove it from the chart of the other product, then apply that of prometheus-adapter again")
}

func managers(m *cluster.Meta) []string {
	var all []string
	for _, f := range m.ManagedFields {
		all = append(all, f.Manager+" "+clock(f.Time))
	}
	return all
}

// metricsErr is why the custom metrics API does not respond. That its list is
// forbidden to the user is a response.
func metricsErr(d *diagnosis) error {
	if isExternal(d) || cluster.ReasonOf(d.Metrics.Err()) == cluster.Forbidden {
		return nil
	}
	return d.Metrics.Err()
}

func metricsUnreadable(d *diagnosis) *finding {
	if err := metricsErr(d); d.IsLocal(err) {
		return unobserved("the metrics API", err)
	}
	return nil
}

// ofSilentAPI judges a custom metrics API that is registered and does not respond.
func ofSilentAPI(judge func(*diagnosis) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		if metricsErr(d) == nil {
			return nil
		}
		f := judge(d)
		if f == nil || f.state != doctor.Failed {
			return f
		}
		if f.step == "" {
			f.step = "registered for " + d.CustomAPI.Value().Owner() + ", but does not respond"
		}
		return withAPI(d, f)
	}
}

// withAPI adds what the API server says of the custom metrics API.
func withAPI(d *diagnosis, f *finding) *finding {
	api := d.CustomAPI.Value()
	return f.evidence("response to the list request", "%s", d.Metrics.Err()).
		evidence("APIService "+api.Metadata.Name, "%s", api.Status.Conditions.Of("Available"))
}

func silentAdapterHidden(d *diagnosis) *finding {
	if metricsErr(d) == nil {
		return nil
	}
	f := unobserved("the adapter", d.Adapter.Value().Hidden)
	if f == nil {
		return nil
	}
	f.also = &failed("", "The metrics API of %s does not respond.", d.CustomAPI.Value().Owner()).as(unknown).
		evidence("response to the list request", "%s", d.Metrics.Err()).Finding
	return f
}

// adapterLacksDelegator is an adapter that cannot check the permissions of its
// clients. Those of administrators need no check.
func adapterLacksDelegator(d *diagnosis) *finding {
	if !strings.Contains(d.Metrics.Err().Error(), "subjectaccessreviews") {
		return nil
	}
	return lacksDelegator(d, "the adapter rejects clients that are not administrators")
}

func lacksDelegator(d *diagnosis, step string) *finding {
	return failed(step, "The adapter may not check the permissions of its clients, and gives metrics to administrators only.").
		fix("kubectl create clusterrolebinding %s --clusterrole=system:auth-delegator --serviceaccount=%s", adapterName(d)+"-auth-delegator", adapterAccount(d))
}

func apiWithoutResponse(d *diagnosis) *finding {
	if cluster.ReasonOf(d.Metrics.Err()) != cluster.Internal {
		return nil
	}
	return failed("", "The adapter responds with an error that the doctor does not know.").evidence("last log line", "%s", d.AdapterLog()).
		fix("kubectl -n %s logs deploy/%s", d.Adapter.Value().Namespace, adapterName(d))
}

func adapterUnreachable(*diagnosis) *finding {
	return failed("", "The pods of the adapter are ready, but the API server gets no response from them.").
		fix("usually a NetworkPolicy or firewall between the API server and the pods, or hostNetwork with a port that is in use")
}

// External metrics: those of KEDA, or of another product.

func externalAPIUnreadable(d *diagnosis) *finding {
	if isCustom(d) {
		return nil
	}
	return unobserved("the APIService of "+cluster.ExternalMetrics, d.ExternalAPI.Err())
}

const externalMissing = cluster.ExternalMetrics + " is not served"

func externalAPIMissing(d *diagnosis) *finding {
	if isCustom(d) || d.ExternalAPI.Value() != nil || d.ScaledObject() != nil {
		return nil
	}
	return failed(externalMissing, "Nothing is registered for %s, so that the HPA gets no metrics.", cluster.ExternalMetrics).
		evidence("HPA", "%s", hpaComplaint(d.HPA())).
		fix("install KEDA, or an adapter with externalRules")
}

func kedaAPIMissing(d *diagnosis) *finding {
	if isCustom(d) || d.ExternalAPI.Value() != nil {
		return nil
	}
	return failed(externalMissing, "Nothing is registered for %s, so that the HPA gets no metrics.", cluster.ExternalMetrics).
		evidence("HPA", "%s", hpaComplaint(d.HPA())).
		fix("KEDA created the HPA, but its APIService v1beta1.%s is gone: install KEDA again, for example with helm upgrade", cluster.ExternalMetrics)
}

// externalService is the name of the Service of the external metrics API; empty if
// the API server serves it itself, or the HPA does not use it.
func externalService(d *diagnosis) string {
	if isCustom(d) || d.ExternalAPI.Value().Spec.Service == nil {
		return ""
	}
	return d.ExternalAPI.Value().Spec.Service.Name
}

func foreignExternalAPI(d *diagnosis) *finding {
	if name := externalService(d); d.ScaledObject() == nil || !cluster.IsForeign(name) || strings.Contains(name, "keda") {
		return nil
	}
	api := d.ExternalAPI.Value()
	return failed("served by another product", "%s is registered for %s, so that the HPA gets no metrics of KEDA.", cluster.ExternalMetrics, api.Owner()).
		evidence("managers", "%s", names(managers(&api.Metadata))).
		fix("a cluster has one such APIService, the last one applied: remove it from the chart of the other product, then apply that of KEDA again")
}

// externalErr is why the external metrics API does not respond.
func externalErr(d *diagnosis) error {
	if externalService(d) == "" {
		return nil
	}
	err := d.ExternalAPIErr()
	if cluster.ReasonOf(err) == cluster.Forbidden {
		return nil
	}
	return err
}

func externalUnreadable(d *diagnosis) *finding {
	if err := externalErr(d); d.IsLocal(err) {
		return unobserved("the metrics API", err)
	}
	return nil
}

func kedaAPIDown(d *diagnosis) *finding {
	if d.ScaledObject() == nil || externalErr(d) == nil {
		return nil
	}
	s := d.ExternalAPI.Value().Spec.Service
	return externalDown(d).fix("kubectl -n %[1]s get pods,endpointslices; kubectl -n %[1]s logs deploy/%[2]s", s.Namespace, s.Name)
}

// otherExternalAPIDown is another product, of which the Deployment is not known.
func otherExternalAPIDown(d *diagnosis) *finding {
	if externalErr(d) == nil {
		return nil
	}
	return externalDown(d).fix("kubectl -n %s get pods,endpointslices", d.ExternalAPI.Value().Spec.Service.Namespace)
}

func externalDown(d *diagnosis) *finding {
	api := d.ExternalAPI.Value()
	return failed("does not respond", "%s serves %s, but does not respond.", api.Owner(), cluster.ExternalMetrics).
		evidence("response to the list request", "%s", externalErr(d)).
		evidence("APIService", "%s", api.Status.Conditions.Of("Available"))
}

func apiSummary(d *diagnosis) string {
	switch {
	case isExternal(d) && externalService(d) == "":
		return "the API server serves " + cluster.ExternalMetrics
	case isExternal(d):
		return d.ExternalAPI.Value().Owner() + " serves " + cluster.ExternalMetrics
	}
	api := d.CustomAPI.Value()
	if d.Metrics.Err() != nil {
		return fmt.Sprintf("%s is registered for %s; no permission to list it, the value will tell", api.Owner(), api.Metadata.Name)
	}
	return api.Owner() + " serves " + api.Metadata.Name
}
