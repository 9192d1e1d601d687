package inject

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const bom = "\uFEFF"

// Inject adds the sidecar to the pods of a manifest. It returns the new text
// and what became of each object; the text is the old one where there was
// nothing to do. An error is about the manifest as a whole.
func Inject(manifest string, o Options) (string, []Outcome, error) {
	if err := o.Validate(); err != nil {
		return "", nil, err
	}
	return each(manifest, func(chunk string) (string, []Outcome, error) {
		return injectDocument(chunk, &o)
	})
}

// each runs an edit over the documents of a stream, and counts the lines of
// its outcomes in the whole stream.
func each(manifest string, edit func(chunk string) (string, []Outcome, error)) (string, []Outcome, error) {
	if err := checkText(manifest); err != nil {
		return "", nil, err
	}
	var b strings.Builder
	var all []Outcome
	rest, marked := strings.CutPrefix(manifest, bom)
	if marked {
		b.WriteString(bom)
	}
	before := 0
	for _, chunk := range split(rest) {
		s, outcomes, err := edit(chunk)
		if err != nil {
			return "", nil, explain(err, chunk, before)
		}
		for _, outcome := range outcomes {
			outcome.Line += before
			all = append(all, outcome)
		}
		b.WriteString(s)
		t := newText(chunk)
		before += t.lines()
	}
	return b.String(), all, nil
}

// injectDocument edits all objects of a document at once. Should the result
// not be what it must be, they are tried one by one, so that only those are
// left out whose layout is the reason.
func injectDocument(chunk string, o *Options) (string, []Outcome, error) {
	d, _, err := parse(chunk)
	if err != nil {
		return "", nil, err
	}
	p := &plan{document: &d}
	var outcomes []Outcome
	for _, obj := range objects(d.root) {
		if obj.templated() {
			return "", nil, ErrTemplate
		}
		outcomes = append(outcomes, p.object(obj, o))
	}
	if len(p.edits) == 0 {
		return chunk, outcomes, nil
	}
	s, err := p.proven(outcomes)
	if err != nil {
		s, err = oneByOne(chunk, outcomes, o)
	}
	return s, outcomes, err
}

// maxSingle bounds the work of editing objects one by one.
const maxSingle = 50

func oneByOne(chunk string, outcomes []Outcome, o *Options) (string, error) {
	tried := 0
	documents := "" // that were added
	for i := range outcomes {
		if outcomes[i].Status != Injected {
			continue
		}
		tried++
		d, _, err := parse(chunk)
		if err != nil {
			return "", err
		}
		p := &plan{document: &d}
		p.object(objects(d.root)[i], o)
		s, err := p.proven(outcomes)
		if err == nil && tried > maxSingle {
			err = errLayout
		}
		if err != nil {
			outcomes[i].refuse(reasonLayout, err)
			continue
		}
		parts := split(s)
		chunk, documents = parts[0], strings.Join(parts[1:], "")+documents
	}
	return chunk + documents, nil
}

// object plans the edits of one object, all or none of them.
func (p *plan) object(obj *object, base *Options) Outcome {
	out := Outcome{Kind: obj.kind, Namespace: obj.namespace, Name: obj.name, Line: obj.line, title: obj.title()}
	if obj.pod == nil {
		return out.skip(reasonNoPods, "no pod template")
	}
	if obj.group == "serving.knative.dev" {
		return out.skip(reasonNoPods, "Knative lets only one container of a pod have a port")
	}
	opts, err := obj.annotated(*base)
	if errors.Is(err, errOptedOut) {
		return out.skip(reasonOptedOut, err.Error())
	} else if err != nil {
		return *out.refuse(reasonAnnotation, err)
	}
	if obj.shared {
		return out.skip(reasonShared, "shares its pods with an object above through an alias")
	}
	if done, ok := out.unfit(obj.pod, &opts); ok {
		return done
	}
	edits, added := len(p.edits), len(p.added)
	notes, err := p.edit(obj, &opts)
	if err != nil {
		p.edits, p.added = p.edits[:edits], p.added[:added]
		reason := reasonLayout
		if errors.Is(err, errStatus) {
			reason = reasonStatus
		}
		return *out.refuse(reason, err)
	}
	out.Status, out.Notes = Injected, notes
	out.Detail = describe(&opts)
	return out
}

