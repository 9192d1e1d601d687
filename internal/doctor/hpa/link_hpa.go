package hpa

import (
	"net/url"
	"strings"

	"nginx-exporter/internal/doctor"
)

const autoscaling = "/apis/autoscaling/v2/"

// lookHPA finds the HPA, or the ScaledObject that makes one.
func (w *walk) lookHPA() doctor.Step {
	if w.namespace == "" {
		if err := w.defaultNamespace(); err != nil {
			return blind("the kubeconfig", err)
		}
	}
	err := w.readHPA()
	switch {
	case isBlind(err):
		return blind("HorizontalPodAutoscalers in "+w.namespace, err)
	case err != nil:
		return blind("HorizontalPodAutoscalers in "+w.namespace, err)
	case w.hpa == nil && w.scaled != nil:
		return nothing() // the next link tells of it
	case w.hpa == nil:
		return broken("is not there", w.noHPA())
	}
	return w.askedFor()
}

// defaultNamespace is that of the kubeconfig's context.
func (w *walk) defaultNamespace() error {
	text, err := w.cluster.configNamespace(w.ctx)
	if err != nil {
		return err
	}
	w.namespace = text
	if text == "" {
		w.namespace = "default"
	}
	return nil
}

// readHPA reads all HPAs of the namespace, or the one if that is all that may
// be read.
func (w *walk) readHPA() error {
	path := autoscaling + "namespaces/" + w.namespace + "/horizontalpodautoscalers"
	var all list[hpa]
	err := w.cluster.get(w.ctx, path, &all)
	if reasonOf(err) == forbidden {
		var one hpa
		if e := w.cluster.get(w.ctx, path+"/"+url.PathEscape(w.options.Name), &one); e == nil {
			all.Items, err = []hpa{one}, nil
		}
	}
	if err != nil {
		return err
	}
	w.siblings = all.Items
	if w.pickHPA(w.options.Name) {
		owner := w.hpa.Metadata.Labels["scaledobject.keda.sh/name"]
		if owner == "" {
			return nil
		}
		return w.readScaledObject(owner)
	}
	if err := w.readScaledObject(w.options.Name); err != nil || w.scaled == nil {
		return err
	}
	name := w.scaled.Status.HpaName
	if name == "" {
		name = "keda-hpa-" + w.options.Name
	}
	w.pickHPA(name)
	return nil
}

func (w *walk) pickHPA(name string) bool {
	for i := range w.siblings {
		if w.siblings[i].Metadata.Name == name {
			w.hpa = &w.siblings[i]
			return true
		}
	}
	return false
}

// noHPA tells what there is in its place.
func (w *walk) noHPA() *doctor.Finding {
	f := found(codeHPAMissing, "there is no HorizontalPodAutoscaler and no ScaledObject %s in %s", w.options.Name, w.namespace)
	var here []string
	for i := range w.siblings {
		h := &w.siblings[i]
		here = append(here, h.Metadata.Name)
		if h.Spec.ScaleTargetRef.Name == w.options.Name {
			f = mend(f, "nginx-exporter doctor hpa %s/%s   # the HPA of %s %s", w.namespace, h.Metadata.Name, h.Spec.ScaleTargetRef.Kind, w.options.Name)
		}
	}
	f = seen(f, "HPAs in "+w.namespace, "%s", names(here))
	var elsewhere list[hpa]
	path := autoscaling + "horizontalpodautoscalers?fieldSelector=" + url.QueryEscape("metadata.name="+w.options.Name)
	if w.cluster.get(w.ctx, path, &elsewhere) == nil {
		for i := range elsewhere.Items {
			f = mend(f, "nginx-exporter doctor hpa %s/%s", elsewhere.Items[i].Metadata.Namespace, w.options.Name)
		}
	}
	if len(f.Fix) == 0 {
		f = mend(f, "create it: helm install with autoscaling.engine=adapter, or see examples/kubernetes")
	}
	return f
}

// askedFor finds the metric that the HPA asks for.
func (w *walk) askedFor() doctor.Step {
	h := w.hpa
	ref := h.Spec.ScaleTargetRef
	if ref.Kind == "DaemonSet" {
		return broken("cannot scale a DaemonSet", mend(found(codeTargetKind, "%s %s is a DaemonSet: it has a pod a node, and no number of replicas", h.Metadata.Name, ref.Name),
			"make it a Deployment, or watch it by alerts instead: examples/kubernetes/daemonset"))
	}
	var others []string
	for i := range h.Spec.Metrics {
		m := &h.Spec.Metrics[i]
		if !w.take(m) {
			others = append(others, m.Type+" "+resourceName(m))
		}
	}
	if w.wanted.name == "" {
		return broken("asks for no custom metric", mend(seen(found(codeOtherMetric, "%s does not ask for requests", h.Metadata.Name),
			"it asks for", "%s", names(others)), "add a metric of type Pods: nginx-exporter snippet adapter-rule, and examples/kubernetes/hpa-adapter"))
	}
	if rest, found := strings.CutPrefix(w.wanted.name, "autoscaling.gke.io|"); found {
		return sightless("asks Google's own metrics", w.googles(rest))
	}
	if strings.Contains(w.wanted.name, ".googleapis.com|") {
		return sightless("asks Google's own metrics", w.googles(w.wanted.name))
	}
	forEach := "for each pod of"
	if !w.wanted.each {
		forEach = "for all pods of"
	}
	return fine("%s wants %s of %s %s %s %s, %d to %d pods", h.Metadata.Name, w.wanted.name, w.wanted.average, forEach,
		ref.Kind, ref.Name, max(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas)
}

func (w *walk) googles(name string) *doctor.Finding {
	return mend(found(codeManaged, "%s is a metric of GKE, which answers for it itself", strings.ReplaceAll(name, "|", " ")),
		"kubectl -n %s describe autoscalingmetric; its conditions tell what GKE makes of it", w.namespace)
}

func resourceName(m *metricSpec) string {
	if m.Resource != nil {
		return m.Resource.Name
	}
	return ""
}

// isNginx tells whether a metric is about nginx, by its name or its trigger.
func (w *walk) isNginx(name string) bool {
	for _, kind := range []string{"prometheus", "metrics-api"} {
		if t, found := w.trigger(kind); found && strings.HasPrefix(name, w.metricOf(&t)) {
			return true
		}
	}
	return strings.Contains(name, "nginx")
}

// take remembers a custom metric; one of nginx goes before others.
func (w *walk) take(m *metricSpec) bool {
	t := m.Pods
	switch {
	case m.Object != nil:
		t = m.Object
	case m.External != nil:
		t = m.External
	}
	if t == nil {
		return false
	}
	if w.wanted.name == "" || w.isNginx(t.Metric.Name) && !w.isNginx(w.wanted.name) {
		w.wanted = wanted{m.Type, t.Metric.Name, t.Metric.Selector, t.Target.AverageValue, t.Target.AverageValue != "", t.DescribedObject}
		if w.wanted.average == "" {
			w.wanted.average = t.Target.Value
		}
	}
	return true
}
