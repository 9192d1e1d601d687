package hpa

import (
	"fmt"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

// podStart is what pods of nginx need to start.
const podStart = time.Minute

func lacksPods(d *diagnosis) bool { return len(d.Pods.Value().Live) == 0 }

func podsScaledToZero(d *diagnosis) *finding {
	if scale := d.Scale.Value(); !usesKEDA(d) || !scale.ScaledToZero() {
		return nil
	}
	return waiting("KEDA has scaled to 0; without pods there are no metrics of them, so that another trigger must scale up")
}

// podsAreReplaced waits for new pods after the last one has ended.
func podsAreReplaced(d *diagnosis) *finding {
	target, pods := d.Target.Value(), d.Pods.Value()
	if target.Status.Conditions.IsTrue("ReplicaFailure") {
		return nil
	}
	if at := target.Status.Conditions.Of("Progressing").LastUpdateTime; d.isYoung(at, podStart) {
		return waitingUntil(at.Add(podStart), "old pods have ended, new ones are being created")
	}
	if pods.EndsBy.After(d.Now()) {
		return waitingUntil(pods.EndsBy, "old pods are ending, new ones will be created")
	}
	return nil
}

func podsMissing(d *diagnosis) *finding {
	target := d.Target.Value()
	f := failed("there are none", "There are no pods with %s.", d.PodSelector()).evidence("selector", "%s", d.PodSelector())
	for _, kind := range []string{"ReplicaFailure", "Progressing", "Available"} {
		if c := target.Status.Conditions.Of(kind); c.Status != "" {
			f.evidence(kind, "%s %s", c.Status, c)
		}
	}
	return f.fix("kubectl -n %s describe %s   # quotas, admission and image names are the usual reasons", d.namespace(), d.targetRef().Kubectl())
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

func exporterMissing(d *diagnosis) *finding {
	pods := d.Pods.Value()
	var containers []string
	for _, c := range pods.Without[0].Spec.All() {
		containers = append(containers, c.Name+" ("+c.Image+")")
	}
	return failed("the exporter is missing", "%d of %d pods have no exporter.", len(pods.Without), len(pods.Live)).
		evidence("pods without", "%s", names(cluster.PodNames(pods.Without))).
		evidence("containers of "+pods.Without[0].Metadata.Name, "%s", names(containers)).
		fix("kubectl -n %s get %s -o yaml | nginx-exporter inject --status-config - | kubectl apply -f -", d.namespace(), d.targetRef().Kubectl()).
		fix("better, in the manifest of the %s: nginx-exporter inject --status-config FILE", d.targetRef().Kind)
}

func noneIsReady(d *diagnosis) bool {
	pods := d.Pods.Value()
	return pods.Ready() == 0
}

// stopped is the first container that does not run; nil if there is none.
func stopped(d *diagnosis) (*cluster.Pod, *cluster.Container) {
	pods := d.Pods.Value()
	for i := range pods.Live {
		p := &pods.Live[i]
		for _, c := range p.Spec.All() {
			if status := p.Container(c.Name); status.Problem() != "" || status.Restarted() {
				return p, &c
			}
		}
	}
	return nil, nil
}

func exporterCrashes(d *diagnosis) *finding {
	p, c := stopped(d)
	if p == nil || !isExporter(p, c) {
		return nil
	}
	return withContainer(d, p, c).evidence("last log line", "%s", d.Log(p, c.Name))
}

func podsCrash(d *diagnosis) *finding {
	p, c := stopped(d)
	if p == nil || isExporter(p, c) {
		return nil
	}
	return withContainer(d, p, c)
}

func isExporter(p *cluster.Pod, c *cluster.Container) bool {
	e := cluster.FindExporter(&p.Spec)
	return e != nil && e.Container == c.Name
}

func withContainer(d *diagnosis, p *cluster.Pod, c *cluster.Container) *finding {
	status := p.Container(c.Name)
	problem := status.Problem()
	if problem == "" {
		problem = "restarted"
	}
	f := failed("a container is not running", "Container %s of pod %s is not running.", c.Name, p.Metadata.Name).evidence("state", "%s", problem)
	return withLastState(f, status).evidence("image", "%s", c.Image).
		fix("kubectl -n %s logs %s -c %s --previous", d.namespace(), p.Metadata.Name, c.Name)
}

// withLastState adds how a container ended before.
func withLastState(f *finding, status *cluster.ContainerStatus) *finding {
	last := status.LastState.Terminated
	if last == nil {
		return f
	}
	return f.evidence("last state", "%s, exit status %d %s; %d restarts", last.Reason, last.ExitCode, last.Message, status.RestartCount)
}

func podsStart(d *diagnosis) *finding {
	pods := d.Pods.Value()
	var youngest time.Time
	for i := range pods.Live {
		if at := pods.Live[i].Metadata.CreationTimestamp; at.After(youngest) {
			youngest = at
		}
	}
	if !d.isYoung(youngest, podStart) {
		return nil
	}
	return waitingUntil(youngest.Add(podStart), "pods are starting")
}

func podsNotReady(d *diagnosis) *finding {
	pods := d.Pods.Value()
	p := &pods.Live[0]
	f := failed("none is ready", "None of %d pods is ready.", len(pods.Live)).evidence("pods", "%s", names(cluster.PodNames(pods.Live)))
	for _, kind := range []string{"PodScheduled", "Initialized", "ContainersReady", "Ready"} {
		if c := p.Status.Conditions.Of(kind); c.Status == "False" {
			f.evidence(kind, "%s", c)
		}
	}
	return f.fix("kubectl -n %s describe pod %s", d.namespace(), p.Metadata.Name)
}

func podsSummary(d *diagnosis) string {
	pods := d.Pods.Value()
	return fmt.Sprintf("%d of %d ready, with the exporter in container %s", pods.Ready(), len(pods.Live), pods.Exporters[0].Container)
}
