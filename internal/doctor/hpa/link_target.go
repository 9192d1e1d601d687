package hpa

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// lookTarget reads what the HPA scales.
func (w *walk) lookTarget() doctor.Step {
	ref := w.hpa.Spec.ScaleTargetRef
	path, err := w.pathOf(ref)
	if err == nil {
		err = w.cluster.get(w.ctx, path, &w.target)
	}
	what := ref.Kind + " " + ref.Name
	if err != nil && reasonOf(err) == odd {
		// Kinds of others may have something else in spec; their scale is like all.
		w.target, err = workload{}, nil
		w.target.Metadata.Name = ref.Name
	}
	switch {
	case reasonOf(err) == notFound:
		return broken("is not there", w.noTarget(path))
	case err != nil:
		return blind(what, err)
	}
	if w.target.Spec.Selector == nil || len(w.target.Spec.Selector.requirements()) == 0 {
		if l := w.readScale(path); l.State != "" {
			return l
		}
	}
	if l := w.scaledToZero(what); l.State != "" {
		return l
	}
	if l := w.sharedPods(); l.State != "" {
		return l
	}
	replicas := w.target.Status.Replicas
	if w.target.Spec.Replicas != nil {
		replicas = *w.target.Spec.Replicas
	}
	return with(fine("%s wants %d pods with %s", what, replicas, w.selector()), w.replicasReset()...)
}

// selector picks the pods of the target.
func (w *walk) selector() string {
	if s := w.target.Spec.Selector.String(); s != "" {
		return s
	}
	return w.target.Status.Selector
}

// pathOf is where the API server has an object of that kind.
func (w *walk) pathOf(ref reference) (string, error) {
	if ref.group() == "apps" {
		ref.APIVersion = "apps/v1" // the HPA controller goes by the group, and older versions are gone
	}
	plural := map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets", "ReplicaSet": "replicasets"}[ref.Kind]
	base := "/apis/" + ref.APIVersion
	if ref.group() == "" {
		base = "/api/" + ref.APIVersion
	}
	if plural == "" {
		var known resources
		if err := w.cluster.get(w.ctx, base, &known); err != nil {
			return base, err
		}
		for _, r := range known.Resources {
			if r.Kind == ref.Kind && !strings.Contains(r.Name, "/") {
				plural = r.Name
			}
		}
	}
	return base + "/namespaces/" + w.namespace + "/" + plural + "/" + url.PathEscape(ref.Name), nil
}

// readScale reads the selector of kinds that have it elsewhere.
func (w *walk) readScale(path string) doctor.Step {
	var scale workload
	if err := w.cluster.get(w.ctx, path+"/scale", &scale); err != nil {
		return blind("the scale of "+w.hpa.Spec.ScaleTargetRef.Name, err)
	}
	w.target.Status.Selector = scale.Status.Selector
	if w.target.Spec.Replicas == nil {
		w.target.Spec.Replicas = scale.Spec.Replicas
	}
	return nothing()
}

func (w *walk) noTarget(path string) *doctor.Finding {
	ref := w.hpa.Spec.ScaleTargetRef
	f := found(codeTargetMissing, "%s scales %s %s, which is not there", w.hpa.Metadata.Name, ref.Kind, ref.Name)
	if message := w.hpa.Status.Conditions.of("AbleToScale"); message.Status == "False" {
		f = seen(f, "the HPA says", "%s: %s", message.Reason, message.Message)
	}
	var all list[workload]
	folder := path[:strings.LastIndexByte(path, '/')]
	if err := w.cluster.get(w.ctx, folder, &all); err == nil {
		var there []string
		for i := range all.Items {
			there = append(there, all.Items[i].Metadata.Name)
		}
		f = seen(f, "there are in "+w.namespace, "%s", names(there))
	}
	return mend(f, `kubectl -n %s patch hpa %s --type merge -p '{"spec":{"scaleTargetRef":{"name":"NAME"}}}'`, w.namespace, w.hpa.Metadata.Name)
}

// scaledToZero is what switches the HPA off.
func (w *walk) scaledToZero(what string) doctor.Step {
	if !w.target.scaledToZero() || w.scaled != nil {
		return nothing()
	}
	f := found(codeScaledToZero, "%s is scaled to 0, which switches its HPA off", what)
	if c := w.hpa.Status.Conditions.of("ScalingActive"); c.Reason == "ScalingDisabled" {
		f = seen(f, "the HPA says", "%s: %s", c.Reason, c.Message)
	}
	return broken("has no pods by somebody's wish", mend(f, "kubectl -n %s scale %s/%s --replicas=%d", w.namespace,
		strings.ToLower(w.hpa.Spec.ScaleTargetRef.Kind), w.hpa.Spec.ScaleTargetRef.Name, max(w.hpa.Spec.MinReplicas, 1)))
}

