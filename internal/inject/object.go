package inject

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

// object is one Kubernetes object of a document.
type object struct {
	node      *yaml.Node
	group     string // API group
	kind      string
	name      string // or generateName
	namespace string
	generated bool // name is a generateName
	line      int  // of its first key, counted from 1 in its document
	shared    bool // its pod template is that of an object above, by an alias
	pod       *pod // nil without a pod template
}

// pod is the pod template of an object.
type pod struct {
	template *yaml.Node // the mapping that holds metadata and spec
	key      *yaml.Node // the key of spec
	spec     *yaml.Node
}

// maxObjects bounds the objects of one document.
const maxObjects = 10000

// objects lists the objects of a document: a single one, or the items of a List.
func objects(root *yaml.Node) []*object {
	var found []*object
	seen := map[*yaml.Node]bool{}
	var walk func(n *yaml.Node, depth int)
	walk = func(n *yaml.Node, depth int) {
		n = deref(n)
		kind := str(get(n, "kind"))
		if kind == "" || len(found) > maxObjects {
			return
		}
		items := get(n, "items")
		if strings.HasSuffix(kind, "List") && items != nil && items.Kind == yaml.SequenceNode && depth < 4 {
			for _, item := range items.Content {
				walk(item, depth+1)
			}
			return
		}
		o := newObject(n, kind)
		if o.pod != nil {
			o.shared = seen[o.pod.spec]
			seen[o.pod.spec] = true
		}
		found = append(found, o)
	}
	walk(root, 0)
	return found
}

func newObject(n *yaml.Node, kind string) *object {
	metadata := get(n, "metadata")
	o := &object{
		node: n, kind: kind, line: n.Line, pod: findPod(n, kind),
		namespace: str(get(metadata, "namespace")), name: str(get(metadata, "name")),
	}
	if group, _, found := strings.Cut(str(get(n, "apiVersion")), "/"); found {
		o.group = group
	}
	if o.name == "" {
		o.name = str(get(metadata, "generateName"))
		o.generated = o.name != ""
	}
	return o
}

// isTemplate reports whether a name or an image of the object contains a template action, {{ }}. Other values may contain
// braces that are meant for another program.
func (o *object) isTemplate() bool {
	names := []string{o.name, o.namespace}
	if o.pod != nil {
		for _, c := range o.pod.running() {
			names = append(names, str(get(c, "name")), str(get(c, "image")))
		}
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "{{") })
}

// title names an object in reports, such as Deployment shop/web.
func (o *object) title() string {
	name := o.name
	if name == "" {
		name = "(no name)"
	}
	if o.generated {
		name += "*"
	}
	if o.namespace != "" {
		name = o.namespace + "/" + name
	}
	return o.kind + " " + name
}

// findPod finds the pod template of an object, nil for none. Unknown kinds, such as an Argo Rollout, may have one in the
// same place as a Deployment.
func findPod(n *yaml.Node, kind string) *pod {
	path := []string{"spec", "template"}
	switch kind {
	case "Pod":
		path = nil
	case "PodTemplate":
		path = []string{"template"}
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template"}
	case "ScaledJob":
		path = []string{"spec", "jobTargetRef", "template"}
	}
	template := n
	if last := len(path) - 1; last >= 0 {
		e, _ := own(get(n, path[:last]...), path[last])
		template = deref(e.value)
	}
	spec, found := own(template, "spec")
	if !found {
		return nil
	}
	p := &pod{template: template, key: spec.key, spec: deref(spec.value)}
	if c := get(p.spec, "containers"); c == nil || c.Kind != yaml.SequenceNode {
		return nil
	}
	return p
}

// sidecar returns the sidecar of a pod and the list that holds it, nil for none.
func (p *pod) sidecar() (container *yaml.Node, list string) {
	for _, list := range []string{"initContainers", "containers"} {
		if c := named(get(p.spec, list), sidecar.Name); c != nil {
			return c, list
		}
	}
	return nil, ""
}