// edit plans the edits of an object that is fit for them.
func (p *plan) edit(obj *object, opts *Options) ([]string, error) {
	var fresh mapping
	t := obj.pod
	l := p.layoutOf(t)
	key := "containers"
	if opts.native() {
		key = "initContainers"
	}
	// A native sidecar goes first: it does not wait for what else must end
	// before nginx starts. An ordinary container goes last: kubectl logs and
	// exec take the first one.
	if err := p.list(l, t.spec, key, container(opts), !opts.native(), &fresh); err != nil {
		return nil, err
	}
	if opts.StatusConfig {
		if err := p.status(l, obj, opts, &fresh); err != nil {
			return nil, err
		}
	}
	before := t.spec.Content[0]
	if e, found := own(t.spec, "containers"); found {
		before = e.key
	}
	if err := p.fields(l, t.spec, before, fresh); err != nil {
		return nil, err
	}
	notes, err := p.pairs(l, t, opts)
	if n := len(t.nginxes(opts.Container)); n > 1 {
		notes = append(notes, fmt.Sprintf("%d containers run nginx; one sidecar watches the one at %s", n, opts.ScrapeURI))
	}
	if note := t.hiddenBy(opts); note != "" {
		notes = append(notes, note)
	}
	if !opts.native() && slices.Contains([]string{"Job", "CronJob", "ScaledJob"}, obj.kind) {
		notes = append(notes, "warning: an ordinary container keeps the job from ever ending; use --native=auto")
	}
	return notes, err
}

// unfit says why pods are left as they are.
func (out *Outcome) unfit(t *pod, opts *Options) (Outcome, bool) {
	port := strconv.Itoa(opts.Port)
	ours, list := t.ours()
	other := t.exporter()
	switch {
	case ours != nil && list == "initContainers" && str(get(ours, "restartPolicy")) != "Always":
		return *out.refuse(reasonNameTaken, errors.New("has an init container "+ContainerName+" that is no sidecar")), true
	case ours != nil && strings.HasPrefix(imageName(str(get(ours, "image"))), "nginx-prometheus-exporter"):
		return out.skip(reasonExporter, fmt.Sprintf("container %s is an exporter already (%s)", ContainerName, str(get(ours, "image")))), true
	case ours != nil:
		out.Status, out.Reason, out.Detail = Unchanged, reasonAlready, "has the sidecar already"
		if !same(ours, node(container(opts))) {
			out.Reason, out.Detail = reasonDiffers, "has another sidecar than these options make; to change it, uninject first"
		}
		return *out, true
	case repeated(t.spec) != "":
		return *out.refuse(reasonLayout, fmt.Errorf("its pods have %s twice", repeated(t.spec))), true
	case t.windows():
		return out.skip(reasonWindows, "its pods run on Windows, the exporter's image on Linux"), true
	case len(t.nginxes(opts.Container)) == 0 && !opts.All:
		detail := "no container has an image of nginx; name it with --container, or annotate " + prefix + `inject: "true"`
		if opts.Container != "" {
			detail = "no container is called " + opts.Container
		}
		return out.skip(reasonNoNginx, detail), true
	case other != nil:
		return out.skip(reasonExporter, fmt.Sprintf("container %s is an exporter already (%s)", str(get(other, "name")), str(get(other, "image")))), true
	case isTrue(get(t.spec, "hostNetwork")) && !opts.HostNetwork:
		return *out.refuse(reasonHostNetwork, fmt.Errorf("hostNetwork: port %s would be taken on each node, and loopback is the node's; allow it with --host-network or %shost-network", port, prefix)), true
	}
	if user := t.portUser(port); user != nil {
		return *out.refuse(reasonPort, fmt.Errorf("port %s is that of container %s; choose another with --port or %sport", port, str(get(user, "name")), prefix)), true
	}
	return Outcome{}, false
}

func describe(o *Options) string {
	how := "as a native sidecar"
	if !o.native() {
		how = "as an ordinary container"
	}
	s := fmt.Sprintf("%s on port %d, scraping %s", how, o.Port, o.ScrapeURI)
	if o.StatusConfig {
		s += ", with a status server for nginx"
	}
	return s
}
