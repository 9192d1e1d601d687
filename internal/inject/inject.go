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

// Inject adds the sidecar to the pods of one manifest of the input. It returns the new text, and the outcome for each object.
// An error concerns the manifest as a whole.
func (in *Input) Inject(manifest string, o Options) (string, []Outcome, error) {
	if err := o.Validate(); err != nil {
		return "", nil, err
	}
	if err := checkText(manifest); err != nil {
		return "", nil, err
	}
	return each(manifest, func(chunk string) (string, []Outcome, error) { return in.injectDocument(chunk, &o) })
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
func (in *Input) injectDocument(chunk string, o *Options) (string, []Outcome, error) {
	d, err := parse(chunk)
	if err != nil {
		return "", nil, err
	}
	p := &plan{document: d, in: in}
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
		s, err = in.oneByOne(chunk, outcomes, o)
	}
	return s, outcomes, err
}

// maxSingle bounds how many objects are edited one by one.
const maxSingle = 50

func (in *Input) oneByOne(chunk string, outcomes []Outcome, o *Options) (string, error) {
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
		p := &plan{document: d, in: in}
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
	dir, notes, err := p.edit(obj, opts)
	if err != nil {
		p.edits, p.documents = p.edits[:edits], p.documents[:documents]
		reason := reasonLayout
		switch {
		case errors.Is(err, errStatus):
			reason = reasonStatus
		case errors.Is(err, errLog):
			reason = reasonLog
		}
		out.refuse(reason, err)
		return out
	}
	out.Status, out.Notes, out.Detail = Injected, notes, describe(opts, dir)
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
		out.skip(t.withoutNginx())
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

// withoutNginx returns why none of the containers counts as nginx.
func (p *pod) withoutNginx() (reason, detail string) {
	for _, c := range p.running() {
		name, image := str(get(c, "name")), str(get(c, "image"))
		f, found := familyOf(image)
		switch {
		case found && f.other != "" && f.metrics != "":
			return reasonOwnMetrics, fmt.Sprintf("container %s runs %s (%s), which has its own metrics: scrape %s", name, f.other, image, f.metrics)
		case found && f.other != "":
			return reasonNoNginx, fmt.Sprintf("container %s runs %s (%s)", name, f.other, image)
		}
	}
	return reasonNoNginx, "no container has an nginx image; select one with --container, or annotate " + annotationPrefix + `inject: "true"`
}

// examineExisting sets the outcome of a pod that has a container with the name of the sidecar.
func (out *Outcome) examineExisting(ours *yaml.Node, list string, opts *Options) {
	switch {
	case list == "initContainers" && str(get(ours, "restartPolicy")) != "Always":
		out.refuse(reasonNameTaken, errors.New("init container "+sidecar.Name+" is not a native sidecar"))
	case isOtherExporter(ours, opts.Image):
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

// edit plans the edits of an object. It returns the directory of nginx's added configuration, empty for none, and notes for
// the report.
func (p *plan) edit(obj *object, opts *Options) (dir string, notes []string, err error) {
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
		return "", nil, err
	}
	if err := p.pullSecret(l, t, opts, missing); err != nil {
		return "", nil, err
	}
	if opts.StatusConfig || opts.AccessLog {
		a, err := p.additions(obj, opts)
		if err == nil {
			err = p.add(l, obj, a, missing)
		}
		if err != nil {
			return "", nil, err
		}
		dir, notes = a.dir, a.notes
	}
	before := t.spec.Content[0]
	if e, found := own(t.spec, "containers"); found {
		before = e.key
	}
	if err := p.fields(l, t.spec, before, missing); err != nil {
		return "", nil, err
	}
	kept, err := p.pairs(l, t, opts)
	if err != nil {
		return "", nil, err
	}
	notes = slices.Concat(notes, kept, p.in.notes(obj, opts))
	return dir, slices.DeleteFunc(notes, func(note string) bool { return note == "" }), nil
}

func describe(o *Options, dir string) string {
	how := "as a native sidecar"
	if !o.IsNative() {
		how = "as an ordinary container"
	}
	s := fmt.Sprintf("%s on port %d, scraping %s", how, o.Port, o.ScrapeURI)
	switch {
	case o.StatusConfig && o.AccessLog:
		s += ", with a status server and an access log for nginx"
	case o.StatusConfig:
		s += ", with a status server for nginx"
	case o.AccessLog:
		s += ", with an access log for nginx"
	}
	if dir != "" && dir != confDir {
		s += " in " + dir
	}
	return s
}
