package hpa

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

// kedaStart is how long KEDA may take to process a new ScaledObject.
const kedaStart = 30 * time.Second

func usesKEDA(d *diagnosis) bool { return d.ScaledObject() != nil }

// isRejected reports whether KEDA cannot use the ScaledObject in its current form.
func isRejected(s *cluster.ScaledObject) bool {
	ready := s.Status.Conditions.Of("Ready")
	return ready.Status == "False" && ready.Reason == "ScaledObjectCheckFailed"
}

func kedaPaused(d *diagnosis) *finding {
	s := d.ScaledObject()
	switch {
	case !s.Status.Conditions.IsTrue("Paused"):
		return nil
	case s.PausesOneDirection():
		return withPauses(d, warning("ScaledObject %s is paused in one direction: the number of pods does not follow the load in that direction.", s.Metadata.Name))
	}
	return withPauses(d, failed("paused", "ScaledObject %s is paused.", s.Metadata.Name))
}

// withPauses adds the annotations that pause the ScaledObject, and how to remove them.
func withPauses(d *diagnosis, f *finding) *finding {
	s := d.ScaledObject()
	var set, remove []string
	for _, key := range slices.Sorted(maps.Keys(s.Metadata.Annotations)) {
		if strings.HasPrefix(key, cluster.PauseAnnotation) {
			set = append(set, key+"="+s.Metadata.Annotations[key])
			remove = append(remove, key+"-")
		}
	}
	if len(remove) == 0 {
		return f.fix("kubectl -n %s describe scaledobject %s", d.namespace(), s.Metadata.Name)
	}
	return f.evidence("annotations", strings.Join(set, ",")).
		fix("kubectl -n %s annotate scaledobject %s %s", d.namespace(), s.Metadata.Name, strings.Join(remove, " "))
}

func kedaStarts(d *diagnosis) *finding {
	s := d.ScaledObject()
	if len(s.Status.Conditions) > 0 && (d.HPA() != nil || isRejected(s)) {
		return nil
	}
	return d.starting(s.Metadata.CreationTimestamp, kedaStart, "KEDA has not processed the ScaledObject yet")
}

func kedaMissing(d *diagnosis) *finding {
	s := d.ScaledObject()
	if len(s.Status.Conditions) > 0 {
		return nil
	}
	const name = "v1beta1." + cluster.ExternalMetrics
	f := failed("not processed", "ScaledObject %s has no status: KEDA is not running.", s.Metadata.Name)
	switch api, err := d.ExternalAPI.Get(); {
	case err != nil:
		f.evidence(name, err)
	case api == nil:
		f.evidence(name, "not found")
	case !api.Status.Conditions.IsTrue("Available"):
		f.evidence(name, api.Status.Conditions.Of("Available").Message)
	}
	return f.fix("install KEDA, and check the log of its operator")
}

func kedaNotReady(d *diagnosis) *finding {
	switch s := d.ScaledObject(); {
	case d.HPA() == nil:
		return withKEDAStatus(d, failed("not ready", "KEDA has not created an HPA for ScaledObject %s.", s.Metadata.Name))
	case isRejected(s):
		return withKEDAStatus(d, failed("not ready", "KEDA rejects the current form of ScaledObject %s; its HPA is from before the change.", s.Metadata.Name))
	}
	return nil
}

// triggersFail reports whether KEDA gets no metrics from a trigger.
func triggersFail(s *cluster.ScaledObject) bool {
	ready := s.Status.Conditions.Of("Ready")
	return ready.Status == "False" || ready.Reason == "PartialTriggerError"
}

func kedaGetsNoMetrics(d *diagnosis) *finding {
	switch s := d.ScaledObject(); {
	case s.Status.Conditions.IsTrue("Fallback"):
		return withKEDAStatus(d, warning("KEDA gets no metrics, and uses the fallback of ScaledObject %s.", s.Metadata.Name).as("keda-fallback"))
	case triggersFail(s):
		return withKEDAStatus(d, warning("KEDA gets no metrics for ScaledObject %s.", s.Metadata.Name).as("keda-scaledobject-not-ready"))
	}
	return nil
}

// withKEDAStatus adds what KEDA reports about the ScaledObject.
func withKEDAStatus(d *diagnosis, f *finding) *finding {
	s := d.ScaledObject()
	if c := s.Status.Conditions.Of("Ready"); c.Type != "" && c.Status != "True" {
		f.evidencef(c.Type, "%s %s", c.Status, c)
	}
	if c := s.Status.Conditions.Of("Fallback"); c.Status == "True" {
		f.evidencef(c.Type, "%s %s", c.Status, c)
	}
	return f.evidence("event of KEDA", kedaEvent(d)).
		fix("kubectl -n %s describe scaledobject %s", d.namespace(), s.Metadata.Name)
}

// kedaEvent is the last reason that KEDA reported for a failing trigger, and when; empty
// if there is none or events cannot be read.
func kedaEvent(d *diagnosis) string {
	all, err := d.KEDAFailures()
	if err != nil || len(all) == 0 {
		return ""
	}
	last := slices.MaxFunc(all, func(a, b cluster.Event) int { return a.At().Compare(b.At()) })
	if last.Message == "" {
		return ""
	}
	return last.Message + ", first at " + clock(last.At()) + "; later messages are in the log of KEDA"
}

// fixScaledObject adds how to change the ScaledObject; what says which part.
func fixScaledObject(d *diagnosis, f *finding, what string) *finding {
	return f.fix("kubectl -n %s edit scaledobject %s   # %s", d.namespace(), d.ScaledObject().Metadata.Name, what)
}

func kedaSummary(d *diagnosis) string {
	s := d.ScaledObject()
	name, hpa := s.Metadata.Name, d.HPA().Metadata.Name
	switch ready := s.Status.Conditions.Of("Ready"); {
	case s.Status.Conditions.IsTrue("Fallback"):
		return "uses its fallback"
	case triggersFail(s):
		return "HPA " + hpa + " exists, but triggers fail"
	case ready.Status != "True":
		return "HPA " + hpa + " exists; KEDA has not reported the state of the triggers yet"
	}
	return fmt.Sprintf("ScaledObject %s is ready, its HPA is %s", name, hpa)
}
