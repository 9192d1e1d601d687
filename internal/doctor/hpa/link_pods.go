package hpa

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

const (
	podStart  = time.Minute      // pods of nginx are there within
	kedaStart = 30 * time.Second // KEDA has seen an object within
)

// exporterPort is where a pod serves metrics of nginx.
type exporterPort struct {
	pod       *pod
	container string
	port      int
	portName  string
	scrapeURI string
	path      string // of its metrics
	foreign   bool   // it is one of others, without our commands
}

// lookPods reads the pods of the target, and finds the exporter in each.
func (w *walk) lookPods() doctor.Step {
	var all list[pod]
	path := "/api/v1/namespaces/" + w.namespace + "/pods" + selectorQuery(w.selector())
	if err := w.cluster.get(w.ctx, path, &all); err != nil {
		return blind("pods", err)
	}
	var ready int
	var ending time.Time // when the last of those that end has to be gone
	for i := range all.Items {
		p := all.Items[i]
		if p.gone() {
			if at := p.Metadata.DeletionTimestamp; at.After(ending) {
				ending = at
			}
			continue
		}
		w.pods = append(w.pods, p)
		if p.ready() {
			ready++
		}
	}
	if len(w.pods) == 0 && w.scaled != nil && w.target.scaledToZero() {
		return waiting("something is asked for: KEDA has scaled to 0, and pods that are not there have no figures; another trigger must wake them")
	}
	if len(w.pods) == 0 {
		return w.noPods(ending)
	}
	if l := w.findExporters(); l.State != "" {
		return l
	}
	if ready == 0 {
		return w.noneReady()
	}
	return fine("%d of %d ready, with the exporter in container %s", ready, len(w.pods), w.exporters[0].container)
}

// noPods tells why there are none but those that end.
func (w *walk) noPods(ending time.Time) doctor.Step {
	conditions := w.target.Status.Conditions
	refused := conditions.of("ReplicaFailure").Status == "True"
	if at := conditions.of("Progressing").LastUpdateTime; !refused && w.age(at) < podStart {
		return waiting("%s: old pods ended, and new ones come", clock(at.Add(podStart)))
	}
	if !refused && ending.After(w.now) {
		return waiting("%s: old pods end, and new ones come then", clock(ending))
	}
	f := seen(found(codeNoPods, "there is no pod with %s", w.selector()), "selector", "%s", w.selector())
	for _, kind := range []string{"ReplicaFailure", "Progressing", "Available"} {
		if c := w.target.Status.Conditions.of(kind); c.Status != "" {
			f = seen(f, kind, "%s %s", c.Status, said(c))
		}
	}
	return broken("there are none", mend(f, "kubectl -n %s describe %s; quotas, admission and image names are the usual reasons", w.namespace, w.kubectlTarget()))
}

// findExporters looks for the exporter's container in each pod.
func (w *walk) findExporters() doctor.Step {
	var without []string
	for i := range w.pods {
		e, found := exporterOf(&w.pods[i])
		if !found {
			without = append(without, w.pods[i].Metadata.Name)
			continue
		}
		w.exporters = append(w.exporters, e)
	}
	if len(without) == 0 {
		return nothing()
	}
	if until := w.rollout(); until.After(w.now) {
		return waiting("%s: the rollout replaces %d pods without exporter", clock(until), len(without))
	}
	first := w.pods[slices.IndexFunc(w.pods, func(p pod) bool { return p.Metadata.Name == without[0] })]
	var containers []string
	for _, c := range first.Spec.all() {
		containers = append(containers, c.Name+" ("+c.Image+")")
	}
	f := seen(found(codeNoExporter, "%d of %d pods have no exporter", len(without), len(w.pods)), "pods without", "%s", names(without))
	f = seen(f, "containers of "+without[0], "%s", names(containers))
	f = mend(f, "kubectl -n %s get %s -o yaml | nginx-exporter inject --status-config - | kubectl apply -f -", w.namespace, w.kubectlTarget())
	return broken("the exporter is missing", mend(f, "better in the manifest that the %s comes from: nginx-exporter inject --status-config FILE", w.hpa.Spec.ScaleTargetRef.Kind))
}

// rollout is until when pods of an older template may be there beside those of
// the one that has the exporter; zero if there is no such rollout.
func (w *walk) rollout() (until time.Time) {
	const usual = 10 * time.Minute // the progress deadline of Deployments
	template := pod{Spec: w.target.Spec.Template.Spec}
	if _, found := exporterOf(&template); !found || len(w.exporters) == 0 {
		return until
	}
	return w.youngestTarget().Add(usual)
}

// exporterOf finds the exporter. Pods may have those of PHP or Redis, too.
func exporterOf(p *pod) (best exporterPort, found bool) {
	most := 0
	for _, c := range p.Spec.all() {
		e, likeness := readExporter(&c)
		if likeness > most {
			best, most = e, likeness
		}
	}
	best.pod = p
	return best, most > 0
}

