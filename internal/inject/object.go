package inject

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is one Kubernetes object of a document.
type object struct {
	node      *yaml.Node
	group     string // API group
	kind      string
	name      string
	namespace string
	generated bool // the name is only the start of one
	line      int  // of its first key, counted from 1 in its document
	shared    bool // the same node has been seen before, through an alias
	pod       *pod // nil when it has no pod template
}

// pod is what makes pods within an object.
type pod struct {
	template entry      // key and mapping that hold metadata and spec
	key      *yaml.Node // the key of spec
	spec     *yaml.Node // of the pods
	parent   *yaml.Node // the mapping that holds template; nil for a Pod
}

// maxObjects bounds the objects of one document.
const maxObjects = 10000

// objects lists the objects of a document: the one, or the items of a List.
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
	o := &object{node: n, kind: kind, line: n.Line}
	if group, _, found := strings.Cut(str(get(n, "apiVersion")), "/"); found {
		o.group = group
	}
	metadata := get(n, "metadata")
	o.namespace = str(get(metadata, "namespace"))
	o.name = str(get(metadata, "name"))
	if o.name == "" {
		o.name = str(get(metadata, "generateName"))
		o.generated = o.name != ""
	}
	o.pod = findPod(n, kind)
	return o
}

// templated reports whether the object has a name or an image that only a
// template can have. Elsewhere braces may be text that somebody else reads.
func (o *object) templated() bool {
	names := []string{o.name, o.namespace}
	if o.pod != nil {
		for _, c := range o.pod.all() {
			names = append(names, str(get(c, "name")), str(get(c, "image")))
		}
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "{{") })
}

// title names an object for people: Deployment shop/web.
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

// findPod finds the pod template of an object. Kinds that nobody knows count
// when they have one where a Deployment has it, as an Argo Rollout does.
func findPod(n *yaml.Node, kind string) *pod {
	var paths [][]string
	switch kind {
	case "Pod":
		return podOf(nil, entry{value: n})
	case "PodTemplate":
		paths = [][]string{{"template"}}
	case "CronJob":
		paths = [][]string{{"spec", "jobTemplate", "spec", "template"}}
	case "ScaledJob":
		paths = [][]string{{"spec", "jobTargetRef", "template"}}
	default:
		paths = [][]string{{"spec", "template"}}
	}
	for _, path := range paths {
		last := len(path) - 1
		parent := get(n, path[:last]...)
		if template, found := own(parent, path[last]); found {
			return podOf(parent, template)
		}
	}
	return nil
}

// podOf returns the pods that a template makes; nil when it has no containers.
func podOf(parent *yaml.Node, template entry) *pod {
	template.value = deref(template.value)
	spec, found := own(template.value, "spec")
	if !found {
		return nil
	}
	p := &pod{template: template, key: spec.key, spec: deref(spec.value), parent: parent}
	if c := get(p.spec, "containers"); c == nil || c.Kind != yaml.SequenceNode {
		return nil
	}
	return p
}

// ours returns the sidecar of a pod and the list it is in; nil for none.
func (p *pod) ours() (container *yaml.Node, key string) {
	for _, key := range []string{"initContainers", "containers"} {
		if c := named(get(p.spec, key), ContainerName); c != nil {
			return c, key
		}
	}
	return nil, ""
}

// all lists the containers of a pod, native sidecars among them, but not those
// that end before nginx starts.
func (p *pod) all() []*yaml.Node {
	var running []*yaml.Node
	for _, key := range []string{"initContainers", "containers"} {
		seq := get(p.spec, key)
		if seq == nil || seq.Kind != yaml.SequenceNode {
			continue
		}
		for _, c := range seq.Content {
			if key == "containers" || str(get(c, "restartPolicy")) == "Always" {
				running = append(running, deref(c))
			}
		}
	}
	return running
}

// nginxes lists the containers in which nginx runs: the named one, or those
// with an image of nginx.
func (p *pod) nginxes(name string) []*yaml.Node {
	var found []*yaml.Node
	for _, c := range p.all() {
		if name != "" && str(get(c, "name")) == name || name == "" && isNginx(str(get(c, "image"))) {
			found = append(found, c)
		}
	}
	return found
}

// isNginx reports whether an image is one of nginx, or of a program that was
// made from it and has the same status page, by its name. Those of NGINX Plus
// are called nginx-plus/base and the like.
func isNginx(image string) bool {
	name := imageName(image)
	if strings.Contains(name, "exporter") {
		return false
	}
	for _, known := range []string{"nginx", "openresty", "angie", "freenginx", "tengine"} {
		if strings.HasPrefix(name, known) {
			return true
		}
	}
	return strings.HasSuffix(name, "-nginx") || strings.Contains(image, "/nginx-plus/")
}

// exporter returns the container in which another exporter of nginx runs.
func (p *pod) exporter() *yaml.Node {
	for _, c := range p.all() {
		image := imageName(str(get(c, "image")))
		if strings.Contains(image, "nginx") && strings.Contains(image, "exporter") {
			return c
		}
	}
	return nil
}

// portUser returns the container that has a port already; nil for none.
func (p *pod) portUser(port string) *yaml.Node {
	for _, c := range p.all() {
		ports := get(c, "ports")
		if ports == nil {
			continue
		}
		if slices.ContainsFunc(ports.Content, func(n *yaml.Node) bool { return decimal(str(get(n, "containerPort"))) == port }) {
			return c
		}
	}
	return nil
}

// decimal writes a number as people do; what is none stays as it is.
func decimal(s string) string {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return s
}

// isTrue reports whether a node is true in YAML 1.1, which Kubernetes reads:
// there, yes and on are true.
func isTrue(n *yaml.Node) bool {
	return slices.Contains([]string{"true", "yes", "on", "y"}, strings.ToLower(str(n)))
}

func (p *pod) windows() bool {
	return str(get(p.spec, "nodeSelector", "kubernetes.io/os")) == "windows" ||
		str(get(p.spec, "nodeSelector", "beta.kubernetes.io/os")) == "windows" ||
		str(get(p.spec, "os", "name")) == "windows"
}

// repeated returns a key that a mapping has twice, empty for none.
func repeated(m *yaml.Node) string {
	seen := map[string]bool{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key := m.Content[i].Value
		if seen[key] {
			return key
		}
		seen[key] = true
	}
	return ""
}

// named returns the item of a list whose name is that.
func named(seq *yaml.Node, name string) *yaml.Node {
	if seq = deref(seq); seq == nil || seq.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range seq.Content {
		if str(get(item, "name")) == name {
			return deref(item)
		}
	}
	return nil
}

// imageName is the last part of an image's path, without registry, tag and
// digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndex(image, "/")+1:]
	image, _, _ = strings.Cut(image, ":")
	return image
}
