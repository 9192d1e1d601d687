package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/inject"
	"nginx-exporter/internal/sidecar"
)

// exporter is the exporter in the pods, and what has to be added for it.
type exporter struct {
	where    string // nginx, for people
	port     int
	path     string // of the metrics
	present  string // a container that is not ours, empty for none
	template any    // of the pods, with the sidecar; nil without a change
	original any    // of the pods, without the sidecar
	current  any    // of the pods, as they are
	status   string // manifest of the ConfigMap with the status server; empty for none
	notes    []string
}

const (
	statusVolume = "nginx-exporter-status"
	windowFlag   = "--rate.window="
	directWindow = "15s"
)

// planExporter finds nginx in the pods, and how the exporter is added to them.
func (s *site) planExporter() error {
	options := s.Inject
	options.StatusConfig = s.StatusPage == ""
	if s.StatusPage != "" {
		options.ScrapeURI = s.StatusPage
	}
	options.OpenShift = options.OpenShift || s.has(cluster.OpenShiftPlatform)
	var object map[string]any
	if err := decode(s.live, &object); err != nil {
		return err
	}
	s.exporter.current = clone(field(object, "spec", "template"))
	strip(object)
	s.exporter.original = clone(field(object, "spec", "template"))
	if found := cluster.FindExporter(&s.workload.Spec.Template.Spec); found != nil && hasContainer(s.exporter.original, found.Container) {
		s.exporter.present, s.exporter.port, s.exporter.path = found.Container, found.Port, found.Path
		s.exporter.where = s.nginxFact()
		return nil
	}
	s.exporter.port, s.exporter.path = options.Port, "/metrics"
	return s.inject(object, &options)
}

// needsWindow reports whether the exporter has to compute the rate.
func (s *site) needsWindow() bool {
	engine, _ := s.decide()
	return engine == EngineDirect || engine == EngineGKE
}

// inject runs inject on the object, together with what it depends on.
func (s *site) inject(object map[string]any, options *inject.Options) error {
	if s.needsWindow() {
		options.Args = append(slices.Clone(options.Args), windowFlag+directWindow)
	}
	options.ScrapeAnnotations = s.scraper.service != nil
	manifest, err := blockYAML(withoutServerFields(object))
	if err != nil {
		return err
	}
	context := s.context()
	text, outcomes, err := inject.ReadInput(append(context, manifest)...).Inject(manifest, *options)
	if err != nil {
		return invalid("%s: %s", s.templateObject(), ownFlags(err.Error()))
	}
	outcome := outcomes[0]
	if outcome.Status != inject.Injected {
		return invalid("%s: %s", s.templateObject(), ownFlags(outcome.Detail))
	}
	documents, err := decodeAll(text)
	if err != nil {
		return err
	}
	s.exporter.where, s.exporter.notes = s.nginxFact(), slices.DeleteFunc(outcome.Notes, isObvious)
	s.exporter.template = field(documents[0], "spec", "template")
	if len(documents) > 1 {
		status, ok := documents[1].(map[string]any)
		if !ok {
			return fmt.Errorf("%s: the ConfigMap of the status server is malformed", s.templateObject())
		}
		s.label(status)
		s.exporter.status, err = blockYAML(status)
	}
	return err
}

// ownFlags has the flags of this command instead of those of inject: a status page of nginx
// is what --scrape-uri is for.
func ownFlags(advice string) string {
	return strings.NewReplacer(
		", and omit --status-config", ", and use --scrape-uri=http://127.0.0.1:18080/stub_status",
		" without --status-config", "",
	).Replace(advice)
}

// isObvious reports whether a note of inject is about manifests, which plans read from the
// API server.
func isObvious(note string) bool {
	return strings.HasPrefix(note, "this manifest is from the API server")
}

// label adds our labels to an object.
func (s *site) label(object map[string]any) {
	if metadata, ok := object["metadata"].(map[string]any); ok {
		metadata["labels"] = map[string]any{managedBy: cluster.FieldManager, "app.kubernetes.io/instance": s.Ref.Name, "app.kubernetes.io/name": "nginx-exporter"}
		metadata["namespace"] = s.namespace
	}
}