func (o *object) hasSidecar() bool {
	if o.pod == nil {
		return false
	}
	c, _ := o.pod.sidecar()
	return c != nil && !isOtherExporter(c, "")
}

// isOtherExporter reports whether a container with the name of the sidecar runs another exporter for nginx. Some images of
// others have the name of the default image, which users copy to registries of their own: they are known by their owners.
func isOtherExporter(container *yaml.Node, image string) bool {
	given, _ := splitImage(str(get(container, "image")))
	if want, _ := splitImage(image); image != "" && given == want {
		return false
	}
	for _, glob := range []string{"bitnami*/nginx-exporter", "fish/nginx-exporter", "sysdig*/nginx-exporter", "sophos/nginx-exporter"} {
		if matches(glob, given, "") {
			return true
		}
	}
	name := path.Base(given)
	return name != sidecar.Name && strings.Contains(name, "nginx") && strings.Contains(name, "exporter")
}

// running lists the containers that run beside nginx: the containers and the native sidecars.
func (p *pod) running() []*yaml.Node {
	var all []*yaml.Node
	for _, c := range items(get(p.spec, "initContainers")) {
		if str(get(c, "restartPolicy")) == "Always" {
			all = append(all, deref(c))
		}
	}
	for _, c := range items(get(p.spec, "containers")) {
		all = append(all, deref(c))
	}
	return all
}

// nginx lists the containers in which nginx runs: those of a name, or for an empty name those with an nginx image. It omits
// containers that run something else than nginx, unless all do.
func (p *pod) nginx(name string) []*yaml.Node {
	all := slices.DeleteFunc(p.running(), func(c *yaml.Node) bool {
		if name == "" {
			return !isNginx(str(get(c, "image")))
		}
		return str(get(c, "name")) != name
	})
	if busy := slices.DeleteFunc(slices.Clone(all), func(c *yaml.Node) bool { return idleCommand(c) != "" }); len(busy) > 0 {
		return busy
	}
	return all
}

// exporter returns the container in which another exporter for nginx runs, nil for none.
func (p *pod) exporter() *yaml.Node {
	for _, c := range p.running() {
		image := imageName(str(get(c, "image")))
		if strings.Contains(image, "nginx") && strings.Contains(image, "exporter") {
			return c
		}
	}
	return nil
}

// portUser returns the container that uses a port, nil for none.
func (p *pod) portUser(port string) *yaml.Node {
	for _, c := range p.running() {
		if slices.ContainsFunc(items(get(c, "ports")), func(n *yaml.Node) bool { return decimal(str(get(n, "containerPort"))) == port }) {
			return c
		}
	}
	return nil
}

// decimal formats a number of any notation in decimal. It returns anything else unchanged.
func decimal(s string) string {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return s
}

// isTrue reports whether a node is true in the YAML 1.1 of Kubernetes.
func isTrue(n *yaml.Node) bool {
	return slices.Contains([]string{"true", "yes", "on", "y"}, strings.ToLower(str(n)))
}

func (p *pod) isWindows() bool {
	return str(get(p.spec, "nodeSelector", "kubernetes.io/os")) == "windows" ||
		str(get(p.spec, "nodeSelector", "beta.kubernetes.io/os")) == "windows" ||
		str(get(p.spec, "os", "name")) == "windows"
}

// duplicateKey returns a key that a mapping has twice, empty for none.
func duplicateKey(m *yaml.Node) string {
	seen := map[string]bool{}
	for key := range entries(m) {
		if seen[key.Value] {
			return key.Value
		}
		seen[key.Value] = true
	}
	return ""
}

// items returns the items of a list. Anything else has none.
func items(seq *yaml.Node) []*yaml.Node {
	if seq = deref(seq); seq == nil || seq.Kind != yaml.SequenceNode {
		return nil
	}
	return seq.Content
}

// named returns the item of a list with a name, nil for none.
func named(seq *yaml.Node, name string) *yaml.Node {
	for _, item := range items(seq) {
		if str(get(item, "name")) == name {
			return deref(item)
		}
	}
	return nil
}