// sharedPods finds other HPAs of the same pods. Kubernetes gives up on all of
// them.
func (w *walk) sharedPods() doctor.Step {
	for i := range w.siblings {
		other := &w.siblings[i]
		if other.Metadata.Name == w.hpa.Metadata.Name {
			continue
		}
		if other.Spec.ScaleTargetRef == w.hpa.Spec.ScaleTargetRef {
			return broken("has two HPAs", mend(seen(found(codeTwoHPAs, "%s and %s both scale %s", w.hpa.Metadata.Name, other.Metadata.Name, w.hpa.Spec.ScaleTargetRef.Name),
				"the HPA says", "%s", w.complaint()), "kubectl -n %s delete hpa %s   # or the other; one HPA can have several metrics", w.namespace, other.Metadata.Name))
		}
		const many = 20 // each is a question; beyond that the HPA must have said so
		if len(w.siblings) > many && !strings.Contains(w.complaint(), "AmbiguousSelector") {
			continue
		}
		if l := w.overlaps(other); l.State != "" {
			return l
		}
	}
	return nothing()
}

// complaint is what the HPA says of its metrics; empty while it has no reason
// to complain, or has not noticed it.
func (w *walk) complaint() string {
	c := w.hpa.Status.Conditions.of("ScalingActive")
	if c.Status != "False" {
		return ""
	}
	return said(c)
}

func said(c condition) string { return strings.Trim(c.Reason+": "+c.Message, ": ") }

// overlaps tells whether another HPA's target has the same pods.
func (w *walk) overlaps(other *hpa) doctor.Step {
	path, err := w.pathOf(other.Spec.ScaleTargetRef)
	var theirs workload
	if err != nil || w.cluster.get(w.ctx, path, &theirs) != nil || theirs.Spec.Selector == nil || w.target.Spec.Selector == nil {
		return nothing()
	}
	if !theirs.Spec.Selector.matches(w.target.Spec.Template.Metadata.Labels) && (theirs.scaledToZero() || !w.target.Spec.Selector.matches(theirs.Spec.Template.Metadata.Labels)) {
		return nothing()
	}
	f := found(codeSharedPods, "%s %s and %s %s pick the same pods, so that neither HPA knows whose figures it reads",
		w.hpa.Spec.ScaleTargetRef.Kind, w.hpa.Spec.ScaleTargetRef.Name, other.Spec.ScaleTargetRef.Kind, other.Spec.ScaleTargetRef.Name)
	f = seen(f, "selectors", "%s beside %s", w.target.Spec.Selector, theirs.Spec.Selector)
	f = seen(f, "the HPA says", "%s", w.complaint())
	return broken("shares its pods", mend(f, "give the pods of both a label of their own, and both selectors; a selector cannot be changed: create the Deployment anew"))
}

// replicasReset finds somebody who sets the number of pods at each deployment,
// whatever the HPA decided meanwhile.
func (w *walk) replicasReset() []*doctor.Finding {
	fields := w.target.Metadata.ManagedFields
	i := slices.IndexFunc(fields, func(m managed) bool {
		return m.owns("replicas") && m.Subresource != "scale" && (m.Operation == "Apply" || m.Time.After(w.lastScale()))
	})
	manifest := appliedReplicas(w.target.Metadata.Annotations[lastApplied])
	if i < 0 && manifest == "" {
		return nil
	}
	name := w.target.Metadata.Name
	f := found(codeReplicasReset, "each deployment of %s sets its number of pods back, since its manifest has spec.replicas", name)
	if i >= 0 {
		f = seen(f, "set by", "%s at %s", fields[i].Manager, clock(fields[i].Time))
	}
	if manifest != "" {
		f = seen(f, "last applied", "spec.replicas: %s", manifest)
	}
	f = seen(f, "the HPA wants", "%d, and scaled last at %s", w.hpa.Status.DesiredReplicas, clock(w.hpa.Status.LastScaleTime))
	f = mend(f, "take replicas out of the manifest of %s; with Argo CD, list /spec/replicas under ignoreDifferences", name)
	return []*doctor.Finding{f}
}

// lastApplied is where kubectl apply keeps the manifest.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// appliedReplicas is spec.replicas of that manifest; empty if it has none.
func appliedReplicas(manifest string) string {
	var m struct {
		Spec struct{ Replicas json.Number }
	}
	if json.Unmarshal([]byte(manifest), &m) != nil {
		return ""
	}
	return m.Spec.Replicas.String()
}

// lastScale is when the HPA scaled last; the end of time if it never did.
func (w *walk) lastScale() time.Time {
	if t := w.hpa.Status.LastScaleTime; !t.IsZero() {
		return t
	}
	return w.now
}

// kubectlTarget names the target for kubectl.
func (w *walk) kubectlTarget() string {
	ref := w.hpa.Spec.ScaleTargetRef
	return fmt.Sprintf("%s/%s", strings.ToLower(ref.Kind), ref.Name)
}