// context has the manifests that inject looks at: the namespace, and the ConfigMaps of the
// pods.
func (s *site) context() []string {
	paths := []string{"/api/v1/namespaces/" + s.namespace}
	for _, v := range s.workload.Spec.Template.Spec.Volumes {
		if v.ConfigMap != nil && v.Name != statusVolume {
			paths = append(paths, "/api/v1/namespaces/"+s.namespace+"/configmaps/"+v.ConfigMap.Name)
		}
	}
	var all []string
	for i, path := range paths {
		var raw json.RawMessage
		var object map[string]any
		if s.Read(path, &raw) != nil || decode(raw, &object) != nil {
			continue // inject then says that the file is not known
		}
		if object["kind"] = "ConfigMap"; i == 0 {
			object["kind"] = "Namespace"
		}
		object["apiVersion"] = "v1"
		if text, err := blockYAML(withoutServerFields(object)); err == nil {
			all = append(all, text)
		}
	}
	return all
}

// nginxContainer is the container of nginx, or else the first.
func (s *site) nginxContainer() *cluster.Container {
	all := s.workload.Spec.Template.Spec.Containers
	i := slices.IndexFunc(all, func(c cluster.Container) bool {
		if s.Inject.Container != "" {
			return c.Name == s.Inject.Container
		}
		return strings.Contains(c.Image, "nginx") && c.Name != s.exporter.present && c.Name != sidecar.Name
	})
	return &all[max(i, 0)]
}

// nginxFact describes the container of nginx.
func (s *site) nginxFact() string {
	spec, c := &s.workload.Spec.Template.Spec, s.nginxContainer()
	parts := []string{"container " + c.Name + " (" + c.Image + ")"}
	for _, port := range c.Ports {
		parts = append(parts, "port "+strconv.Itoa(port.ContainerPort))
	}
	source := "of the image"
	if from := configSource(spec, c); from != "" {
		source = "from " + from
	}
	return strings.Join(append(parts, "configuration "+source), ", ")
}

// configSource lists the ConfigMaps that are mounted below /etc/nginx.
func configSource(spec *cluster.PodSpec, c *cluster.Container) string {
	var all []string
	for _, mount := range c.VolumeMounts {
		for _, v := range spec.Volumes {
			known := v.Name == mount.Name && v.Name != statusVolume && v.ConfigMap != nil
			if known && strings.Contains(mount.MountPath, "nginx") && !slices.Contains(all, "ConfigMap "+v.ConfigMap.Name) {
				all = append(all, "ConfigMap "+v.ConfigMap.Name)
			}
		}
	}
	return strings.Join(all, " and ")
}

// strip removes from a workload what this program adds to it.
func strip(object map[string]any) {
	spec, _ := field(object, "spec", "template", "spec").(map[string]any)
	if spec == nil || !changedByUs(object) {
		return
	}
	for _, list := range []string{"initContainers", "containers"} {
		removeNamed(spec, list, sidecar.Name)
	}
	removeNamed(spec, "volumes", statusVolume)
	containers, _ := spec["containers"].([]any)
	for _, c := range containers {
		if c, ok := c.(map[string]any); ok {
			removeNamed(c, "volumeMounts", statusVolume)
		}
	}
	annotations, pullSecrets := ownedPods(object)
	for _, name := range pullSecrets {
		removeNamed(spec, "imagePullSecrets", name)
	}
	metadata, _ := field(object, "spec", "template", "metadata").(map[string]any)
	present, _ := metadata["annotations"].(map[string]any)
	for _, key := range annotations {
		if delete(present, key); len(present) == 0 {
			delete(metadata, "annotations")
		}
	}
}

// changedByUs reports whether this program owns fields of an object.
func changedByUs(object map[string]any) bool {
	managers, _ := field(object, "metadata", "managedFields").([]any)
	return slices.ContainsFunc(managers, func(m any) bool { return field(m, "manager") == cluster.FieldManager })
}

// removeNamed removes the items with a name from a list, and the list if it is then empty.
func removeNamed(of map[string]any, list, name string) {
	items, found := of[list].([]any)
	if !found {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(items), func(item any) bool { return field(item, "name") == name })
	if of[list] = kept; len(kept) == 0 && len(items) > 0 {
		delete(of, list)
	}
}

