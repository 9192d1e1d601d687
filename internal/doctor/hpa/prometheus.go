package hpa

import (
	"nginx-exporter/internal/doctor/cluster"
)

func usesPrometheus(d *diagnosis) bool { return d.UsesPrometheus() }

// prometheusAddressWrong is an adapter or a trigger that expects Prometheus where
// there is none.
func prometheusAddressWrong(d *diagnosis) *finding {
	wrong := d.PrometheusLookup.Value().Wrong
	if wrong == nil {
		return nil
	}
	return wrongAddress(d, "is expected at a wrong address", wrong)
}

// wrongAddress is an address at which there is no Prometheus; nil for nil.
func wrongAddress(d *diagnosis, step string, wrong *cluster.WrongAddress) *finding {
	if wrong == nil {
		return nil
	}
	var f *finding
	address := cluster.WithoutLogin(wrong.Address)
	if s := d.ScaledObject(); s != nil {
		f = failed(step, "The trigger of ScaledObject %s queries %s, where there is no Prometheus.", s.Metadata.Name, address).
			fix("kubectl -n %s edit scaledobject %s   # serverAddress of the trigger", d.namespace(), s.Metadata.Name)
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
		f.evidence("missing", "Service %s in %s", s.Name, s.Namespace)
	case wrong.Ports != nil:
		f.evidence("ports of Service "+s.Name, "%s", names(wrong.Ports))
	case s.Name == "":
		return f.evidence("response from there", "%s", wrong.Response)
	default:
		f.evidence("Service "+s.Name, "%s", wrong.Response).fix("if the Service is right, correct the path: /api/v1/query must be directly below it")
	}
	for _, other := range d.PrometheusServices.Value().Addresses {
		f.evidence("Prometheus found", "%s", other)
	}
	return f
}

// prometheusFailed reports that a Prometheus was found that does not respond as one.
func prometheusFailed(d *diagnosis) bool {
	l := d.PrometheusLookup.Value()
	return l.Failed != nil && l.Platform != cluster.OpenShiftPlatform
}

// ofFailed judges a Prometheus that does not respond as one, by the reason.
func ofFailed(reason string, judge func(name string, err error) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		l := d.PrometheusLookup.Value()
		if cluster.ReasonOf(l.Err) != reason {
			return nil
		}
		return judge(l.Failed.Name, l.Err)
	}
}

func prometheusUnreachable(name string, err error) *finding {
	return unchecked("cannot be reached from here", "Prometheus at %s cannot be reached from here. It may be healthy.", name).evidence("error", "%s", err).
		fix("kubectl port-forward to it, which takes another route, and set --prometheus.url=http://127.0.0.1:9090")
}

func prometheusRejectsQueries(name string, err error) *finding {
	return failed("is another program", "The server at %s does not accept the query vector(1).", name).evidence("error", "%s", err).
		fix("check the address: http or https, and the path, below which /api/v1/query must be")
}

func notPrometheus(name string, err error) *finding {
	return failed("is another program", "The server at %s is not a Prometheus.", name).evidence("error", "%s", err).
		fix("check the address and its path: /api/v1/query must be directly below it")
}

func prometheusForbidden(_ string, err error) *finding {
	f := reason(err)
	f.step = "cannot be queried"
	return f.fix("or run kubectl port-forward, and set --prometheus.url to its address as seen from here")
}

func prometheusNeedsLogin(name string, err error) *finding {
	return unchecked("requires a login", "Prometheus at %s requires a login.", name).evidence("error", "%s", err).
		fix("kubectl port-forward to it, and put the login before the host of --prometheus.url: NAME:PASSWORD@HOST").
		fix("if a proxy requires the login, kubectl port-forward to the Prometheus behind it, and set --prometheus.url=http://127.0.0.1:9090")
}

func prometheusUnreadable(d *diagnosis) *finding {
	if err := d.PrometheusLookup.Value().Err; cluster.IsClientSide(err) {
		return unobserved("Prometheus", err)
	}
	return nil
}

func prometheusDown(d *diagnosis) *finding {
	l := d.PrometheusLookup.Value()
	return failed("does not respond", "Prometheus at %s does not respond.", l.Failed.Name).evidence("error", "%s", l.Err).
		fix("check its pods and their logs; without Prometheus the HPA gets no metrics")
}

func severalPrometheus(d *diagnosis) *finding {
	if !d.PrometheusLookup.Value().Several {
		return nil
	}
	var found []string
	for _, address := range d.PrometheusServices.Value().Addresses {
		found = append(found, address.String())
	}
	return unchecked("found more than once", "Several Prometheus servers respond, and it is not known which of them the HPA depends on.").
		evidence("servers", "%s", names(found)).
		fix("kubectl port-forward to the right one, and set --prometheus.url=http://127.0.0.1:9090")
}

const forwardPrometheus = "kubectl port-forward to Prometheus, and set --prometheus.url=http://127.0.0.1:9090"

// prometheusHidden is a cluster in which the user may not look for Prometheus.
func prometheusHidden(d *diagnosis) *finding {
	l := d.PrometheusLookup.Value()
	if l.Prometheus != nil || l.Failed != nil || l.Hidden == nil {
		return nil
	}
	return unobserved("the Services of Prometheus", l.Hidden).fix("or run " + forwardPrometheus)
}

func prometheusOfPlatform(d *diagnosis) *finding {
	l := d.PrometheusLookup.Value()
	product := map[string]string{
		cluster.GooglePlatform:    "Google Cloud Managed Service for Prometheus",
		cluster.AzurePlatform:     "Azure Monitor managed service for Prometheus",
		cluster.OpenShiftPlatform: "OpenShift monitoring (with a token)",
	}[l.Platform]
	if product == "" {
		return nil
	}
	return unchecked("not found", "The cluster uses %s, which the doctor cannot query.", product).evidence("API group", "%s", l.Platform).fix(forwardPrometheus)
}

func prometheusNotFound(d *diagnosis) *finding {
	if d.PrometheusLookup.Value().Prometheus != nil {
		return nil
	}
	return unchecked("not found", "No Prometheus was found.").fix(forwardPrometheus)
}

func prometheusSummary(d *diagnosis) string { return "responds at " + d.Prometheus().Name }
