package hpa

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor"
)

// readScaledObject reads the ScaledObject of that name, if there is one.
func (w *walk) readScaledObject(name string) error {
	var one scaledObject
	err := w.cluster.get(w.ctx, "/apis/keda.sh/v1alpha1/namespaces/"+w.namespace+"/scaledobjects/"+url.PathEscape(name), &one)
	switch reasonOf(err) {
	case notFound:
		return nil
	case "":
		if err == nil {
			w.scaled = &one
		}
	}
	return err
}

// lookScaledObject is what KEDA makes of a ScaledObject.
func (w *walk) lookScaledObject() doctor.Step {
	if w.scaled == nil {
		return nothing()
	}
	s := w.scaled
	name := s.Metadata.Name
	ready := s.Status.Conditions.of("Ready")
	unseen := len(s.Status.Conditions) == 0
	refused := ready.Status == "False" && ready.Reason == "ScaledObjectCheckFailed"
	switch {
	case s.Status.Conditions.of("Paused").Status == "True" && !s.goesOneWay():
		return broken("is paused", w.paused("ScaledObject "+name+" is paused"))
	case (unseen || w.hpa == nil && !refused) && w.age(s.Metadata.CreationTimestamp) < kedaStart:
		return waiting("%s, when KEDA should have seen it", clock(s.Metadata.CreationTimestamp.Add(kedaStart)))
	case unseen:
		return broken("nobody looks at it", w.noKEDA())
	case w.hpa == nil:
		return broken("is not ready", w.kedaFinding(codeScaledObject, "KEDA has not made an HPA of ScaledObject "+name))
	case refused:
		return broken("is not ready", w.kedaFinding(codeScaledObject, "KEDA refuses ScaledObject "+name+" as it is now; its HPA is that of before"))
	}
	return w.kedaWarnings()
}

// kedaWarnings is a ScaledObject with an HPA. That KEDA gets no figures it says
// here; the links that follow tell why.
func (w *walk) kedaWarnings() doctor.Step {
	s := w.scaled
	name := s.Metadata.Name
	ready := s.Status.Conditions.of("Ready")
	l := fine("ScaledObject %s is ready, its HPA is %s", name, w.hpa.Metadata.Name)
	if s.Status.Conditions.of("Paused").Status == "True" {
		l = with(l, w.paused("ScaledObject "+name+" is paused in one direction: the number of pods does not follow the load there"))
	}
	switch {
	case s.Status.Conditions.of("Fallback").Status == "True":
		l.Message = "works with its fallback"
		l = with(l, w.kedaFinding(codeFallback, "KEDA has no figures and uses the fallback of ScaledObject "+name))
	case ready.Status != "True" && ready.Status != "False" && ready.Reason != "PartialTriggerError":
		l.Message = "has an HPA, " + w.hpa.Metadata.Name + ", and KEDA has not judged it yet"
	case ready.Status == "False" || ready.Reason == "PartialTriggerError":
		l.Message = "has an HPA, " + w.hpa.Metadata.Name + ", and triggers that fail"
		l = with(l, w.kedaFinding(codeScaledObject, "KEDA gets no figures for ScaledObject "+name))
	}
	return l
}

// kedaFinding has what KEDA says of the ScaledObject.
func (w *walk) kedaFinding(code doctor.Code, says string) *doctor.Finding {
	f := found(code, "%s", says)
	if c := w.scaled.Status.Conditions.of("Ready"); c.Type != "" && c.Status != "True" {
		f = seen(f, c.Type, "%s %s", c.Status, said(c))
	}
	if c := w.scaled.Status.Conditions.of("Fallback"); c.Status == "True" {
		f = seen(f, c.Type, "%s %s", c.Status, said(c))
	}
	f = seen(f, "KEDA said", "%s", w.kedaSaid())
	return mend(f, "kubectl -n %s describe scaledobject %s", w.namespace, w.scaled.Metadata.Name)
}

// kedaSaid is the last reason that KEDA gave for a trigger without a figure, and
// when. Nothing if there is none, or events may not be read: it only explains.
func (w *walk) kedaSaid() string {
	query := url.Values{"fieldSelector": {"involvedObject.uid=" + w.scaled.Metadata.UID + ",reason=KEDAScalerFailed"}}
	var all list[event]
	if w.scaled.Metadata.UID == "" || w.cluster.get(w.ctx, "/api/v1/namespaces/"+w.namespace+"/events?"+query.Encode(), &all) != nil || len(all.Items) == 0 {
		return ""
	}
	last := slices.MaxFunc(all.Items, func(a, b event) int { return a.at().Compare(b.at()) })
	if last.Message == "" {
		return ""
	}
	return last.Message + ", first at " + clock(last.at()) + "; its log has what came after"
}

// paused is a finding with the annotations that pause, and how they go.
func (w *walk) paused(says string) *doctor.Finding {
	var set, remove []string
	for _, key := range slices.Sorted(maps.Keys(w.scaled.Metadata.Annotations)) {
		if strings.HasPrefix(key, pauseAnnotation) {
			set = append(set, key+"="+w.scaled.Metadata.Annotations[key])
			remove = append(remove, key+"-")
		}
	}
	f := seen(found(codePaused, "%s", says), "annotations", "%s", strings.Join(set, ","))
	if len(remove) == 0 {
		return mend(f, "kubectl -n %s describe scaledobject %s", w.namespace, w.scaled.Metadata.Name)
	}
	return mend(f, "kubectl -n %s annotate scaledobject %s %s", w.namespace, w.scaled.Metadata.Name, strings.Join(remove, " "))
}

// pauseAnnotation begins the names of all annotations that pause.
const pauseAnnotation = "autoscaling.keda.sh/paused"

// goesOneWay tells whether what is paused is scaling in or scaling out alone, for
// which KEDA has the same condition.
func (s *scaledObject) goesOneWay() bool {
	a := s.Metadata.Annotations
	// As KEDA reads them: what is no boolean is true.
	on := func(key string) bool {
		value, there := a[pauseAnnotation+key]
		is, err := strconv.ParseBool(value)
		return there && (is || err != nil)
	}
	_, count := a[pauseAnnotation+"-replicas"]
	return on("-scale-in") != on("-scale-out") && !on("") && !count
}

// noKEDA tells whether KEDA is there at all.
func (w *walk) noKEDA() *doctor.Finding {
	var api apiService
	err := w.cluster.get(w.ctx, apiServices+"v1beta1.external.metrics.k8s.io", &api)
	f := found(codeNoKEDA, "ScaledObject %s has no status: KEDA does not run", w.scaled.Metadata.Name)
	if err != nil {
		f = seen(f, "v1beta1.external.metrics.k8s.io", "%s", err)
	} else if available := api.Status.Conditions.of("Available"); available.Status != "True" {
		f = seen(f, "v1beta1.external.metrics.k8s.io", "%s", available.Message)
	}
	return mend(f, "install KEDA, and look at the log of its operator")
}