func hasContainer(template any, name string) bool {
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := field(template, "spec", list).([]any)
		if slices.ContainsFunc(containers, func(c any) bool { return field(c, "name") == name }) {
			return true
		}
	}
	return false
}

// exporterSteps add the exporter to the pods.
func (s *site) exporterSteps(p *Plan) error {
	e := &s.exporter
	if e.present != "" {
		p.add(Step{Action: Keep, Object: s.templateObject(), Reason: fmt.Sprintf("container %s exposes the metrics of nginx on port %d already", e.present, e.port)})
		return nil
	}
	step := Step{Action: Change, Object: s.templateObject(), Reason: fmt.Sprintf("the exporter, as a sidecar on port %d, counts the requests of each pod; the pods are replaced once", e.port)}
	if s.manager.IsGitOps() {
		step.Action, step.blocks = Manual, true
		step.Reason = fmt.Sprintf("%s would revert the sidecar: add it in its repository, with everything else of this plan", s.manager)
		step.Do = []string{s.command("plan") + " --output=DIR   # a kustomize base"}
	}
	if err := s.addTemplate(&step); err != nil {
		return err
	}
	if e.status != "" {
		if err := s.addObject(p, e.status, "the status page of nginx, on loopback of each pod"); err != nil {
			return err
		}
	}
	p.add(step)
	return nil
}

// addTemplate completes the step that changes the pod template.
func (s *site) addTemplate(step *Step) error {
	e := &s.exporter
	if equal(e.current, e.template) {
		step.Action, step.Reason = Keep, fmt.Sprintf("the sidecar is in the pods already, on port %d", e.port)
		step.Do, step.blocks = nil, false
		return nil
	}
	step.Diff = templateDiff(e.current, e.template)
	brief, omitted := briefSidecar(e.template)
	step.brief = templateDiff(e.current, brief)
	if omitted != "" && hasContainer(e.current, sidecar.Name) {
		step.brief = nil // what changes may be in the fields that are left out
	} else if step.Action == Change {
		step.brief = append(step.brief, "  # and "+omitted+" of the sidecar: --details shows all")
	}
	var err error
	if step.overlay, err = s.overlay(); err != nil || step.Action == Manual {
		return err
	}
	step.patchType = "json"
	step.patch, err = replaceTemplate(e.current, e.template)
	return err
}

func templateDiff(before, after any) []string {
	in := func(template any) any { return map[string]any{"spec": map[string]any{"template": template}} }
	return diff(in(before), in(after))
}

// briefSidecar is a pod template in which the sidecar has only its main fields, and the
// names of the others.
func briefSidecar(template any) (brief any, omitted string) {
	brief = clone(template)
	var names []string
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := field(brief, "spec", list).([]any)
		for _, c := range containers {
			c, ok := c.(map[string]any)
			if !ok || c["name"] != sidecar.Name {
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(c)) {
				if !slices.Contains([]string{"name", "image", "args", "restartPolicy"}, key) {
					names = append(names, key)
					delete(c, key)
				}
			}
		}
	}
	return brief, strings.Join(names, ", ")
}

// replaceTemplate is a JSON patch that fails if the pod template has changed in the meantime.
func replaceTemplate(current, template any) (string, error) {
	const path = "/spec/template"
	b, err := json.Marshal([]operation{{"test", path, current}, {"replace", path, template}})
	return string(b), err
}

// overlay is the change of the pod template as a patch for kustomize. Kustomize merges lists
// of its built-in kinds by name; for others it needs the operations of a JSON patch.
func (s *site) overlay() (string, error) {
	added := additions(s.exporter.original, s.exporter.template)
	if s.template.Group() != "apps" {
		return yamlText(operations("/spec/template", s.exporter.original, s.exporter.template))
	}
	return yamlText(map[string]any{
		"apiVersion": s.template.APIVersion, "kind": s.template.Kind,
		"metadata": map[string]any{"name": s.template.Name, "namespace": s.namespace},
		"spec":     map[string]any{"template": added},
	})
}

func yamlText(of any) (string, error) {
	b, err := yaml.Marshal(of)
	return string(b), err
}
