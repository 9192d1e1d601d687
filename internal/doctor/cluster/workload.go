package cluster

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// objectPath is where the API server has an object of a kind.
func (o *Observation) objectPath(ref Reference) (string, error) {
	if ref.Group() == "apps" {
		ref.APIVersion = "apps/v1" // the HPA controller goes by the group, and older versions are gone
	}
	base := "/apis/" + ref.APIVersion
	if ref.Group() == "" {
		base = "/api/" + ref.APIVersion
	}
	plural := map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets", "ReplicaSet": "replicasets"}[ref.Kind]
	if plural == "" {
		known, err := read[resources](o, base)
		if err != nil {
			return base, err
		}
		for _, r := range known.Resources {
			if r.Kind == ref.Kind && !strings.Contains(r.Name, "/") {
				plural = r.Name
			}
		}
	}
	return base + "/namespaces/" + o.Namespace.Value() + "/" + plural + "/" + url.PathEscape(ref.Name), nil
}

// Workload reads a workload of the namespace.
func (o *Observation) Workload(ref Reference) (Workload, error) {
	var w Workload
	objectPath, err := o.objectPath(ref)
	if err == nil {
		w, err = read[Workload](o, objectPath)
	}
	if ReasonOf(err) == Malformed {
		// Custom kinds may have other types in spec; their scale is like any other.
		w, err = Workload{Metadata: Meta{Name: ref.Name}}, nil
	}
	return w, err
}

// WorkloadNames lists the workloads of the same kind in the namespace.
func (o *Observation) WorkloadNames(ref Reference) ([]string, error) {
	objectPath, _ := o.objectPath(ref) // its folder may exist all the same
	all, err := readList[Workload](o, path.Dir(objectPath))
	var names []string
	for i := range all {
		names = append(names, all[i].Metadata.Name)
	}
	return names, err
}

func (o *Observation) readTarget() (Workload, error) {
	h := o.HPA()
	if h == nil {
		return Workload{}, o.Scaler.Err()
	}
	return o.Workload(h.Spec.ScaleTargetRef)
}

// readScale reads the scale of a target of a kind without a label selector of its
// own. For all others the scale is the target itself.
func (o *Observation) readScale() (Workload, error) {
	target, err := o.Target.Get()
	if err != nil || len(target.Spec.Selector.Requirements()) > 0 {
		return target, err
	}
	objectPath, err := o.objectPath(o.HPA().Spec.ScaleTargetRef)
	if err != nil {
		return Workload{}, err
	}
	scale, err := read[Workload](o, objectPath+"/scale")
	if target.Spec.Replicas != nil {
		scale.Spec.Replicas = target.Spec.Replicas
	}
	return scale, err
}

// PodSelector selects the pods of the target.
func (o *Observation) PodSelector() string {
	target, scale := o.Target.Value(), o.Scale.Value()
	if s := target.Spec.Selector.String(); s != "" {
		return s
	}
	return scale.Status.Selector
}

// Pods are those of the target.
type Pods struct {
	Live []Pod // all but those that have ended or are about to
	// EndsBy is when the last of those that end has to be gone; zero if none ends.
	EndsBy    time.Time
	Exporters []Exporter // those that the live pods have
	Without   []Pod      // live pods without an exporter
}

// Ready counts the pods that are ready.
func (p *Pods) Ready() int {
	n := 0
	for i := range p.Live {
		if p.Live[i].Ready() {
			n++
		}
	}
	return n
}

// Youngest is when the youngest pod with an exporter was created.
func (p *Pods) Youngest() (at time.Time) {
	for i := range p.Exporters {
		if t := p.Exporters[i].Pod.Metadata.CreationTimestamp; t.After(at) {
			at = t
		}
	}
	return at
}

// Oldest is the exporter of the pod that is ready for longest, or else the first.
func (p *Pods) Oldest() *Exporter {
	best := &p.Exporters[0]
	for i := range p.Exporters {
		pod, b := p.Exporters[i].Pod, best.Pod
		if pod.Ready() && (!b.Ready() || pod.Metadata.CreationTimestamp.Before(b.Metadata.CreationTimestamp)) {
			best = &p.Exporters[i]
		}
	}
	return best
}

func (o *Observation) readPods() (Pods, error) {
	all, err := readList[Pod](o, o.core("pods")+selectorQuery(o.PodSelector()))
	var pods Pods
	for i := range all {
		p := &all[i]
		if p.ended() {
			if at := p.Metadata.DeletionTimestamp; at.After(pods.EndsBy) {
				pods.EndsBy = at
			}
			continue
		}
		pods.Live = append(pods.Live, *p)
	}
	for i := range pods.Live {
		p := &pods.Live[i]
		if e := FindExporter(&p.Spec); e != nil {
			e.Pod = p
			pods.Exporters = append(pods.Exporters, *e)
		} else {
			pods.Without = append(pods.Without, *p)
		}
	}
	return pods, err
}

// Log is the last line of a container's log that reports an error, or else the last
// line; of the run before, if this one has none. Empty if it cannot be read.
func (o *Observation) Log(p *Pod, container string) string {
	logPath := "/api/v1/namespaces/" + p.Metadata.Namespace + "/pods/" + p.Metadata.Name + "/log?container=" + container + "&tailLines=20"
	last := ""
	for _, which := range []string{"", "&previous=true"} {
		text, err := read[string](o, logPath+which)
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		slices.Reverse(lines)
		if i := slices.IndexFunc(lines, isErrorLine); i >= 0 {
			return lines[i]
		}
		if last == "" {
			last = lines[0]
		}
	}
	return last
}

// isErrorLine reports lines of errors: of klog, of our own log, and of programs
// that end.
func isErrorLine(line string) bool {
	return regexp.MustCompile(`^[EF][0-9]{4} |level=(error|warn)|(?i)\b(error|fatal|panic|emerg)\b`).MatchString(line)
}
