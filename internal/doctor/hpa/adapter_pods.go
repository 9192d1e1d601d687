package hpa

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// adapterStart is what an adapter needs to be there.
const adapterStart = time.Minute

// adapterPods tells why no pod of the adapter can answer; nil if one is ready.
func (w *walk) adapterPods() *doctor.Finding {
	a := &w.adapter
	s := a.service
	var slices list[endpointSlice]
	path := "/apis/discovery.k8s.io/v1/namespaces/" + a.namespace + "/endpointslices" + selectorQuery("kubernetes.io/service-name="+s.Metadata.Name)
	if a.got(w.cluster.get(w.ctx, path, &slices)) && readyEndpoints(slices.Items) > 0 && len(a.crashing()) == 0 {
		return w.wrongTargetPort(slices.Items)
	}
	switch {
	case a.workload == nil:
		f := found(codeAdapterMissing, "Service %s of the adapter leads to no pods, and there is no Deployment of one in %s", s.Metadata.Name, a.namespace)
		f = mend(seen(f, "selector of the Service", "%s", labelText(s.Spec.Selector)), "install the adapter again")
		return f
	case a.workload.Spec.Replicas != nil && *a.workload.Spec.Replicas == 0:
		f := mend(found(codeAdapterScaledDown, "the adapter, Deployment %s in %s, is scaled to 0", a.workload.Metadata.Name, a.namespace),
			"kubectl -n %s scale deployment %s --replicas=1", a.namespace, a.workload.Metadata.Name)
		return f
	case !labelsMatch(s.Spec.Selector, a.workload.Spec.Template.Metadata.Labels):
		f := seen(found(codeAdapterSelector, "Service %s does not pick the pods of the adapter", s.Metadata.Name), "its selector", "%s", labelText(s.Spec.Selector))
		f = seen(f, "labels of Deployment "+a.workload.Metadata.Name, "%s", labelText(a.workload.Spec.Template.Metadata.Labels))
		f = mend(f, "kubectl -n %s edit service %s   # spec.selector", a.namespace, s.Metadata.Name)
		return f
	}
	return w.adapterCrash()
}

func readyEndpoints(all []endpointSlice) int {
	n := 0
	for _, s := range all {
		for _, e := range s.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				n++
			}
		}
	}
	return n
}

// wrongTargetPort is a Service that leads to a port at which the adapter does
// not listen.
func (w *walk) wrongTargetPort(all []endpointSlice) *doctor.Finding {
	a := &w.adapter
	if a.workload == nil {
		return nil
	}
	secure := a.container.value("secure-port")
	if secure == "" {
		return nil // its default is not the same in all versions
	}
	for _, s := range all {
		for _, p := range s.Ports {
			if strconv.Itoa(p.Port) == secure {
				return nil
			}
		}
	}
	f := seen(found(codeAdapterPort, "Service %s leads to a port at which the adapter does not listen", a.service.Metadata.Name), "it listens on", "%s", secure)
	f = mend(f, "kubectl -n %s edit service %s   # targetPort: %s", a.namespace, a.service.Metadata.Name, secure)
	return f
}

// crashing lists pods of the adapter whose container does not run.
func (a *adapter) crashing() []*pod {
	var all []*pod
	for i := range a.pods {
		status := a.pods[i].status(a.container.Name)
		if trouble := status.trouble(); trouble != "" && trouble != "ContainerCreating" && trouble != "PodInitializing" {
			all = append(all, &a.pods[i])
		}
	}
	return all
}

// adapterCrash tells why pods of the adapter do not become ready.
func (w *walk) adapterCrash() *doctor.Finding {
	a := &w.adapter
	bad := a.crashing()
	restarted := slices.ContainsFunc(a.pods, func(p pod) bool {
		s := p.status(a.container.Name)
		return s != nil && s.RestartCount > 0
	})
	if len(bad) == 0 && !restarted && w.age(a.youngest()) < adapterStart {
		return nil
	}
	f := found(codeAdapterCrash, "the adapter, Deployment %s in %s, does not run", a.workload.Metadata.Name, a.namespace)
	if len(bad) > 0 {
		status := bad[0].status(a.container.Name)
		f = seen(f, "pod "+bad[0].Metadata.Name, "%s; %d restarts", status.trouble(), status.RestartCount)
		if last := status.LastState.Terminated; last != nil {
			f = seen(f, "last end", "%s, exit status %d %s", last.Reason, last.ExitCode, last.Message)
		}
	} else if c := a.workload.Status.Conditions.of("Available"); c.Type != "" {
		f = seen(f, "Available", "%s", said(c))
	}
	log := w.adapterLog()
	f = seen(f, "its last words", "%s", log)
	f = w.adapterEnd(f, log)
	if len(f.Fix) == 0 {
		f = mend(f, "kubectl -n %s logs deploy/%s --previous", a.namespace, a.workload.Metadata.Name)
	}
	return f
}

