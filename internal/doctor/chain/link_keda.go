package chain

import (
	"net/url"
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
func (w *walk) lookScaledObject() doctor.Link {
	if w.scaled == nil {
		return nothing()
	}
	s := w.scaled
	name := s.Metadata.Name
	f := found(codeScaledObject, "KEDA has not made an HPA of ScaledObject %s", name)
	for _, kind := range []string{"Ready", "Active", "Fallback", "Paused"} {
		c := s.Status.Conditions.of(kind)
		if c.Type != "" {
			f = seen(f, kind, "%s %s %s", c.Status, c.Reason, c.Message)
		}
	}
	f = mend(f, "kubectl -n %s describe scaledobject %s", w.namespace, name)
	ready := s.Status.Conditions.of("Ready")
	paused := s.Status.Conditions.of("Paused")
	switch {
	case paused.Status == "True":
		return broken("is paused", mend(seen(found(codePaused, "ScaledObject %s is paused", name), "annotations", "%s", pauses(s.Metadata.Annotations)),
			"kubectl -n %s annotate scaledobject %s autoscaling.keda.sh/paused- autoscaling.keda.sh/paused-replicas-", w.namespace, name))
	case (len(s.Status.Conditions) == 0 || w.hpa == nil && ready.Status != "False") && w.age(s.Metadata.CreationTimestamp) < kedaStart:
		return waiting("%s, when KEDA should have seen it", clock(s.Metadata.CreationTimestamp.Add(kedaStart)))
	case len(s.Status.Conditions) == 0:
		return broken("nobody looks at it", w.noKEDA())
	case ready.Status == "False" || w.hpa == nil:
		return broken("is not ready", f)
	}
	if s.Status.Conditions.of("Fallback").Status == "True" {
		f.Code, f.Says = codeFallback, "KEDA has no figures and uses the fallback of ScaledObject "+name
		return with(fine("works with its fallback"), f)
	}
	return fine("ScaledObject %s is ready, its HPA is %s", name, w.hpa.Metadata.Name)
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

func pauses(annotations map[string]string) string {
	var texts []string
	for key, value := range annotations {
		if strings.HasPrefix(key, "autoscaling.keda.sh/paused") {
			texts = append(texts, key+"="+value)
		}
	}
	return strings.Join(texts, ",")
}
