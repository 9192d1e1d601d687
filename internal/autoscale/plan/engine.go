package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

const kedaGroup = "keda.sh"

// decide returns the engine and why it is the one; an empty engine if none is possible.
func (s *site) decide() (engine, why string) {
	if s.Engine != EngineAuto {
		return s.Engine, "chosen with --engine"
	}
	if current := s.currentEngine(); current != "" {
		return current, "an earlier plan has chosen it"
	}
	m, prometheus := &s.metrics, s.scraper.exists()
	keda := s.has(kedaGroup)
	scaled := s.Scaler.Value().ScaledObject
	switch {
	case keda && prometheus && scaled != nil && !s.has(cluster.OpenShiftPlatform):
		return EngineKEDA, "ScaledObject " + scaled.Metadata.Name + " of KEDA scales the workload"
	case m.isAdapter && m.servesRule:
		return EngineAdapter, m.name() + " serves the metric already"
	case m.isAdapter && prometheus && (!keda || !m.needsOwner()):
		return EngineAdapter, "prometheus-adapter serves metrics of Prometheus here already, and needs one more rule"
	case s.has(cluster.OpenShiftPlatform) && !m.isAdapter:
		// Its Prometheus wants a token of each client.
		if keda {
			return EngineDirect, "KEDA is installed, and queries the exporters itself, without a token for the Prometheus of OpenShift"
		}
		return "", "the Prometheus of OpenShift wants a token of each client"
	case keda && prometheus && m.isAdapter:
		return EngineKEDA, "KEDA and Prometheus are installed, while " + m.rulesOwner().String() + " would have to add a rule to " + m.name()
	case keda && prometheus:
		return EngineKEDA, "KEDA and Prometheus are installed"
	case keda:
		return EngineDirect, "KEDA is installed, and queries the exporters itself: there is no Prometheus"
	case s.has("autoscaling.gke.io") && s.has(cluster.GooglePlatform):
		return EngineGKE, "GKE reads metrics of pods itself: there is neither Prometheus with an adapter nor KEDA"
	case prometheus && m.api == nil:
		return EngineAdapter, "Prometheus is installed, and nothing serves custom metrics yet: the plan adds prometheus-adapter"
	case prometheus:
		return "", m.owner() + " serves custom metrics, and there can be only one such server; it does not know Prometheus"
	}
	return "", "nothing here reads metrics of pods and makes them available to an HPA"
}

// currentEngine is the engine of our HPA or ScaledObject; empty if there is none.
func (s *site) currentEngine() string {
	scaler := s.Scaler.Value()
	switch {
	case scaler.ScaledObject != nil:
		if !isOurs(&scaler.ScaledObject.Metadata) {
			return ""
		}
		if scaler.ScaledObject.Trigger("prometheus") != nil {
			return EngineKEDA
		}
		return EngineDirect
	case scaler.HPA == nil || !isOurs(&scaler.HPA.Metadata):
		return ""
	case strings.HasPrefix(s.Metric().Name, "autoscaling.gke.io"):
		return EngineGKE
	}
	return EngineAdapter
}

// steps adds the steps for the engine.
func (s *site) steps(p *Plan) {
	if p.Engine == "" {
		p.add(s.noEngine())
		return
	}
	if current := s.currentEngine(); current != "" && current != p.Engine {
		p.add(Step{
			Action: Manual, blocks: true, Object: s.target(), Reason: "engine " + current + " of an earlier plan scales it: take that back first",
			Do: []string{fmt.Sprintf("nginx-exporter autoscale remove %s/%s", s.namespace, s.Ref.Kubectl())},
		})
		return
	}
	if err := s.exporterSteps(p); err != nil {
		p.add(Step{Action: Manual, Object: s.target(), Reason: err.Error(), blocks: true})
		return
	}
	p.Scaler = s.name
	var err error
	switch p.Engine {
	case EngineAdapter:
		err = s.adapterSteps(p)
	case EngineKEDA:
		err = s.kedaSteps(p)
	case EngineDirect:
		err = s.directSteps(p)
	case EngineGKE:
		err = s.gkeSteps(p)
	}
	if err != nil {
		p.add(Step{Action: Manual, Object: s.target(), Reason: err.Error(), blocks: true})
		return
	}
	s.replicasStep(p)
}

