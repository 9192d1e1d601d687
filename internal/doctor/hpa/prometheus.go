package hpa

import (
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

func usesPrometheus(d *diagnosis) bool { return d.UsesPrometheus() }

func prometheusAddressWrong(d *diagnosis) *finding {
	return wrongAddress(d, "the configured address is wrong", d.PrometheusLookup.Value().Wrong)
}

// wrongAddress returns the finding that the adapter or a trigger queries an address without
// a Prometheus; nil for nil.
func wrongAddress(d *diagnosis, step string, wrong *cluster.WrongAddress) *finding {
	if wrong == nil {
		return nil
	}
	var f *finding
	address := cluster.WithoutLogin(wrong.Address)
	if s := d.ScaledObject(); s != nil {
		f = fixScaledObject(d, failed(step, "The trigger of ScaledObject %s queries %s, where there is no Prometheus.", s.Metadata.Name, address), "serverAddress of the trigger")
	} else {
		a := d.Adapter.Value()
		f = failed(step, "The adapter queries %s, where there is no Prometheus.", address).
			fix("set --prometheus-url in the arguments of Deployment %s in %s; in the chart of prometheus-adapter, prometheus.url and prometheus.port", a.Deployment.Metadata.Name, a.Namespace)
	}
	f.Code = "adapter-prometheus-url"
	s := wrong.Service
	switch {
	case wrong.Loopback:
		f.evidence("missing", "the pod of the adapter has no other container")
	case wrong.Missing:
		f.evidencef("missing", "Service %s in %s", s.Name, s.Namespace)
	case wrong.Ports != nil:
		f.evidence("ports of Service "+s.Name, names(wrong.Ports))
	case s.Name == "":
		return f.evidence("response from there", wrong.Response)
	default:
		f.evidence("Service "+s.Name, wrong.Response).fix("if the Service is right, correct the path: /api/v1/query must be directly below it")
	}
	for _, other := range d.PrometheusServices.Value().Addresses {
		f.evidence("Prometheus found", other)
	}
	return f
}

const forwardPrometheus = "kubectl port-forward to Prometheus, and set --prometheus.url=http://127.0.0.1:9090"

// prometheusFails reports the found Prometheus if it does not respond to queries.
func prometheusFails(d *diagnosis) *finding {
	l := d.PrometheusLookup.Value()
	if l.Failed == nil || l.Platform == cluster.OpenShiftPlatform {
		return nil
	}
	name, err := l.Failed.Name, l.Err
	var f *finding
	switch reason := cluster.ReasonOf(err); {
	case reason == cluster.Forbidden:
		f = forbidden(err)
		f.step = "cannot be queried"
		return f.fix("or run " + forwardPrometheus)
	case cluster.IsClientSide(err):
		return unobserved("Prometheus", err)
	case reason == cluster.Unreachable:
		f = unchecked("cannot be reached from here", "Prometheus at %s cannot be reached from here. It may be healthy.", name).as("prometheus-out-of-reach").
			fix(forwardPrometheus)
	case reason == cluster.NotPrometheus:
		f = failed("is another program", "The server at %s is not a Prometheus.", name).as("prometheus-other-program").
			fix("check the address and its path: /api/v1/query must be directly below it")
	case reason == cluster.BadQuery && strings.HasPrefix(err.Error(), "HTTP status"):
		f = failed("is another program", "The server at %s does not accept the query vector(1).", name).as("prometheus-other-program").
			fix("check the address: http or https, and its path: /api/v1/query must be directly below it")
	case reason == cluster.LoginRequired:
		f = unchecked("requires a login", "Prometheus at %s requires a login.", name).as("prometheus-login").
			fix("kubectl port-forward to Prometheus, and put the login before the host of --prometheus.url: NAME:PASSWORD@HOST").
			fix("if a proxy requires the login, port-forward to the Prometheus behind it")
	case reason != cluster.Down:
		return unobserved("Prometheus", err)
	default:
		f = failed("does not respond", "Prometheus at %s does not respond.", name).as("prometheus-down").
			fix("check its pods and their logs; without Prometheus the HPA gets no metrics")
	}
	return f.evidence("error", err)
}

// prometheusNotFound reports why there is no Prometheus to query.
func prometheusNotFound(d *diagnosis) *finding {
	l := d.PrometheusLookup.Value()
	product := map[string]string{
		cluster.GooglePlatform:    "Google Cloud Managed Service for Prometheus",
		cluster.AzurePlatform:     "Azure Monitor managed service for Prometheus",
		cluster.OpenShiftPlatform: "OpenShift monitoring (with a token)",
	}[l.Platform]
	switch {
	case l.Prometheus != nil:
		return nil
	case l.Several:
		return severalPrometheus(d)
	case l.Hidden != nil && l.Failed == nil:
		return unobserved("the Services of Prometheus", l.Hidden).fix("or run " + forwardPrometheus)
	case product != "":
		return unchecked("not found", "The cluster uses %s, which the doctor cannot query.", product).as("platform-unsupported").
			evidence("API group", l.Platform).fix(forwardPrometheus)
	}
	return unchecked("not found", "No Prometheus was found.").as("prometheus-not-found").fix(forwardPrometheus)
}

func severalPrometheus(d *diagnosis) *finding {
	var found []string
	for _, address := range d.PrometheusServices.Value().Addresses {
		found = append(found, address.String())
	}
	return unchecked("found more than once", "Several Prometheus servers respond, and it is not known which of them the HPA depends on.").as("prometheus-several").
		evidence("servers", names(found)).
		fix("kubectl port-forward to the right one, and set --prometheus.url=http://127.0.0.1:9090")
}

func prometheusSummary(d *diagnosis) string { return "responds at " + d.Prometheus().Name }
