package cluster

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	autoscalingAPI    = "/apis/autoscaling/v2/"
	scaledObjectLabel = "scaledobject.keda.sh/name" // of the HPAs that KEDA creates
)

// scaledObjectsPath is the path of the ScaledObjects of the namespace.
func (o *Observation) scaledObjectsPath() string {
	return "/apis/keda.sh/v1alpha1/namespaces/" + o.Namespace.Value() + "/scaledobjects"
}

// Scaler is an HPA, and the ScaledObject from which KEDA created it. Either may be nil.
type Scaler struct {
	HPA          *HPA
	ScaledObject *ScaledObject
}

// HPA is the HPA; nil if there is none.
func (o *Observation) HPA() *HPA { return o.Scaler.Value().HPA }

// ScaledObject is the ScaledObject of KEDA; nil if there is none.
func (o *Observation) ScaledObject() *ScaledObject { return o.Scaler.Value().ScaledObject }

// readHPAs lists the HPAs of the namespace, or only the examined one if listing is
// forbidden.
func (o *Observation) readHPAs() ([]HPA, error) {
	path := autoscalingAPI + "namespaces/" + o.Namespace.Value() + "/horizontalpodautoscalers"
	all, err := readList[HPA](o, path)
	if ReasonOf(err) == Forbidden {
		if one, e := read[HPA](o, path+"/"+url.PathEscape(o.options.Name)); e == nil {
			return []HPA{one}, nil
		}
	}
	return all, err
}

// HPAsElsewhere lists HPAs of the same name in all namespaces.
func (o *Observation) HPAsElsewhere() ([]HPA, error) {
	return readList[HPA](o, autoscalingAPI+"horizontalpodautoscalers?fieldSelector="+url.QueryEscape("metadata.name="+o.options.Name))
}

// readScaler finds the HPA by name, or else the ScaledObject and its HPA.
func (o *Observation) readScaler() (Scaler, error) {
	all, err := o.HPAs.Get()
	if err != nil {
		return Scaler{}, err
	}
	of := func(name string) *HPA {
		return find(all, func(h *HPA) bool { return h.Metadata.Name == name })
	}
	scaler := Scaler{HPA: of(o.options.Name)}
	owner := o.options.Name
	if o.options.Workload.Name != "" {
		scaler.HPA = o.scalerOf(all)
		if owner, err = o.scaledObjectName(scaler.HPA); owner == "" {
			return scaler, err
		}
	}
	if scaler.HPA != nil {
		if owner = scaler.HPA.Metadata.Labels[scaledObjectLabel]; owner == "" {
			return scaler, nil
		}
	}
	scaled, err := read[ScaledObject](o, o.scaledObjectsPath()+"/"+url.PathEscape(owner))
	if ReasonOf(err) == NotFound {
		return scaler, nil
	}
	if err != nil {
		return scaler, err
	}
	scaler.ScaledObject = &scaled
	if scaler.HPA == nil {
		name := scaled.Status.HpaName
		if name == "" {
			name = "keda-hpa-" + owner
		}
		scaler.HPA = of(name)
	}
	return scaler, nil
}

// scalerOf is the first HPA of the workload; nil for none.
func (o *Observation) scalerOf(all []HPA) *HPA {
	w := o.options.Workload
	return find(all, func(h *HPA) bool {
		t := h.Spec.ScaleTargetRef
		return t.Kind == w.Kind && t.Name == w.Name && t.Group() == w.Group()
	})
}

// scaledObjectName is the name of the workload's ScaledObject, which may not have created
// its HPA yet; empty for none.
func (o *Observation) scaledObjectName(h *HPA) (string, error) {
	if h != nil {
		return h.Metadata.Labels[scaledObjectLabel], nil
	}
	all, err := readList[ScaledObject](o, o.scaledObjectsPath())
	if !isUnknown(err) {
		err = nil
	}
	w := o.options.Workload
	for _, s := range all {
		t := s.Spec.ScaleTargetRef
		if t.Name == w.Name && (t.Kind == w.Kind || t.Kind == "" && w.Kind == "Deployment") {
			return s.Metadata.Name, nil
		}
	}
	return "", err
}

// ScaledObject is a ScaledObject of KEDA. See https://keda.sh/docs/latest/reference/scaledobject-spec/.
type ScaledObject struct {
	Metadata Meta
	Spec     struct {
		ScaleTargetRef Reference
		Triggers       []Trigger
	}
	Status struct {
		HpaName    string
		Conditions Conditions
	}
}

// Trigger is a source of metrics for KEDA.
type Trigger struct {
	Type, Name string
	Metadata   map[string]string
}

// PauseAnnotation is the prefix of all annotations that pause a ScaledObject.
const PauseAnnotation = "autoscaling.keda.sh/paused"

// PausesOneDirection reports whether only scaling in or only scaling out is paused.
// The condition Paused does not tell that from a full pause.
func (s *ScaledObject) PausesOneDirection() bool {
	a := s.Metadata.Annotations
	// KEDA treats a value that is not a boolean as true.
	on := func(suffix string) bool {
		value, found := a[PauseAnnotation+suffix]
		is, err := strconv.ParseBool(value)
		return found && (is || err != nil)
	}
	_, count := a[PauseAnnotation+"-replicas"]
	return on("-scale-in") != on("-scale-out") && !on("") && !count
}