// noEngine is the step for a cluster in which nothing can scale on the metric.
func (s *site) noEngine() Step {
	step := Step{Action: Manual, blocks: true, Object: s.target()}
	step.Reason = "an HPA needs a source of the request rate: install one of these, and plan again"
	step.Do = []string{
		"helm install kube-prometheus-stack prometheus-community/kube-prometheus-stack --namespace monitoring --create-namespace --wait   # Prometheus; the plan then adds the adapter",
		"helm install keda kedacore/keda --namespace keda --create-namespace --wait   # or KEDA, which needs no Prometheus",
	}
	if s.has(cluster.OpenShiftPlatform) {
		step.Reason = "install KEDA, as the operator Custom Metrics Autoscaler from OperatorHub, and plan again"
		step.Do = nil
	} else if s.metrics.api != nil {
		step.Reason = s.metrics.owner() + " owns the custom metrics API: use KEDA, which has its own, beside it"
		step.Do = step.Do[1:]
	}
	return step
}

// adapterSteps scale by an HPA with a metric of prometheus-adapter.
func (s *site) adapterSteps(p *Plan) error {
	if step := s.lacks(EngineAdapter, s.scraper.exists(), "Prometheus"); step != nil {
		p.add(*step)
		return nil
	}
	if s.metrics.api != nil && !s.metrics.isAdapter {
		p.add(s.noEngine())
		return nil
	}
	if step := s.otherPrometheus(); step != nil {
		p.add(*step)
		return nil
	}
	if err := s.monitorSteps(p); err != nil {
		return err
	}
	if err := s.ruleSteps(p); err != nil {
		return err
	}
	return s.scalerStep(p, "hpa.yaml", "it reads the average of the pods every 15 s and sets the replicas", s.data())
}

// otherPrometheus is the step for an adapter that queries another Prometheus than the one
// that will scrape the pods; nil for any other.
func (s *site) otherPrometheus() *Step {
	a, c := s.metrics.adapter, &s.scraper
	if s.metrics.api == nil || a == nil || c.chosen == nil || s.isAt(c.chosen, a.PrometheusURL(), a.Namespace) {
		return nil
	}
	i := slices.IndexFunc(c.all, func(p cluster.PrometheusObject) bool { return s.isAt(&p, a.PrometheusURL(), a.Namespace) })
	if i < 0 {
		return nil // such as Thanos, which knows all of them
	}
	used, chosen := &c.all[i].Metadata, &c.chosen.Metadata
	reason := fmt.Sprintf("it queries Prometheus %s/%s, and would not see what %s/%s scrapes: choose the one that it queries", used.Namespace, used.Name, chosen.Namespace, chosen.Name)
	if s.has(kedaGroup) {
		reason += ", or KEDA with --engine=" + EngineKEDA
	}
	return &Step{
		Action: Manual, blocks: true, Object: Object{"apps/v1", "Deployment", a.Namespace, a.Deployment.Metadata.Name}, Reason: reason,
		Do: []string{fmt.Sprintf("%s --prometheus=%s/%s", s.command("plan"), used.Namespace, used.Name)},
	}
}

// lacks is the step for an engine that needs what is not there; nil if it is.
func (s *site) lacks(engine string, is bool, what string) *Step {
	if is {
		return nil
	}
	return &Step{Action: Manual, blocks: true, Object: s.target(), Reason: fmt.Sprintf("engine %s needs %s, which is not in this cluster: install it, or choose another engine", engine, what)}
}

func (s *site) kedaSteps(p *Plan) error {
	missing := s.lacks(EngineKEDA, s.has(kedaGroup), "KEDA")
	if missing == nil {
		missing = s.lacks(EngineKEDA, s.scraper.exists(), "Prometheus")
	}
	if missing != nil {
		p.add(*missing)
		return nil
	}
	if err := s.monitorSteps(p); err != nil {
		return err
	}
	data := s.data()
	var err error
	if data.Query, err = s.query(); err != nil {
		return err
	}
	return s.scalerStep(p, "scaledobject.yaml", "KEDA queries "+s.scraper.address()+" and scales; without data it keeps the replicas", data)
}