// readExporter reads where a container serves metrics, and how much it is like
// an exporter of nginx: by its name or image, or by its usual port.
func readExporter(c *container) (e exporterPort, likeness int) {
	const usual = 9113
	image := c.Image[strings.LastIndexByte(c.Image, '/')+1:]
	e = exporterPort{
		container: c.Name, port: usual, scrapeURI: c.value("nginx.scrape-uri", "NGINX_EXPORTER_NGINX_SCRAPE_URI", "SCRAPE_URI"),
		path:    c.value("web.telemetry-path", "NGINX_EXPORTER_WEB_TELEMETRY_PATH", "TELEMETRY_PATH"),
		foreign: strings.Contains(image, "nginx-prometheus-exporter"),
	}
	if !strings.HasPrefix(e.path, "/") {
		e.path = "/metrics"
	}
	for _, text := range []string{image, c.Name} {
		if strings.Contains(text, "exporter") {
			likeness = max(likeness, 1)
			if strings.Contains(text, "nginx") {
				likeness = 3
			}
		}
	}
	for _, port := range c.Ports {
		if port.ContainerPort == usual || likeness > 0 && len(c.Ports) == 1 {
			e.port, e.portName = port.ContainerPort, port.Name
		}
		if port.ContainerPort == usual {
			likeness = max(likeness, 2)
		}
	}
	listen := c.value("web.listen-address", "NGINX_EXPORTER_WEB_LISTEN_ADDRESS", "LISTEN_ADDRESS")
	if port, err := strconv.Atoi(listen[strings.LastIndexByte(listen, ':')+1:]); err == nil {
		e.port = port
	}
	return e, likeness
}

// noneReady is why no pod is ready: a container that does not run, or time.
func (w *walk) noneReady() doctor.Step {
	for i := range w.pods {
		if l := w.fallen(&w.pods[i]); l.State != "" {
			return l
		}
	}
	youngest := w.pods[0].Metadata.CreationTimestamp
	for i := range w.pods {
		if t := w.pods[i].Metadata.CreationTimestamp; t.After(youngest) {
			youngest = t
		}
	}
	if w.age(youngest) < podStart {
		return waiting("%s: pods start", clock(youngest.Add(podStart)))
	}
	p := &w.pods[0]
	f := seen(found(codeNotReady, "none of %d pods is ready", len(w.pods)), "pods", "%s", names(podNames(w.pods)))
	for _, kind := range []string{"PodScheduled", "Initialized", "ContainersReady", "Ready"} {
		if c := p.Status.Conditions.of(kind); c.Status == "False" {
			f = seen(f, kind, "%s", said(c))
		}
	}
	return broken("none is ready", mend(f, "kubectl -n %s describe pod %s", w.namespace, p.Metadata.Name))
}

// fallen finds a container of a pod that does not run.
func (w *walk) fallen(p *pod) doctor.Step {
	for _, c := range p.Spec.all() {
		status := p.status(c.Name)
		trouble := status.trouble()
		if trouble == "" && status.fellOver() {
			trouble = "started again"
		}
		if trouble != "" && trouble != "PodInitializing" && trouble != "ContainerCreating" {
			return w.notRunning(p, &c, status, trouble)
		}
	}
	return nothing()
}

func (w *walk) notRunning(p *pod, c *container, status *containerStatus, trouble string) doctor.Step {
	code := codePodsCrash
	if e, found := exporterOf(p); found && e.container == c.Name {
		code = codeExporterCrash
	}
	f := seen(found(code, "container %s of %s does not run", c.Name, p.Metadata.Name), "state", "%s", trouble)
	if last := status.LastState.Terminated; last != nil {
		f = seen(f, "last end", "%s, exit status %d %s; %d restarts", last.Reason, last.ExitCode, last.Message, status.RestartCount)
	}
	f = seen(f, "image", "%s", c.Image)
	if code == codeExporterCrash {
		f = seen(f, "its last words", "%s", w.log(p, c.Name))
	}
	return broken("a container does not run", mend(f, "kubectl -n %s logs %s -c %s --previous", w.namespace, p.Metadata.Name, c.Name))
}

// log is what a container said last of what went wrong, or else the last that
// it said, if that can be had.
func (w *walk) log(p *pod, container string) string {
	path := "/api/v1/namespaces/" + p.Metadata.Namespace + "/pods/" + p.Metadata.Name + "/log?container=" + container + "&tailLines=20"
	last := ""
	for _, which := range []string{"", "&previous=true"} {
		var text string
		if w.cluster.get(w.ctx, path+which, &text) != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		slices.Reverse(lines)
		if i := slices.IndexFunc(lines, isComplaint); i >= 0 {
			return lines[i]
		}
		if last == "" {
			last = lines[0]
		}
	}
	return last
}

// isComplaint knows lines of errors: of klog, of our own log, and of programs
// that end.
func isComplaint(line string) bool {
	return regexp.MustCompile(`^[EF][0-9]{4} |level=(error|warn)|(?i)\b(error|fatal|panic|emerg)\b`).MatchString(line)
}

func podNames(pods []pod) []string {
	var all []string
	for i := range pods {
		all = append(all, pods[i].Metadata.Name)
	}
	return all
}