// adapterLog is what the adapter said last of an end of its own.
func (w *walk) adapterLog() string {
	for i := range w.adapter.pods {
		if text := w.log(&w.adapter.pods[i], w.adapter.container.Name); text != "" {
			return text
		}
	}
	return ""
}

// adapterEnd knows the reasons for which an adapter ends itself, by its log,
// or, where that cannot be read, by what it is not allowed.
func (w *walk) adapterEnd(f *doctor.Finding, log string) *doctor.Finding {
	a := &w.adapter
	var auth configMap
	const authentication = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
	reads := w.cluster.getAs(w.ctx, a.account(), authentication, &auth)
	bad, typo := w.unknownResource()
	switch {
	case strings.Contains(log, "extension-apiserver-authentication") || isDenied(reads):
		f.Code, f.Message = codeAdapterAuthReader, "the adapter may not read how the API server authenticates, and ends"
		f = seen(f, "as "+a.account(), "%s", errorText(reads))
		return mend(f, "kubectl -n kube-system create rolebinding %s-auth-reader --role=extension-apiserver-authentication-reader --serviceaccount=%s",
			a.workload.Metadata.Name, strings.TrimPrefix(a.account(), "system:serviceaccount:"))
	case strings.Contains(log, "no matches for") || typo:
		f.Code, f.Message = codeRuleResource, "a rule names a resource that there is not, and the adapter ends: all metrics of the cluster with it"
		f = seen(f, "resource", "%s", bad)
		return w.mendRules(f, "resource of the override")
	case strings.Contains(log, "max age must not be less") || w.shortAge():
		f.Code, f.Message = codeAdapterMaxAge, "--metrics-max-age of the adapter is shorter than --metrics-relist-interval, and it ends"
		f = seen(f, "--metrics-max-age", "%s", a.container.value("metrics-max-age"))
		f = seen(f, "--metrics-relist-interval", "%s", a.relist())
		return mend(f, "make --metrics-max-age at least as long as --metrics-relist-interval")
	}
	if a.badConfig != nil && !errors.Is(a.badConfig, errNoRules) {
		f.Code, f.Message = codeRuleFile, "the adapter cannot read its rules"
		f = seen(f, "ConfigMap "+a.config.Metadata.Name, "%s", a.badConfig)
		return w.mendRules(f, "the whole file")
	}
	return f
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// isDenied tells a right that the adapter lacks from one that the user lacks to
// ask in its name.
func isDenied(err error) bool {
	return reasonOf(err) == forbidden && !strings.Contains(err.Error(), "cannot impersonate")
}

func (w *walk) shortAge() bool {
	age, err := time.ParseDuration(w.adapter.container.value("metrics-max-age"))
	return err == nil && age < w.adapter.relist()
}

// youngest is when the last pod came; while there is none, when the Deployment
// was at work last.
func (a *adapter) youngest() (at time.Time) {
	if len(a.pods) == 0 && a.workload != nil {
		at = a.workload.Status.Conditions.of("Progressing").LastUpdateTime
	}
	for i := range a.pods {
		if t := a.pods[i].Metadata.CreationTimestamp; t.After(at) {
			at = t
		}
	}
	return at
}

// unknownResource finds a rule with a resource that the API server does not
// have.
func (w *walk) unknownResource() (string, bool) {
	for _, r := range w.adapter.rules {
		for label, to := range r.Resources.Overrides {
			path := "/api/v1"
			if to.Group != "" {
				continue
			}
			var known resources
			if w.cluster.get(w.ctx, path, &known) != nil {
				return "", false
			}
			name := strings.ToLower(to.Resource)
			if !slices.ContainsFunc(known.Resources, func(r struct{ Name, SingularName, Kind string }) bool {
				return r.Name == name || r.SingularName == name || strings.ToLower(r.Kind) == name
			}) {
				return fmt.Sprintf("%s for label %s, in the rule for %s", to.Resource, label, r.SeriesQuery), true
			}
		}
	}
	return "", false
}

// mendRules names the place of the rules.
func (w *walk) mendRules(f *doctor.Finding, what string) *doctor.Finding {
	a := &w.adapter
	if a.config == nil {
		return mend(f, "edit the rules of the adapter (%s), and restart it", what)
	}
	if owner := a.config.Metadata.Labels["app.kubernetes.io/managed-by"]; owner == "Helm" {
		f = mend(f, "change the values of Helm release %s; or by hand:", a.config.Metadata.Annotations["meta.helm.sh/release-name"])
	}
	f = mend(f, "kubectl -n %s edit configmap %s   # %s", a.namespace, a.config.Metadata.Name, what)
	return mend(f, "kubectl -n %s rollout restart deployment %s   # it reads them only when it starts", a.namespace, a.workload.Metadata.Name)
}

// adapterStarts waits for an adapter that has just begun.
func (w *walk) adapterStarts() doctor.Step {
	if at := w.adapter.youngest(); w.age(at) < adapterStart {
		return waiting("%s: the adapter starts", clock(at.Add(adapterStart)))
	}
	return nothing()
}
