package hpa

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

// podStart is how long pods of nginx may take to start.
const podStart = time.Minute

func lacksPods(d *diagnosis) bool { return len(d.Pods.Value().Live) == 0 }

func podsScaledToZero(d *diagnosis) *finding {
	if scale := d.Scale.Value(); !usesKEDA(d) || !scale.ScaledToZero() {
		return nil
	}
	return waiting("KEDA has scaled to 0; pods that do not exist have no metrics, so another trigger must scale up")
}

// podsAreReplaced waits for new pods after the last one has terminated.
func podsAreReplaced(d *diagnosis) *finding {
	target, pods := d.Target.Value(), d.Pods.Value()
	if target.Status.Conditions.IsTrue("ReplicaFailure") {
		return nil
	}
	if pods.EndsBy.After(d.Now()) {
		return waitingUntil(pods.EndsBy, "old pods are terminating, new ones will be created")
	}
	return d.starting(target.Status.Conditions.Of("Progressing").LastUpdateTime, podStart, "old pods have terminated, new ones are being created")
}

func podsMissing(d *diagnosis) *finding {
	target := d.Target.Value()
	f := failed("no pods", "There are no pods with labels %s.", d.PodSelector())
	for _, kind := range []string{"ReplicaFailure", "Progressing", "Available"} {
		if c := target.Status.Conditions.Of(kind); c.Status != "" {
			f.evidencef(kind, "%s %s", c.Status, c)
		}
	}
	return f.fix("kubectl -n %s describe %s   # usually a quota, or a rejection by admission control", d.namespace(), d.targetRef().Kubectl())
}

func lacksExporters(d *diagnosis) bool { return len(d.Pods.Value().Without) > 0 }

// exporterRollsOut waits for a rollout that adds the exporter.
func exporterRollsOut(d *diagnosis) *finding {
	const deadline = 10 * time.Minute // the progress deadline of Deployments
	pods, target := d.Pods.Value(), d.Target.Value()
	if len(pods.Exporters) == 0 || cluster.FindExporter(&target.Spec.Template.Spec) == nil {
		return nil
	}
	until := pods.Youngest().Add(deadline)
	if !until.After(d.Now()) {
		return nil
	}
	return waitingUntil(until, "a rollout replaces %d pods without exporter", len(pods.Without))
}

// podsOfOthers reports pods of other workloads under the selector of the target. The HPA takes
// them for its own: without metrics they count as idle, or as at the target.
func podsOfOthers(d *diagnosis) *finding {
	strangers := d.Strangers()
	if len(strangers) == 0 {
		return nil
	}
	without := slices.DeleteFunc(slices.Clone(strangers), func(p cluster.Pod) bool { return cluster.FindExporter(&p.Spec) != nil })
	const also = "The selector of %s matches pods of others, too: the HPA counts them"
	f := warning(also+" and their metrics.", d.targetRef())
	if len(without) > 0 && len(without) == len(d.Pods.Value().Without) { // else exporters are missing
		f, strangers = failed("other pods match its selector", also+", and they have no metrics.", d.targetRef()), without
	}
	f.evidence("selector", d.PodSelector())
	const most = 3
	for _, p := range strangers[:min(len(strangers), most)] {
		f.evidencef("pod "+p.Metadata.Name, "owner: %s", cmp.Or(strings.TrimSpace(p.Owner().String()), "none"))
	}
	return f.fix("change a label of these pods, in the template of their workload; or add a label to the selector of %s, which requires recreating it", d.targetRef())
}

// noNginx reports pods without exporter that have no nginx either: the metric of the HPA is
// not one of this exporter.
func noNginx(d *diagnosis) *finding {
	var containers []string
	for _, p := range d.Pods.Value().Without {
		for _, c := range p.Spec.All() {
			text := c.Name + " (" + c.Image + ")"
			if cluster.IsOfController(c.Image) {
				return ofController(d, failed("", "Pod %s is an ingress controller or gateway, which has its own metrics.", p.Metadata.Name)).
					evidence("container", text)
			}
			if regexp.MustCompile(`nginx|angie|openresty|tengine|freenginx`).MatchString(text) {
				return nil
			}
			containers = append(containers, text)
		}
	}
	if strings.Contains(d.Metric().Name, "nginx") {
		return nil
	}
	return unchecked("without an exporter of nginx", "The pods have neither nginx nor an exporter; %s may be a metric of another program.", d.Metric().Name).as(unknown).
		evidence("containers", names(containers)).
		fix("if it is one of nginx: nginx-exporter inject --status-config --container=NAME --write FILE")
}

