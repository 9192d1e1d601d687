package hpa

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

// adapterStart is how long an adapter may take to start.
const adapterStart = time.Minute

// adapterName is the name of the adapter's Deployment; the usual one if unknown.
func adapterName(d *diagnosis) string {
	if w := d.Adapter.Value().Deployment; w != nil {
		return w.Metadata.Name
	}
	return "prometheus-adapter"
}

// adapterLogs is the command that prints the log of the adapter.
func adapterLogs(d *diagnosis) string {
	return fmt.Sprintf("kubectl -n %s logs deploy/%s", d.Adapter.Value().Namespace, adapterName(d))
}

// adapterAccount is the service account of the adapter as an argument of kubectl.
func adapterAccount(d *diagnosis) string {
	if a := d.Adapter.Value(); a.Deployment != nil {
		return a.Account()
	}
	return "NAMESPACE:ACCOUNT"
}

func adapterServiceMissing(d *diagnosis) *finding {
	if d.Adapter.Value().Service != nil {
		return nil
	}
	api := d.CustomAPI.Value()
	s := api.Spec.Service
	f := failed("", "APIService %s refers to Service %s in %s, which does not exist.", api.Metadata.Name, s.Name, s.Namespace)
	for _, other := range d.ServicesNamed("adapter") {
		m := &other.Metadata
		f.evidencef("Service found", "%s/%s", m.Namespace, m.Name).
			fix(`kubectl patch apiservice %s --type merge -p '{"spec":{"service":{"name":"%s","namespace":"%s"}}}'`, api.Metadata.Name, m.Name, m.Namespace)
	}
	if len(f.Fix) == 0 {
		f.fix("install the adapter again, or delete the APIService: kubectl delete apiservice %s", api.Metadata.Name)
	}
	return f
}

// apiServicePortWrong compares the port of the APIService with those of the Service.
func apiServicePortWrong(d *diagnosis) *finding {
	api, s := d.CustomAPI.Value(), d.Adapter.Value().Service
	want := api.Spec.Service.Port
	if want == 0 {
		want = 443
	}
	var ports []string
	for _, p := range s.Spec.Ports {
		if p.Port == want {
			return nil
		}
		ports = append(ports, fmt.Sprintf("%d to %v", p.Port, p.TargetPort))
	}
	f := failed("", "APIService %s uses port %d of Service %s, which has no such port.", api.Metadata.Name, want, s.Metadata.Name).
		evidence("ports of the Service", names(ports))
	if len(s.Spec.Ports) > 0 {
		f.fix(`kubectl patch apiservice %s --type merge -p '{"spec":{"service":{"port":%d}}}'   # the port of the Service, not of the container`,
			api.Metadata.Name, s.Spec.Ports[0].Port)
	}
	return f
}

func adapterEndpointsHidden(d *diagnosis) *finding {
	_, err := d.AdapterEndpoints()
	return unobserved("the adapter", err)
}

func lacksEndpoints(d *diagnosis) bool { return apiFails(d) && !hasEndpoints(d) }

// hasEndpoints reports whether the Service of the adapter has endpoints that run.
func hasEndpoints(d *diagnosis) bool {
	all, _ := d.AdapterEndpoints() // empty if they cannot be read
	ready := slices.ContainsFunc(all, func(s cluster.EndpointSlice) bool {
		for _, e := range s.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				return true
			}
		}
		return false
	})
	return ready && len(d.Adapter.Value().NotRunning()) == 0
}

// servicePortWrong reports a targetPort on which the adapter does not listen.
func servicePortWrong(d *diagnosis) *finding {
	a := d.Adapter.Value()
	if a.Deployment == nil || !hasEndpoints(d) {
		return nil
	}
	port := a.Container.Flag("secure-port")
	if port == "" {
		return nil // the default differs between versions
	}
	all, _ := d.AdapterEndpoints() // they were read before
	for _, s := range all {
		for _, p := range s.Ports {
			if strconv.Itoa(p.Port) == port {
				return nil
			}
		}
	}
	return failed("", "Service %s has a targetPort on which the adapter does not listen.", a.Service.Metadata.Name).
		evidence("the adapter listens on", port).
		fix("kubectl -n %s edit service %s   # targetPort: %s", a.Namespace, a.Service.Metadata.Name, port)
}

