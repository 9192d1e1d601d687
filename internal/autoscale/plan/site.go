package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

// site is what was observed, and what follows from it.
type site struct {
	*cluster.Observation
	Request

	namespace string
	workload  cluster.Workload  // with the pod template, wherever that is
	template  cluster.Reference // the object with the pod template: the workload, or that of its workloadRef
	live      json.RawMessage   // that object as the API server returns it
	manager   cluster.Manager   // of that object
	groups    []string          // API groups
	exporter  exporter
	metrics   metricsServer
	scraper   scraper
	name      string // of the objects that are added
}

// has reports whether the cluster has an API group.
func (s *site) has(group string) bool { return slices.Contains(s.groups, group) }

// object is an object of the namespace.
func (s *site) object(apiVersion, kind, name string) Object {
	return Object{apiVersion, kind, s.namespace, name}
}

func (s *site) target() Object {
	return s.object(s.Ref.APIVersion, s.Ref.Kind, s.Ref.Name)
}

// New observes the cluster and plans. An [InputError] concerns the request; any other error
// is why the cluster cannot be observed.
func New(o *cluster.Observation, request Request) (*Plan, error) {
	if err := request.Validate(); err != nil {
		return nil, &InputError{err.Error()}
	}
	s, err := observe(o, request)
	if err != nil {
		return nil, err
	}
	if err := s.observeScraper(); err != nil {
		return nil, err
	}
	s.observeMetrics()
	if err := s.planExporter(); err != nil {
		return nil, err
	}
	p := &Plan{
		Workload: s.target(),
		Goal:     fmt.Sprintf("%s requests/s for each pod, %d to %d replicas", decimal(s.RequestsPerSecond), s.Min, s.Max),
		Observed: s.facts(),
		Notes:    s.exporter.notes,
	}
	p.Engine, p.Why = s.decide()
	s.steps(p)
	return p, nil
}

// observe reads the workload.
func observe(o *cluster.Observation, request Request) (*site, error) {
	s := &site{Observation: o, Request: request, name: request.Ref.Name + "-nginx-exporter"}
	var err error
	if s.namespace, err = o.Namespace.Get(); err != nil {
		return nil, err
	}
	if s.Ref.Kind == "DaemonSet" {
		return nil, invalid("DaemonSet %s/%s has one pod on each node and cannot be scaled: it needs larger nodes or more of them; "+
			"use a Deployment for pods that follow the load, and alerts and a VerticalPodAutoscaler here, see examples/kubernetes/daemonset", s.namespace, s.Ref.Name)
	}
	if err := o.ReadObject(s.Ref, &s.live); err != nil {
		return nil, s.missing(err)
	}
	if err := json.Unmarshal(s.live, &s.workload); err != nil {
		return nil, fmt.Errorf("%s is malformed: %w", s.target(), err)
	}
	if err := s.findTemplate(); err != nil {
		return nil, err
	}
	if s.groups, err = o.Groups.Get(); err != nil {
		return nil, err
	}
	// Without one of these, a wrong decision would be possible. What does not exist is known.
	for _, err := range []error{o.HPAs.Err(), o.Scaler.Err(), o.PrometheusObjects.Err(), o.CustomAPI.Err()} {
		if err != nil && cluster.ReasonOf(err) != cluster.NotFound {
			return nil, err
		}
	}
	return s, nil
}

// findTemplate finds the pod template. That of a Rollout may be in a Deployment, see
// https://argo-rollouts.readthedocs.io/en/stable/migrating/#reference-deployment-from-rollout.
func (s *site) findTemplate() error {
	s.template, s.manager = s.Ref, s.workload.Metadata.Manager()
	var rollout struct {
		Spec struct{ WorkloadRef cluster.Reference }
	}
	if err := json.Unmarshal(s.live, &rollout); err != nil {
		return fmt.Errorf("%s is malformed: %w", s.target(), err)
	}
	if ref := rollout.Spec.WorkloadRef; ref.Name != "" {
		return s.followWorkloadRef(ref)
	}
	if len(s.workload.Spec.Template.Spec.Containers) == 0 {
		return invalid("%s has no pod template", s.target())
	}
	return nil
}