func (s *site) directSteps(p *Plan) error {
	if step := s.lacks(EngineDirect, s.has(kedaGroup), "KEDA"); step != nil {
		p.add(*step)
		return nil
	}
	if err := s.windowStep(p); err != nil {
		return err
	}
	if err := s.addTemplated(p, "service.yaml", "KEDA finds the exporters of all pods by this headless Service", s.data()); err != nil {
		return err
	}
	return s.scalerStep(p, "scaledobject.yaml", "KEDA adds up the rates of all exporters and scales; without data it keeps the replicas", s.data())
}

func (s *site) gkeSteps(p *Plan) error {
	if step := s.lacks(EngineGKE, s.has("autoscaling.gke.io"), "the API autoscaling.gke.io"); step != nil {
		p.add(*step)
		return nil
	}
	if err := s.windowStep(p); err != nil {
		return err
	}
	if err := s.addTemplated(p, "autoscalingmetric.yaml", "Google's agent reads the rate from each exporter", s.data()); err != nil {
		return err
	}
	return s.scalerStep(p, "hpa.yaml", "it reads the average of the pods every 15 s and sets the replicas", s.data())
}

// scalerStep adds the HPA or ScaledObject, unless others scale the workload already.
func (s *site) scalerStep(p *Plan, name, reason string, with data) error {
	if foreign := s.foreignScaler(); foreign != nil {
		p.Scaler = foreign.Object.Name
		p.add(*foreign)
		return nil
	}
	return s.addTemplated(p, name, reason, with)
}

// windowStep adds what an exporter that is not ours has to do: these engines read a gauge.
func (s *site) windowStep(p *Plan) error {
	name := s.exporter.present
	all := s.workload.Spec.Template.Spec.All()
	i := slices.IndexFunc(all, func(c cluster.Container) bool { return c.Name == name })
	if i >= 0 && all[i].Flag("rate.window", "NGINX_EXPORTER_RATE_WINDOW") != directWindow {
		p.add(Step{
			Action: Manual, blocks: true, Object: s.templateObject(),
			Reason: "the engine reads the rate from the exporter, so that container " + name + " needs the argument " + windowFlag + directWindow,
		})
	}
	return nil
}

// replicasStep warns about a workload without replicas, and a manifest that resets them.
func (s *site) replicasStep(p *Plan) {
	if s.workload.ScaledToZero() && (p.Engine == EngineAdapter || p.Engine == EngineGKE) {
		p.add(Step{
			Action: Manual, Object: s.target(), Reason: "it has 0 replicas, which disables every HPA: scale it up",
			Do: []string{fmt.Sprintf("kubectl -n %s scale %s --replicas=%d", s.namespace, s.Ref.Kubectl(), s.Min)},
		})
	}
	manifest, manager := s.workload.Metadata.AppliedReplicas(), s.workload.Metadata.Manager()
	switch {
	case manager.IsGitOps() && s.workload.Spec.Replicas != nil || manager.Tool == cluster.Helm:
		p.Notes = append(p.Notes, fmt.Sprintf("remove replicas from the manifest of %s, or %s resets the number of pods", s.Ref.Name, manager))
	case manifest != "":
		p.add(Step{
			Action: Manual, Object: s.target(),
			Reason: "its manifest has replicas: " + manifest + ", to which each kubectl apply resets the pods: remove the line here first, then from the file",
			Do:     []string{fmt.Sprintf("kubectl -n %s apply edit-last-applied %s", s.namespace, s.Ref.Kubectl())},
		})
	}
}

// command is a command of this program for the workload.
func (s *site) command(name string) string {
	return fmt.Sprintf("nginx-exporter autoscale %s %s/%s --requests-per-second=%s --min=%d --max=%d",
		name, s.namespace, s.Ref.Kubectl(), decimal(s.RequestsPerSecond), s.Min, s.Max)
}

// decimal formats a rate without an exponent.
func decimal(rate float64) string {
	const digits = 3
	text := strconv.FormatFloat(rate, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// quantity formats a rate as Kubernetes does: 0.5 is 500m, and 2000 is 2k.
func quantity(rate float64) string {
	if text := decimal(rate); !strings.Contains(text, ".") {
		for _, suffix := range []string{"k", "M", "G"} {
			shorter, found := strings.CutSuffix(strings.TrimRight(text, "kM"), "000")
			if !found || shorter == "" {
				break
			}
			text = shorter + suffix
		}
		return text
	}
	const milli = 1000
	return strconv.FormatInt(int64(math.Round(rate*milli)), 10) + "m"
}
