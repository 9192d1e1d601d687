package hpa

import (
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

func (d *diagnosis) targetRef() cluster.Reference { return d.HPA().Spec.ScaleTargetRef }

func targetMissing(d *diagnosis) *finding {
	if cluster.ReasonOf(d.Target.Err()) != cluster.NotFound {
		return nil
	}
	h, ref := d.HPA(), d.targetRef()
	f := failed("not found", "HPA %s scales %s, which does not exist.", h.Metadata.Name, ref)
	if c := h.Status.Conditions.Of("AbleToScale"); c.Status == "False" {
		f.evidence("HPA", c)
	}
	if others, err := d.WorkloadNames(ref); err == nil {
		f.evidence("others in "+d.namespace(), names(others))
	}
	return f.fix(`kubectl -n %s patch hpa %s --type merge -p '{"spec":{"scaleTargetRef":{"name":"NAME"}}}'`, d.namespace(), h.Metadata.Name)
}

func targetScaledToZero(d *diagnosis) *finding {
	scale := d.Scale.Value()
	if !scale.ScaledToZero() || d.ScaledObject() != nil {
		return nil
	}
	h, ref := d.HPA(), d.targetRef()
	f := failed("scaled to 0", "%s is scaled to 0, which disables its HPA.", ref)
	if c := h.Status.Conditions.Of("ScalingActive"); c.Reason == "ScalingDisabled" {
		f.evidence("HPA", c)
	}
	return f.fix("kubectl -n %s scale %s --replicas=%d", d.namespace(), ref.Kubectl(), max(h.Spec.MinReplicas, 1))
}

// others are the other HPAs of the namespace.
func (d *diagnosis) others() []cluster.HPA {
	return slices.DeleteFunc(slices.Clone(d.HPAs.Value()), func(h cluster.HPA) bool { return h.Metadata.Name == d.HPA().Metadata.Name })
}

func hpaDuplicate(d *diagnosis) *finding {
	h := d.HPA()
	for _, other := range d.others() {
		if other.Spec.ScaleTargetRef == h.Spec.ScaleTargetRef {
			return failed("has two HPAs", "HPA %s and HPA %s both scale %s.", h.Metadata.Name, other.Metadata.Name, d.targetRef()).
				evidence("HPA", hpaComplaint(h)).
				fix("kubectl -n %s delete hpa %s   # or the other; one HPA can have several metrics", d.namespace(), other.Metadata.Name)
		}
	}
	return nil
}

// hpaSharedPods reports another workload with an HPA that selects the same pods:
// Kubernetes then disables both HPAs.
func hpaSharedPods(d *diagnosis) *finding {
	h := d.HPA()
	others := d.others()
	// Each of them takes a request. If there are many, the HPA must have noticed first.
	const many = 20
	if len(others) >= many && !strings.Contains(hpaComplaint(h), "AmbiguousSelector") {
		return nil
	}
	ours := d.Target.Value()
	for _, other := range others {
		ref := other.Spec.ScaleTargetRef
		theirs, err := d.Workload(ref)
		if err != nil || !shareLabels(&ours, &theirs) {
			continue
		}
		return failed("shares its pods", "%s and %s select the same pods, so that both HPAs read the metrics of both.", d.targetRef(), ref).
			evidencef("selectors", "%s and %s", ours.Spec.Selector, theirs.Spec.Selector).
			evidence("HPA", hpaComplaint(h)).
			fix("add a different label to the pods and the selector of each workload; selectors are immutable, so recreate the Deployment")
	}
	return nil
}

// shareLabels reports whether one of two workloads selects pods of the other.
func shareLabels(ours, theirs *cluster.Workload) bool {
	if ours.Spec.Selector == nil || theirs.Spec.Selector == nil {
		return false
	}
	return theirs.Spec.Selector.Matches(ours.Spec.Template.Metadata.Labels) ||
		!theirs.ScaledToZero() && ours.Spec.Selector.Matches(theirs.Spec.Template.Metadata.Labels)
}

// replicasReset reports a manifest with spec.replicas, which overwrites the decision of
// the HPA at each deployment.
func replicasReset(d *diagnosis) *finding {
	h, target := d.HPA(), d.Target.Value()
	lastScale := h.Status.LastScaleTime
	if lastScale.IsZero() {
		lastScale = d.Now()
	}
	fields := target.Metadata.ManagedFields
	i := slices.IndexFunc(fields, func(m cluster.ManagedFields) bool {
		return m.Owns("replicas") && m.Subresource != "scale" && (m.Operation == "Apply" || m.Time.After(lastScale))
	})
	manifest := target.Metadata.AppliedReplicas()
	if i < 0 && manifest == "" {
		return nil
	}
	name := target.Metadata.Name
	f := warning("Each deployment of %s resets its number of pods, since its manifest has spec.replicas.", name)
	if i >= 0 {
		f.evidencef("set by", "%s at %s", fields[i].Manager, clock(fields[i].Time))
	}
	if manifest != "" {
		f.evidencef("last applied", "spec.replicas: %s", manifest)
	}
	f.evidencef("HPA", "wants %d, last scaled at %s", h.Status.DesiredReplicas, clock(h.Status.LastScaleTime))
	if keepReplicas(d, f); manifest == "" && fields[i].Operation == "Apply" {
		f.fix("first: kubectl -n %s apply --server-side --field-manager=handover-to-hpa --validate=false -f FILE   # with only apiVersion, kind, metadata.name and the current spec.replicas; or removing it scales to 1", d.namespace())
	}
	return f.fix("then remove replicas from the manifest of %s; with Argo CD, list /spec/replicas under ignoreDifferences, with the sync option RespectIgnoreDifferences=true", name)
}

// keepReplicas adds how to make kubectl forget that it has applied replicas. Otherwise, the
// first manifest without them scales the target to 1.
func keepReplicas(d *diagnosis, f *finding) {
	target := d.Target.Value()
	if target.Metadata.AppliedReplicas() != "" {
		f.fix("kubectl -n %s apply edit-last-applied %s   # first: delete spec.replicas there, or applying a manifest without it scales to 1", d.namespace(), d.targetRef().Kubectl())
	}
}

func targetSummary(d *diagnosis) string {
	scale := d.Scale.Value()
	replicas := scale.Status.Replicas
	if scale.Spec.Replicas != nil {
		replicas = *scale.Spec.Replicas
	}
	return fmt.Sprintf("%s, replicas: %d, selector: %s", d.targetRef(), replicas, d.PodSelector())
}