// adapterHasNoEndpoints reports why the Service of the adapter has no endpoints; nil if the
// pods of the adapter are the reason.
func adapterHasNoEndpoints(d *diagnosis) *finding {
	a := d.Adapter.Value()
	service, w := a.Service, a.Deployment
	switch {
	case w == nil:
		return failed("", "Service %s of the adapter has no endpoints, and there is no Deployment of an adapter in %s.", service.Metadata.Name, a.Namespace).as("adapter-missing").
			evidence("selector of the Service", cluster.FormatLabels(service.Spec.Selector)).
			fix("install the adapter again")
	case w.ScaledToZero():
		return failed("", "The adapter, Deployment %s in %s, is scaled to 0.", w.Metadata.Name, a.Namespace).as("adapter-scaled-to-zero").
			fix("kubectl -n %s scale deployment %s --replicas=1", a.Namespace, w.Metadata.Name)
	case !cluster.LabelsMatch(service.Spec.Selector, w.Spec.Template.Metadata.Labels):
		return failed("", "Service %s does not select the pods of the adapter.", service.Metadata.Name).as("adapter-service-selector").
			evidence("its selector", cluster.FormatLabels(service.Spec.Selector)).
			evidence("labels of Deployment "+w.Metadata.Name, cluster.FormatLabels(w.Spec.Template.Metadata.Labels)).
			fix("kubectl -n %s edit service %s   # spec.selector", a.Namespace, service.Metadata.Name)
	}
	return nil
}

// adapterIsDown reports whether the adapter crashes, or takes too long to become ready.
func adapterIsDown(d *diagnosis) bool {
	if !lacksEndpoints(d) {
		return false
	}
	a := d.Adapter.Value()
	restarted := slices.ContainsFunc(a.Pods, func(p cluster.Pod) bool { return p.Container(a.Container.Name).RestartCount > 0 })
	return restarted || len(a.NotRunning()) > 0 || !d.isYoung(a.Youngest(), adapterStart)
}

// adapterDown returns the finding that the adapter does not run, with the state of a pod.
func adapterDown(d *diagnosis, format string, args ...any) *finding {
	a := d.Adapter.Value()
	f := failed("", format, args...)
	if bad := a.NotRunning(); len(bad) > 0 {
		status := bad[0].Container(a.Container.Name)
		f.evidencef("pod "+bad[0].Metadata.Name, "%s; %d restarts", status.Problem(), status.RestartCount)
		withLastState(f, status)
	} else if c := a.Deployment.Status.Conditions.Of("Available"); c.Type != "" {
		f.evidence("Available", c)
	}
	return f.evidence("last log line", d.AdapterLog())
}

func adapterLacksAuthReader(d *diagnosis) *finding {
	err := d.AdapterAuthentication()
	// If the user may not impersonate the adapter, nothing is known about its permissions.
	denied := cluster.ReasonOf(err) == cluster.Forbidden && strings.Contains(err.Error(), `User "system:serviceaccount:`+adapterAccount(d)+`" cannot`)
	if !denied && !strings.Contains(d.AdapterLog(), "extension-apiserver-authentication") {
		return nil
	}
	return adapterDown(d, "The adapter does not have permission to read how the API server authenticates clients, and exits.").
		evidence("as service account "+adapterAccount(d), errorText(err)).
		fix("kubectl -n kube-system create rolebinding %s-auth-reader --role=extension-apiserver-authentication-reader --serviceaccount=%s", adapterName(d), adapterAccount(d))
}

func ruleResourceUnknown(d *diagnosis) *finding {
	resource := unknownResource(d)
	if resource == "" && !strings.Contains(d.AdapterLog(), "no matches for") {
		return nil
	}
	f := adapterDown(d, "A rule names a resource that does not exist, so the adapter exits: no custom metric of the cluster works.")
	return fixRules(d, f.evidence("resource", resource), "resource of the override")
}

// unknownResource describes an override for a resource that the core API does not have;
// empty if there is none.
func unknownResource(d *diagnosis) string {
	for _, r := range d.Adapter.Value().Rules {
		for _, label := range slices.Sorted(maps.Keys(r.Resources.Overrides)) {
			if to := r.Resources.Overrides[label]; to.Group == "" && !d.HasCoreResource(to.Resource) {
				return fmt.Sprintf("%s for label %s, in the rule for %s", to.Resource, label, r.SeriesQuery)
			}
		}
	}
	return ""
}