// Trigger is the first trigger of a type that mentions nginx, or else the first of the
// type; nil if there is none or no ScaledObject.
func (s *ScaledObject) Trigger(kind string) (first *Trigger) {
	if s == nil {
		return nil
	}
	for _, t := range s.Spec.Triggers {
		if t.Type != kind {
			continue
		}
		if strings.Contains(t.Metadata["query"]+t.Metadata["url"], "nginx") {
			return &t
		}
		if first == nil {
			first = &t
		}
	}
	return first
}

// IsMetricOf reports whether a metric is that of a trigger. KEDA prefixes the names of
// metrics with the index of the trigger: s0-, s1-.
func (s *ScaledObject) IsMetricOf(t *Trigger, metric string) bool {
	i := slices.IndexFunc(s.Spec.Triggers, func(other Trigger) bool { return other.Type == t.Type && maps.Equal(other.Metadata, t.Metadata) })
	return strings.HasPrefix(metric, "s"+strconv.Itoa(i)+"-")
}

// KEDAFailures lists the events in which KEDA reports why triggers fail.
func (o *Observation) KEDAFailures() ([]Event, error) {
	s := o.ScaledObject()
	if s == nil || s.Metadata.UID == "" {
		return nil, nil
	}
	query := url.Values{"fieldSelector": {"involvedObject.uid=" + s.Metadata.UID + ",reason=KEDAScalerFailed"}}
	return readList[Event](o, o.corePath("events?"+query.Encode()))
}

// Types of metrics: a value for each pod, a value of another object, and a value from
// the external metrics API.
const (
	PodsMetric     = "Pods"
	ObjectMetric   = "Object"
	ExternalMetric = "External"
)

// Metric is the custom or external metric by which the HPA scales.
type Metric struct {
	Type     string // PodsMetric, ObjectMetric or ExternalMetric
	Name     string // empty if the HPA has no such metric
	Selector *Selector
	Target   string    // the target value, as a quantity
	PerPod   bool      // Target is an average over all pods
	Object   Reference // of an ObjectMetric
	Others   []string  // metrics of other types, such as "Resource cpu"
}

// Metric is the custom or external metric of the HPA: that of nginx if it has several.
func (o *Observation) Metric() Metric {
	var m Metric
	h := o.HPA()
	if h == nil {
		return m
	}
	for _, spec := range h.Spec.Metrics {
		t := spec.custom()
		if t == nil {
			m.Others = append(m.Others, spec.String())
			continue
		}
		if m.Name == "" || o.isNginx(t.Metric.Name) && !o.isNginx(m.Name) {
			m = Metric{spec.Type, t.Metric.Name, t.Metric.Selector, t.Target.AverageValue, t.Target.AverageValue != "", t.DescribedObject, m.Others}
			if !m.PerPod {
				m.Target = t.Target.Value
			}
		}
	}
	return m
}

// String is TYPE NAME, such as Resource cpu.
func (m *MetricSpec) String() string {
	name := ""
	switch t := m.custom(); {
	case t != nil:
		name = t.Metric.Name
	case m.Resource != nil:
		name = m.Resource.Name
	case m.ContainerResource != nil:
		name = m.ContainerResource.Name + " of container " + m.ContainerResource.Container
	}
	return strings.TrimSpace(m.Type + " " + name)
}

// Target is the target value, whatever the type.
func (m *MetricSpec) Target() MetricValue {
	switch t := m.custom(); {
	case t != nil:
		return t.Target
	case m.Resource != nil:
		return m.Resource.Target
	case m.ContainerResource != nil:
		return m.ContainerResource.Target
	}
	return MetricValue{}
}

// ResourceAPIErr requests the CPU and memory of the pods: nil if there are values.
func (o *Observation) ResourceAPIErr() error {
	pods, err := readList[struct{}](o, "/apis/metrics.k8s.io/v1beta1/namespaces/"+o.Namespace.Value()+"/pods"+selectorQuery(o.PodSelector()))
	if err == nil && len(pods) == 0 {
		return &Error{NotFound, "the response has no values for these pods"}
	}
	return err
}

func (m *MetricSpec) custom() *MetricTarget {
	switch {
	case m.Object != nil:
		return m.Object
	case m.External != nil:
		return m.External
	}
	return m.Pods
}

// isNginx reports whether a metric is of nginx, by its name or its trigger.
func (o *Observation) isNginx(metric string) bool {
	s := o.ScaledObject()
	for _, kind := range []string{"prometheus", "metrics-api"} {
		if t := s.Trigger(kind); t != nil && s.IsMetricOf(t, metric) {
			return true
		}
	}
	return strings.Contains(metric, "nginx") && !IsOfController(metric)
}

// IsOfController reports whether a metric, query or image is that of an ingress controller
// or gateway, which runs nginx and has an exporter of its own.
func IsOfController(name string) bool {
	for _, part := range []string{"nginx_ingress", "nginx_gateway_fabric", "ingress-nginx/", "nginx-ingress", "nginx-gateway-fabric"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Resource is the plural name of the resource that the metric describes, with its API
// group: pods, ingresses.networking.k8s.io.
func (m *Metric) Resource() string {
	if m.Type != ObjectMetric {
		return "pods"
	}
	name := strings.ToLower(m.Object.Kind)
	switch {
	case strings.HasSuffix(name, "s"):
		name += "es"
	case strings.HasSuffix(name, "y") && !strings.HasSuffix(name, "ay"):
		name = strings.TrimSuffix(name, "y") + "ies"
	default:
		name += "s"
	}
	if group := m.Object.Group(); group != "" {
		name += "." + group
	}
	return name
}