// followWorkloadRef reads the pod template, and the selector unless the workload has one.
func (s *site) followWorkloadRef(ref cluster.Reference) error {
	object := s.object(ref.APIVersion, ref.Kind, ref.Name)
	if ref.Kind != "Deployment" {
		return invalid("workloadRef of %s is %s: only the pod template of a Deployment can be changed here", s.target(), object)
	}
	var of cluster.Workload
	err := s.ReadObject(ref, &s.live)
	if cluster.ReasonOf(err) == cluster.NotFound {
		return invalid("workloadRef of %s is %s, which does not exist", s.target(), object)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(s.live, &of); err != nil {
		return fmt.Errorf("%s is malformed: %w", object, err)
	}
	s.template, s.manager = ref, of.Metadata.Manager()
	s.workload.Spec.Template = of.Spec.Template
	s.workload.Spec.Selector = cmp.Or(s.workload.Spec.Selector, of.Spec.Selector)
	return nil
}

// templateObject is the object with the pod template.
func (s *site) templateObject() Object {
	return s.object(s.template.APIVersion, s.template.Kind, s.template.Name)
}

// missing is the error for a workload that cannot be read.
func (s *site) missing(err error) error {
	if cluster.ReasonOf(err) != cluster.NotFound {
		return err
	}
	names, _ := s.WorkloadNames(s.Ref)
	there := "none"
	if len(names) > 0 {
		there = strings.Join(names, ", ")
	}
	return invalid("there is no %s; namespace %s has: %s", s.target(), s.namespace, there)
}

// facts are the lines of what was observed.
func (s *site) facts() []Fact {
	all := []Fact{
		{"nginx", s.exporter.where},
		{"pod template", s.templateFact()},
		{"manifests", s.managedBy()},
		{"namespace", s.namespaceFact()},
		{"Prometheus", s.scraper.fact()},
		{"metrics API", s.metrics.fact(s)},
		{"scaled by", s.scaledBy()},
	}
	return slices.DeleteFunc(all, func(f Fact) bool { return f.Value == "" })
}

// templateFact is where the pod template is, unless it is in the workload.
func (s *site) templateFact() string {
	if s.template == s.Ref {
		return ""
	}
	return "that of " + s.templateObject().String() + ", by workloadRef"
}

func (s *site) managedBy() string {
	switch s.manager.Tool {
	case "":
		return "managed by an unknown tool"
	case cluster.Kubectl:
		return "applied by kubectl"
	}
	return "managed by " + s.manager.String()
}

// namespaceFact is what the namespace demands of pods.
func (s *site) namespaceFact() string {
	labels, err := s.NamespaceLabels(s.namespace)
	if err != nil {
		return s.namespace + ", whose labels cannot be read"
	}
	text := s.namespace
	if level := labels["pod-security.kubernetes.io/enforce"]; level != "" {
		text += ", Pod Security " + level + ", which the sidecar meets"
	}
	if s.has(cluster.OpenShiftPlatform) {
		text += ", OpenShift"
	}
	return text
}

// scaledBy describes the HPA or ScaledObject of the workload.
func (s *site) scaledBy() string {
	scaler := s.Scaler.Value()
	switch {
	case scaler.ScaledObject != nil:
		return "ScaledObject " + scaler.ScaledObject.Metadata.Name
	case scaler.HPA != nil:
		var by []string
		for _, m := range scaler.HPA.Spec.Metrics {
			by = append(by, m.String())
		}
		return "HPA " + scaler.HPA.Metadata.Name + " by " + strings.Join(by, ", ")
	}
	return "none"
}

// isOurs reports whether this program created an object.
func isOurs(m *cluster.Meta) bool { return m.Labels[managedBy] == cluster.FieldManager }

// managedBy is the recommended label for the tool that manages an object.
const managedBy = "app.kubernetes.io/managed-by"

// foreignScaler is the step for a workload that others scale; nil for none.
func (s *site) foreignScaler() *Step {
	scaler := s.Scaler.Value()
	step := Step{Action: Manual}
	switch {
	case scaler.ScaledObject != nil && !isOurs(&scaler.ScaledObject.Metadata):
		m := &scaler.ScaledObject.Metadata
		step.Object = s.object(scaledObjectAPI, "ScaledObject", m.Name)
		step.Reason = "it scales the workload already, and a second one would fight it: add a trigger for the request rate to it" + ownerText(m)
		step.Do = []string{
			fmt.Sprintf("nginx-exporter snippet keda --namespace=%s --workload=deployment/%s   # the trigger", s.namespace, s.Ref.Name),
			fmt.Sprintf("kubectl -n %s edit scaledobject %s", s.namespace, m.Name),
		}
	case scaler.ScaledObject == nil && scaler.HPA != nil && !isOurs(&scaler.HPA.Metadata):
		m := &scaler.HPA.Metadata
		step.Object = s.object(hpaAPI, "HorizontalPodAutoscaler", m.Name)
		if s.scalesOnRequests(scaler.HPA) {
			step.Action, step.Reason = Keep, "it scales the workload on its request rate already; its target is changed there"+ownerText(m)
			return &step
		}
		step.Reason = "it scales the workload already, and Kubernetes disables both of two HPAs of the same pods: add the metric to it, or delete it" + ownerText(m)
		step.Do = []string{fmt.Sprintf(`kubectl -n %s patch hpa %s --type=json -p '[{"op":"add","path":"/spec/metrics/-","value":{"type":"Pods","pods":{"metric":{"name":"%s"},"target":{"type":"AverageValue","averageValue":"%s"}}}}]'`,
			s.namespace, m.Name, s.metrics.metric, quantity(s.RequestsPerSecond))}
	default:
		return nil
	}
	return &step
}

func (*site) scalesOnRequests(h *cluster.HPA) bool {
	return slices.ContainsFunc(h.Spec.Metrics, func(m cluster.MetricSpec) bool {
		return strings.Contains(m.String(), "nginx") && !cluster.IsOfController(m.String())
	})
}

// ownerText names the tool that would revert a change, for the end of a sentence.
func ownerText(m *cluster.Meta) string {
	if owner := m.Manager(); owner.Tool != "" && owner.Tool != cluster.Kubectl {
		return " (managed by " + owner.String() + ")"
	}
	return ""
}
