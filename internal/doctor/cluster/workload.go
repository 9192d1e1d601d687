package cluster

import (
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// objectPath is the path of an object of the namespace in the API server.
func (o *Observation) objectPath(ref Reference) (string, error) {
	return o.pathIn(o.Namespace.Value(), ref)
}

// pathIn is the path of an object in a namespace, which is empty for kinds without one.
func (o *Observation) pathIn(namespace string, ref Reference) (string, error) {
	if ref.Group() == "apps" {
		ref.APIVersion = "apps/v1" // the HPA controller ignores the version, and older ones no longer exist
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
	if namespace != "" {
		base += "/namespaces/" + namespace
	}
	return base + "/" + plural + "/" + url.PathEscape(ref.Name), nil
}

// ReadObject decodes an object of the namespace.
func (o *Observation) ReadObject(ref Reference, into any) error {
	objectPath, err := o.objectPath(ref)
	if err != nil {
		return err
	}
	return o.Read(objectPath, into)
}

// ReadAt decodes an object of any namespace, which is empty for kinds without one.
func (o *Observation) ReadAt(namespace string, ref Reference, into any) error {
	objectPath, err := o.pathIn(namespace, ref)
	if err != nil {
		return err
	}
	return o.Read(objectPath, into)
}

// lastApplied is the annotation with the manifest that kubectl applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// AppliedReplicas is spec.replicas of the manifest that kubectl applied; empty if it has none.
func (m *Meta) AppliedReplicas() string {
	var applied struct {
		Spec struct{ Replicas json.Number }
	}
	if json.Unmarshal([]byte(m.Annotations[lastApplied]), &applied) != nil {
		return ""
	}
	return applied.Spec.Replicas.String()
}

// Workload reads a workload of the namespace.
func (o *Observation) Workload(ref Reference) (Workload, error) {
	var w Workload
	objectPath, err := o.objectPath(ref)
	if err == nil {
		w, err = read[Workload](o, objectPath)
	}
	if ReasonOf(err) == Malformed {
		// Custom kinds may have other types in spec; the scale subresource is the same.
		w, err = Workload{Metadata: Meta{Name: ref.Name}}, nil
	}
	return w, err
}

// WorkloadNames lists the workloads of the same kind in the namespace.
func (o *Observation) WorkloadNames(ref Reference) ([]string, error) {
	objectPath, _ := o.objectPath(ref)
	all, err := readList[Workload](o, path.Dir(objectPath))
	var names []string
	for _, w := range all {
		names = append(names, w.Metadata.Name)
	}
	return names, err
}

func (o *Observation) readTarget() (Workload, error) {
	if o.options.Workload.Name != "" {
		return o.Workload(o.options.Workload)
	}
	h := o.HPA()
	if h == nil {
		return Workload{}, o.Scaler.Err()
	}
	return o.Workload(h.Spec.ScaleTargetRef)
}

// readScale reads the scale subresource of a target without a label selector. Any other
// target is its own scale.
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

// PodSelector is the label selector of the target's pods.
func (o *Observation) PodSelector() string {
	if s := o.Target.Value().Spec.Selector.String(); s != "" {
		return s
	}
	return o.Scale.Value().Status.Selector
}

// Pods are the pods of the target.
type Pods struct {
	Live []Pod // without those that have terminated or are terminating
	// EndsBy is when the last terminating pod must be gone; zero if none is terminating.
	EndsBy    time.Time
	Exporters []Exporter // of the live pods
	Without   []Pod      // live pods without an exporter
}

// Strangers are the live pods that another workload controls, or none, although the
// selector of the target matches them. Pods of other kinds of workloads cannot be told.
func (o *Observation) Strangers() []Pod {
	ref := o.HPA().Spec.ScaleTargetRef
	if ref.Kind != "Deployment" && ref.Kind != "StatefulSet" {
		return nil
	}
	isOwn := func(p Pod) bool { owner := p.Owner(); return owner.Kind == ref.Kind && owner.Name == ref.Name }
	pods := o.Pods.Value().Live
	strangers := slices.DeleteFunc(slices.Clone(pods), isOwn)
	if len(strangers) == len(pods) {
		// Without a pod of its own, only owners tell.
		strangers = slices.DeleteFunc(strangers, func(p Pod) bool { return p.Owner() == Reference{} })
	}
	return strangers
}

// Ready counts the pods that are ready.
func (p Pods) Ready() int {
	n := 0
	for _, pod := range p.Live {
		if pod.Ready() {
			n++
		}
	}
	return n
}

// Youngest is when the youngest pod with an exporter was created.
func (p Pods) Youngest() (at time.Time) {
	for _, e := range p.Exporters {
		if t := e.Pod.Metadata.CreationTimestamp; t.After(at) {
			at = t
		}
	}
	return at
}

// Oldest is the exporter of the oldest ready pod, or else the first.
func (p Pods) Oldest() *Exporter {
	best := &p.Exporters[0]
	for _, e := range p.Exporters {
		pod, b := e.Pod, best.Pod
		if pod.Ready() && (!b.Ready() || pod.Metadata.CreationTimestamp.Before(b.Metadata.CreationTimestamp)) {
			best = &e
		}
	}
	return best
}

func (o *Observation) readPods() (Pods, error) {
	all, err := readList[Pod](o, o.corePath("pods")+selectorQuery(o.PodSelector()))
	var pods Pods
	for _, p := range all {
		if p.ended() {
			if at := p.Metadata.DeletionTimestamp; at.After(pods.EndsBy) {
				pods.EndsBy = at
			}
			continue
		}
		pods.Live = append(pods.Live, p)
		if e := FindExporter(&p.Spec); e != nil {
			e.Pod = &p
			pods.Exporters = append(pods.Exporters, *e)
		} else {
			pods.Without = append(pods.Without, p)
		}
	}
	return pods, err
}

// Log is the last line that reports an error in the log of a container, or in that of its
// previous run; or else the last line. It is empty if the log cannot be read.
func (o *Observation) Log(p *Pod, container string) string {
	logPath := "/api/v1/namespaces/" + p.Metadata.Namespace + "/pods/" + p.Metadata.Name + "/log?container=" + container + "&tailLines=20"
	last := ""
	for _, run := range []string{"", "&previous=true"} {
		text, err := read[string](o, logPath+run)
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

// isErrorLine reports whether a line is an error in the format of klog or of our own log,
// or mentions one.
func isErrorLine(line string) bool {
	return regexp.MustCompile(`^[EF][0-9]{4} |level=(error|warn)|(?i)\b(error|fatal|panic|emerg)\b`).MatchString(line)
}
