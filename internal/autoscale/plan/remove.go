package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

// NewRemoval plans to take back what a plan for the workload has changed.
func NewRemoval(o *cluster.Observation, ref cluster.Reference) (*Plan, error) {
	s, err := observe(o, Request{Ref: ref})
	if err != nil {
		return nil, err
	}
	if err := s.chooseScraper(); err != nil {
		return nil, err
	}
	s.observeMetrics()
	p := &Plan{Workload: s.target()}
	// The scaler goes first: without metrics it would only report errors.
	for _, object := range s.ownObjects() {
		if err := s.removeStep(p, object, "it was added for this workload"); err != nil {
			return nil, err
		}
	}
	if err := s.removeMetrics(p); err != nil {
		return nil, err
	}
	if err := s.removeSidecar(p); err != nil {
		return nil, err
	}
	status := s.object("v1", "ConfigMap", fmt.Sprintf("%s-%s-nginx-exporter-status", s.template.Name, strings.ToLower(s.template.Kind)))
	return p, s.removeStep(p, status, "it was added for this workload")
}

// ownObjects are the objects that a plan may have added for the workload alone.
func (s *site) ownObjects() []Object {
	objects := []Object{
		s.object(hpaAPI, "HorizontalPodAutoscaler", s.name),
		s.object(scaledObjectAPI, "ScaledObject", s.name),
		s.object("autoscaling.gke.io/v1beta1", "AutoscalingMetric", s.name),
		s.object("v1", "Service", s.name),
		s.object(monitoringAPI, "PodMonitor", s.name),
	}
	for _, p := range s.scraper.all {
		objects = append(objects, Object{monitoringAPI, "PodMonitor", p.Metadata.Namespace, s.namespace + "-" + s.name})
	}
	return objects
}

// removeStep deletes an object if this program created it.
func (s *site) removeStep(p *Plan, object Object, reason string) error {
	var live struct{ Metadata cluster.Meta }
	err := s.readAny(object, &live)
	if cluster.ReasonOf(err) == cluster.NotFound {
		return nil
	}
	known := slices.ContainsFunc(p.Steps, func(step Step) bool { return step.Object == object })
	if err == nil && isOurs(&live.Metadata) && !known {
		p.add(Step{Action: Remove, Object: object, Reason: reason})
	}
	return err
}

// removeMetrics takes back the rule or the adapter, unless others use it.
func (s *site) removeMetrics(p *Plan) error {
	m := &s.metrics
	if m.adapter == nil || m.adapter.Deployment == nil {
		return nil
	}
	rules, had := "", false
	if c := m.adapter.ConfigMap; c != nil {
		rules, had = cutRule(c.Data[m.adapter.RulesKey])
	}
	if !had && !m.ours {
		return nil
	}
	object := Object{"v1", "ConfigMap", m.adapter.Namespace, ""}
	if m.adapter.ConfigMap != nil {
		object.Name = m.adapter.ConfigMap.Metadata.Name
	}
	other, err := s.otherUser()
	if err != nil {
		return err
	}
	if other != "" {
		p.add(Step{Action: Keep, Object: object, Reason: other + " uses the metric " + m.metric})
		return nil
	}
	if m.ours {
		return s.removeAdapter(p)
	}
	if err := s.changeRules(p, object, rules, "the rule was added by this program; the other rules stay"); err != nil {
		return err
	}
	p.Steps[len(p.Steps)-1] = s.restartStep("", "the adapter reads its rules only at the start, so that it restarts once")
	return nil
}

// otherUser is an HPA of another workload that uses the metric; empty if there is none.
func (s *site) otherUser() (string, error) {
	var all struct{ Items []cluster.HPA }
	if err := s.Read("/apis/autoscaling/v2/horizontalpodautoscalers", &all); err != nil {
		return "", err
	}
	for _, h := range all.Items {
		uses := slices.ContainsFunc(h.Spec.Metrics, func(m cluster.MetricSpec) bool { return m.String() == cluster.PodsMetric+" "+s.metrics.metric })
		if uses && (h.Metadata.Namespace != s.namespace || h.Metadata.Name != s.name) {
			return "HPA " + h.Metadata.Namespace + "/" + h.Metadata.Name, nil
		}
	}
	return "", nil
}

// removeAdapter deletes the adapter that this program installed, the API first.
func (s *site) removeAdapter(p *Plan) error {
	data := s.data()
	data.Namespace = s.metrics.api.Spec.Service.Namespace
	text, err := render("adapter.yaml", data)
	if err != nil {
		return err
	}
	documents, err := decodeAll(text)
	if err != nil {
		return err
	}
	slices.Reverse(documents)
	for _, d := range documents {
		if err := s.removeStep(p, objectOf(d), "part of prometheus-adapter, which was added by this program and has no other user"); err != nil {
			return err
		}
	}
	return nil
}

// removeSidecar takes the exporter out of the pods, if this program has added it.
func (s *site) removeSidecar(p *Plan) error {
	var object map[string]any
	if err := decode(s.live, &object); err != nil {
		return err
	}
	current := clone(field(object, "spec", "template"))
	strip(object)
	original := field(object, "spec", "template")
	if lines := templateDiff(current, original); len(lines) > 0 {
		patch, err := replaceTemplate(current, original)
		if err != nil {
			return err
		}
		p.add(Step{Action: Change, Object: s.templateObject(), Reason: "the sidecar was added by this program; the pods are replaced once", Diff: lines, patchType: "json", patch: patch})
	}
	return nil
}

// ownedPods are the annotations and image pull secrets of the pods that this program has
// added to an object. See
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#managed-fields.
func ownedPods(object map[string]any) (annotations, pullSecrets []string) {
	managers, _ := field(object, "metadata", "managedFields").([]any)
	for _, m := range managers {
		if field(m, "manager") != cluster.FieldManager {
			continue
		}
		template := field(m, "fieldsV1", "f:spec", "f:template")
		owned, _ := field(template, "f:metadata", "f:annotations").(map[string]any)
		for key := range owned {
			if name, found := strings.CutPrefix(key, "f:"); found {
				annotations = append(annotations, name)
			}
		}
		secrets, _ := field(template, "f:spec", "f:imagePullSecrets").(map[string]any)
		for key := range secrets {
			var item struct{ Name string }
			if text, found := strings.CutPrefix(key, "k:"); found && json.Unmarshal([]byte(text), &item) == nil {
				pullSecrets = append(pullSecrets, item.Name)
			}
		}
	}
	return annotations, pullSecrets
}