func adapterMaxAgeShort(d *diagnosis) *finding {
	a := d.Adapter.Value()
	text := a.Container.Flag("metrics-max-age")
	age, err := time.ParseDuration(text)
	if (err != nil || age >= a.RelistInterval()) && !strings.Contains(d.AdapterLog(), "max age must not be less") {
		return nil
	}
	return adapterDown(d, "The adapter exits, since its --metrics-max-age is shorter than --metrics-relist-interval.").
		evidence("--metrics-max-age", text).
		evidence("--metrics-relist-interval", a.RelistInterval()).
		fix("make --metrics-max-age at least as long as --metrics-relist-interval")
}

func rulesCrashAdapter(d *diagnosis) *finding {
	a := d.Adapter.Value()
	if a.RulesErr == nil || errors.Is(a.RulesErr, cluster.ErrNoRules) {
		return nil
	}
	f := adapterDown(d, "The adapter cannot parse its rules.")
	return fixRules(d, f.evidence("ConfigMap "+a.ConfigMap.Metadata.Name, a.RulesErr), "the whole file")
}

func adapterCrashes(d *diagnosis) *finding {
	a := d.Adapter.Value()
	if len(a.NotRunning()) == 0 && len(a.Pods) > 0 && !slices.ContainsFunc(a.Pods, func(p cluster.Pod) bool { return !p.Ready() }) {
		return adapterDown(d, "The adapter, Deployment %s in %s, is ready, but its Service has no endpoints.", adapterName(d), a.Namespace).as(unknown).
			fix("kubectl -n %s describe service %s", a.Namespace, a.Service.Metadata.Name)
	}
	return adapterDown(d, "The adapter, Deployment %s in %s, is not running.", adapterName(d), a.Namespace).
		fix("%s --previous", adapterLogs(d))
}

// adapterUntrusted reports an adapter whose certificate the API server does not trust. A
// failing handshake does not time out, unlike a failing connection.
func adapterUntrusted(d *diagnosis) *finding {
	api := d.CustomAPI.Value()
	available := api.Status.Conditions.Of("Available")
	rejected := strings.Contains(available.Message, "x509")
	switch {
	case cluster.ReasonOf(d.Metrics.Err()) == cluster.NoResponse:
		return nil
	case available.Status == "False" && !rejected && cluster.IsUnreachable(available.Message):
		return nil // the connection fails before the handshake
	case api.Spec.InsecureSkipTLSVerify && !rejected:
		return nil
	}
	by := "caBundle of the APIService"
	if api.Spec.CABundle == "" {
		by = "the system CAs of the API server, since the APIService has neither caBundle nor insecureSkipTLSVerify"
	}
	certificate := d.Adapter.Value().Container.Flag("tls-cert-file")
	if certificate == "" {
		certificate = "self-signed by the adapter, for localhost"
	}
	return failed("", "The API server does not trust the certificate of the adapter.").
		evidence("verified by", by).
		evidence("certificate", certificate).
		fix(`kubectl patch apiservice %s --type merge -p '{"spec":{"insecureSkipTLSVerify":true,"caBundle":null}}'`, api.Metadata.Name).
		fix("or have cert-manager issue a certificate for %s.%s.svc, and put its CA into caBundle", api.Spec.Service.Name, api.Spec.Service.Namespace)
}

func adapterStarts(d *diagnosis) *finding {
	return d.starting(d.Adapter.Value().Youngest(), adapterStart, "the adapter is starting")
}

// fixRules adds how to change the rules of the adapter; what says which part.
func fixRules(d *diagnosis, f *finding, what string) *finding {
	a := d.Adapter.Value()
	if a.ConfigMap == nil {
		return f.fix("edit the rules of the adapter (%s), and restart it", what)
	}
	if m := &a.ConfigMap.Metadata; m.Labels["app.kubernetes.io/managed-by"] == "Helm" {
		f.fix("change the values of Helm release %s; or by hand:", m.Annotations["meta.helm.sh/release-name"])
	}
	return f.fix("kubectl -n %s edit configmap %s   # %s", a.Namespace, a.ConfigMap.Metadata.Name, what).
		fix("kubectl -n %s rollout restart deployment %s   # it reads its rules only when it starts", a.Namespace, adapterName(d))
}
