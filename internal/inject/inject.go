package inject

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

const bom = "\uFEFF"

// Inject adds the sidecar to the pods of a manifest. It returns the new text, and the outcome for each object. An error
// concerns the manifest as a whole.
func Inject(manifest string, o Options) (string, []Outcome, error) {
	if err := o.Validate(); err != nil {
		return "", nil, err
	}
	if err := checkText(manifest); err != nil {
		return "", nil, err
	}
	return each(manifest, func(chunk string) (string, []Outcome, error) { return injectDocument(chunk, &o) })
}

// each edits the documents of a stream. It makes the lines of outcomes those of the whole stream.
func each(manifest string, edit func(chunk string) (string, []Outcome, error)) (string, []Outcome, error) {
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

// injectDocument edits all objects of a document together. If the result is wrong, it edits them one by one, so that only
// objects with an unsuitable layout are refused.
func injectDocument(chunk string, o *Options) (string, []Outcome, error) {
	d, err := parse(chunk)
	if err != nil {
		return "", nil, err
	}
	p := &plan{document: d}
	var outcomes []Outcome
	for _, obj := range objects(d.root) {
		if obj.isTemplate() {
			return "", nil, errTemplate
		}
		outcomes = append(outcomes, p.object(obj, o))
	}
	if len(p.edits) == 0 {
		return chunk, outcomes, nil
	}
	s, err := p.apply(outcomes)
	if err != nil {
		s, err = oneByOne(chunk, outcomes, o)
	}
	return s, outcomes, err
}

// maxSingle bounds how many objects are edited one by one.
const maxSingle = 50

func oneByOne(chunk string, outcomes []Outcome, o *Options) (string, error) {
	tried := 0
	documents := "" // the added ones
	for i := range outcomes {
		if outcomes[i].Status != Injected {
			continue
		}
		if tried++; tried > maxSingle {
			outcomes[i].refuse(reasonLayout, errLayout)
			continue
		}
		d, err := parse(chunk)
		if err != nil {
			return "", err
		}
		p := &plan{document: d}
		p.object(objects(d.root)[i], o)
		s, err := p.apply(outcomes)
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
func (p *plan) object(obj *object, options *Options) Outcome {
	out := newOutcome(obj)
	switch {
	case obj.pod == nil:
		out.skip(reasonNoPods, "no pod template")
		return out
	case obj.group == "serving.knative.dev":
		out.skip(reasonNoPods, "Knative allows only one container of a pod to have a port")
		return out
	}
	opts, err := obj.override(*options)
	switch {
	case errors.Is(err, errOptedOut):
		out.skip(reasonOptedOut, err.Error())
		return out
	case err != nil:
		out.refuse(reasonAnnotation, err)
		return out
	case obj.shared:
		out.skip(reasonShared, "shares the pod template of an object above through an alias")
		return out
	}
	if out.examine(obj.pod, opts); out.Status != "" {
		return out
	}
	edits, documents := len(p.edits), len(p.documents)
	notes, err := p.edit(obj, opts)
	if err != nil {
		p.edits, p.documents = p.edits[:edits], p.documents[:documents]
		reason := reasonLayout
		if errors.Is(err, errStatus) {
			reason = reasonStatus
		}
		out.refuse(reason, err)
		return out
	}
	out.Status, out.Notes, out.Detail = Injected, notes, describe(opts)
	return out
}

// examine sets the outcome of a pod that does not need the sidecar or cannot have it.
func (out *Outcome) examine(t *pod, opts *Options) {
	if ours, list := t.sidecar(); ours != nil {
		out.examineExisting(ours, list, opts)
		return
	}
	port := strconv.Itoa(opts.Port)
	other, user := t.exporter(), t.portUser(port)
	app, statusPort := t.statusPortUser(opts)
	switch {
	case duplicateKey(t.spec) != "":
		out.refuse(reasonLayout, fmt.Errorf("the pod spec has two keys %s", duplicateKey(t.spec)))
	case t.isWindows():
		out.skip(reasonWindows, "the pods run on Windows, the image of the exporter on Linux")
	case len(t.nginx(opts.Container)) == 0 && !opts.All && opts.Container != "":
		out.skip(reasonNoNginx, "no container is named "+opts.Container)
	case len(t.nginx(opts.Container)) == 0 && !opts.All:
		out.skip(reasonNoNginx, "no container has an nginx image; select one with --container, or annotate "+annotationPrefix+`inject: "true"`)
	case other != nil:
		out.skip(reasonExporter, otherExporter(other))
	case isTrue(get(t.spec, "hostNetwork")) && !opts.HostNetwork:
		out.refuse(reasonHostNetwork, fmt.Errorf("hostNetwork: port %s would be in use on every node, and loopback is that of the node; allow it with --host-network or %shost-network", port, annotationPrefix))
	case user != nil:
		out.refuse(reasonPort, fmt.Errorf("port %s is in use by container %s; choose another with --port or %sport", port, str(get(user, "name")), annotationPrefix))
	case app != nil:
		out.refuse(reasonPort, fmt.Errorf("port %s of the scrape URI is in use by container %s, which is not nginx; choose another with --scrape-uri or %sscrape-uri", statusPort, str(get(app, "name")), annotationPrefix))
	}
}

// examineExisting sets the outcome of a pod that has a container with the name of the sidecar.
func (out *Outcome) examineExisting(ours *yaml.Node, list string, opts *Options) {
	switch {
	case list == "initContainers" && str(get(ours, "restartPolicy")) != "Always":
		out.refuse(reasonNameTaken, errors.New("init container "+sidecar.Name+" is not a native sidecar"))
	case strings.HasPrefix(imageName(str(get(ours, "image"))), "nginx-prometheus-exporter"):
		out.skip(reasonExporter, otherExporter(ours))
	case !same(ours, encode(opts.Options.Container())):
		out.Status, out.Reason, out.Detail = Unchanged, reasonDiffers, "has the sidecar with other options; to change them, run uninject first"
	default:
		out.Status, out.Reason, out.Detail = Unchanged, reasonAlready, "has the sidecar already"
	}
}

func otherExporter(c *yaml.Node) string {
	return fmt.Sprintf("container %s is an exporter already (%s)", str(get(c, "name")), str(get(c, "image")))
}

// edit plans the edits of an object, and returns notes for the report.
func (p *plan) edit(obj *object, opts *Options) ([]string, error) {
	missing := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	t := obj.pod
	l := p.layoutOf(t)
	key := "containers"
	if opts.IsNative() {
		key = "initContainers"
	}
	// A native sidecar goes first: it must not wait for init containers that end before nginx starts. An ordinary
	// container goes last: kubectl logs and exec use the first one.
	if err := p.item(l, t.spec, key, encode(opts.Options.Container()), !opts.IsNative(), missing); err != nil {
		return nil, err
	}
	if opts.StatusConfig {
		if err := p.statusServer(l, obj, opts, missing); err != nil {
			return nil, err
		}
	}
	before := t.spec.Content[0]
	if e, found := own(t.spec, "containers"); found {
		before = e.key
	}
	if err := p.fields(l, t.spec, before, missing); err != nil {
		return nil, err
	}
	notes, err := p.pairs(l, t, opts)
	if err != nil {
		return nil, err
	}
	return append(notes, obj.notes(opts)...), nil
}

// notes returns what an operator should know about an injected object.
func (o *object) notes(opts *Options) (notes []string) {
	if n := len(o.pod.nginx(opts.Container)); n > 1 {
		notes = append(notes, fmt.Sprintf("%d containers run nginx; the sidecar scrapes only %s", n, opts.ScrapeURI))
	}
	if note := o.pod.hiddenBy(opts); note != "" {
		notes = append(notes, note)
	}
	if !opts.IsNative() && slices.Contains([]string{"Job", "CronJob", "ScaledJob"}, o.kind) {
		notes = append(notes, "warning: an ordinary container keeps the Job from completing; use --native=auto")
	}
	return notes
}

func describe(o *Options) string {
	how := "as a native sidecar"
	if !o.IsNative() {
		how = "as an ordinary container"
	}
	s := fmt.Sprintf("%s on port %d, scraping %s", how, o.Port, o.ScrapeURI)
	if o.StatusConfig {
		s += ", with a status server for nginx"
	}
	return s
}