func exporterMissing(d *diagnosis) *finding {
	pods := d.Pods.Value()
	var containers []string
	for _, c := range pods.Without[0].Spec.All() {
		containers = append(containers, c.Name+" ("+c.Image+")")
	}
	f := failed("the exporter is missing", "%d of %d pods have no exporter.", len(pods.Without), len(pods.Live)).
		evidence("pods without", names(cluster.PodNames(pods.Without))).
		evidence("containers of "+pods.Without[0].Metadata.Name, names(containers)).
		fix("nginx-exporter inject --status-config --write FILE   # the manifest of the %s; then apply it as usual", d.targetRef().Kind)
	f.fix("or without a manifest:")
	keepReplicas(d, f)
	// Without replicas, or kubectl apply would record them and reset the HPA each time.
	return f.fix("kubectl -n %s get %s -o yaml | nginx-exporter inject --status-config - | sed '/^  replicas:/d' | kubectl apply -f -", d.namespace(), d.targetRef().Kubectl())
}

// exporter is that of the first pod.
func (d *diagnosis) exporter() *cluster.Exporter { return &d.Pods.Value().Exporters[0] }

func noneIsReady(d *diagnosis) bool { return d.Pods.Value().Ready() == 0 }

// firstNotRunning is the first container that is not running; nil if all are.
func firstNotRunning(d *diagnosis) (*cluster.Pod, *cluster.Container) {
	for _, p := range d.Pods.Value().Live {
		for _, c := range p.Spec.All() {
			if status := p.Container(c.Name); status.Problem() != "" || status.Restarted() {
				return &p, &c
			}
		}
	}
	return nil, nil
}

func containerCrashes(d *diagnosis) *finding {
	p, c := firstNotRunning(d)
	if p == nil {
		return nil
	}
	status := p.Container(c.Name)
	problem := status.Problem()
	if problem == "" {
		problem = "restarted"
	}
	f := failed("a container is not running", "Container %s of pod %s is not running.", c.Name, p.Metadata.Name).evidence("state", problem)
	withLastState(f, status).evidence("image", c.Image).
		fix("kubectl -n %s logs %s -c %s --previous", d.namespace(), p.Metadata.Name, c.Name)
	if e := cluster.FindExporter(&p.Spec); e == nil || e.Container != c.Name {
		return f.as("pods-crashing")
	}
	return f.as("exporter-crashing").evidence("last log line", d.Log(p, c.Name))
}

// withLastState adds how the previous run of a container ended.
func withLastState(f *finding, status *cluster.ContainerStatus) *finding {
	last := status.LastState.Terminated
	if last == nil {
		return f
	}
	return f.evidencef("last state", "%s, exit status %d %s; %d restarts", last.Reason, last.ExitCode, last.Message, status.RestartCount)
}

func podsStart(d *diagnosis) *finding {
	return d.starting(d.Pods.Value().Youngest(), podStart, "pods are starting")
}

func podsNotReady(d *diagnosis) *finding {
	pods := d.Pods.Value()
	p := &pods.Live[0]
	f := failed("none is ready", "None of %d pods is ready.", len(pods.Live)).evidence("pods", names(cluster.PodNames(pods.Live)))
	for _, kind := range []string{"PodScheduled", "Initialized", "ContainersReady", "Ready"} {
		if c := p.Status.Conditions.Of(kind); c.Status == "False" {
			f.evidence(kind, c)
		}
	}
	return f.fix("kubectl -n %s describe pod %s", d.namespace(), p.Metadata.Name)
}

func podsSummary(d *diagnosis) string {
	pods := d.Pods.Value()
	return fmt.Sprintf("%d of %d ready; the exporter is container %s", pods.Ready(), len(pods.Live), pods.Exporters[0].Container)
}
