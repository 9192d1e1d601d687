package inject

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

// statusVolume is the volume of the added ConfigMap, whose keys are files of nginx.
const statusVolume = "nginx-exporter-status"

// errStatus and errLog mean that an object cannot have a status server or an access log.
var (
	errStatus = errors.New("cannot add a status server")
	errLog    = errors.New("cannot add an access log")
)

// additions are what a pod gets for a status server and an access log, beside the sidecar.
type additions struct {
	nginx *yaml.Node        // the container with the mounts
	files map[string]string // configuration of nginx by name, for the ConfigMap; none if it cannot be added
	dir   string            // of the files
	spool bool              // a volume for the access log
	notes []string          // for the report
}

// configMap and volume are those of the Kubernetes API.
type configMap struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   metadata          `yaml:"metadata"`
	Data       map[string]string `yaml:"data"`
}

type metadata struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace,omitempty"`
}

type volume struct {
	Name      string            `yaml:"name"`
	ConfigMap map[string]string `yaml:"configMap,omitempty"`
	EmptyDir  *struct{}         `yaml:"emptyDir,omitempty"` // on disk: in memory, an exporter that is down would fill that of the pod
}

// configFiles returns the names of the files for nginx, and what works only if it reads them.
func (o *Options) configFiles() (names []string, works string) {
	switch {
	case o.StatusConfig && o.AccessLog:
		return []string{statusFile, logFile}, "the status server and the access log work"
	case o.AccessLog:
		return []string{logFile}, "the access log works"
	}
	return []string{statusFile}, "the status server works"
}

// additions returns what the options add to a pod. Without a place for its configuration an access log is added all the
// same, and a note says what nginx lacks; a status server is not.
func (p *plan) additions(o *object, opts *Options) (*additions, error) {
	cannot := errStatus
	if !opts.StatusConfig {
		cannot = errLog
	}
	a := &additions{files: map[string]string{}, spool: opts.AccessLog}
	var err error
	if opts.StatusConfig {
		page, err := statusPageOf(opts.ScrapeURI)
		if err == nil {
			err = o.pod.checkStatusPort(page)
		}
		if err == nil {
			a.files[statusFile], err = page.config()
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", cannot, err)
		}
	}
	if a.nginx, err = o.pod.host(opts); err != nil {
		return nil, fmt.Errorf("%w: %w", cannot, err)
	}
	if opts.AccessLog {
		if a.files[logFile], err = o.pod.accessLog(a.nginx); err != nil {
			return nil, fmt.Errorf("%w: %w", errLog, err)
		}
	}
	var note string
	a.dir, note, err = p.place(o, a.nginx, opts)
	switch {
	case err == nil:
		a.notes = append(a.notes, note)
	case opts.StatusConfig:
		return nil, fmt.Errorf("%w: %w", cannot, err)
	default:
		a.files = nil
		a.notes = append(a.notes, byHand(err))
	}
	return a, nil
}

// host returns the container of nginx, which gets the mounts.
func (p *pod) host(opts *Options) (*yaml.Node, error) {
	found := p.nginx(opts.Container)
	if len(found) != 1 {
		return nil, fmt.Errorf("the pod has %d nginx containers; select one with --container or %scontainer", len(found), annotationPrefix)
	}
	if !p.owns(found[0]) {
		return nil, fmt.Errorf("container %s is an alias that other pods may use", str(get(found[0], "name")))
	}
	for _, name := range []string{statusVolume, sidecar.LogVolume} {
		if named(get(p.spec, "volumes"), name) != nil {
			return nil, fmt.Errorf("the pod has a volume %s already", name)
		}
	}
	return found[0], nil
}

// owns reports whether a container is in the lists of the pod itself.
func (p *pod) owns(container *yaml.Node) bool {
	for _, key := range []string{"initContainers", "containers"} {
		if e, found := own(p.spec, key); found && slices.Contains(e.value.Content, container) {
			return true
		}
	}
	return false
}

// place returns the directory for the configuration, and a note for the report, empty for none.
func (p *plan) place(o *object, nginx *yaml.Node, opts *Options) (dir, note string, err error) {
	dir, note, err = p.in.configDir(o, nginx, opts)
	switch {
	case err != nil:
		return "", "", err
	case o.name == "":
		return "", "", errors.New("the object has no name from which to name the ConfigMap")
	case len(o.configMapName()) > maxName:
		return "", "", fmt.Errorf("the name of its ConfigMap would have more than %d characters; use a shorter name", maxName)
	case isFlow(p.root) && strings.HasPrefix(strings.TrimLeft(p.s, blanks), "{"):
		return "", "", errors.New("its ConfigMap cannot be added to JSON; use YAML")
	}
	return dir, note, nil
}

// add plans the additions: a ConfigMap in a separate document, volumes, and mounts in nginx's container.
func (p *plan) add(l layout, o *object, a *additions, missing *yaml.Node) error {
	volumes, mounts := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if len(a.files) > 0 {
		name := o.configMapName()
		volumes.Content = append(volumes.Content, encode(volume{Name: statusVolume, ConfigMap: map[string]string{"name": name}}))
		for _, file := range slices.Sorted(maps.Keys(a.files)) {
			mounts.Content = append(mounts.Content, encode(sidecar.VolumeMount{
				Name: statusVolume, MountPath: path.Join(a.dir, file), SubPath: file, ReadOnly: true,
			}))
		}
		p.addDocument(l, encode(configMap{"v1", "ConfigMap", metadata{name, o.namespace}, a.files}))
	}
	if a.spool {
		volumes.Content = append(volumes.Content, encode(volume{Name: sidecar.LogVolume, EmptyDir: &struct{}{}}))
		mounts.Content = append(mounts.Content, encode(sidecar.LogMount()))
	}
	if err := p.items(l, o.pod.spec, "volumes", volumes, false, missing); err != nil {
		return err
	}
	return p.mount(l, a.nginx, mounts)
}

// maxName is the longest name of an object, see
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names.
const maxName = 253

// configMapName returns the name of the ConfigMap. It has the kind, since objects of several kinds can have the same name.
func (o *object) configMapName() string {
	return strings.TrimRight(o.name, "-.") + "-" + strings.ToLower(o.kind) + "-nginx-exporter-status"
}

// mount adds mounts to a container.
func (p *plan) mount(l layout, container, mounts *yaml.Node) error {
	missing := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if err := p.items(l, container, "volumeMounts", mounts, false, missing); err != nil {
		return err
	}
	// After the image, so that the container still begins with its name: the first key shares its line with the dash.
	at := 0
	for i := 0; i < len(container.Content); i += 2 {
		if container.Content[i].Value == "image" {
			at = i
		}
	}
	if at+2 < len(container.Content) {
		at += 2
	}
	return p.fields(l, container, container.Content[at], missing)
}

// addDocument adds a document after this one. The marks are within it, so that they stay together in a split stream.
func (p *plan) addDocument(l layout, m *yaml.Node) {
	s := p.region(l, len(p.s), len(p.s), 0, func(w *blockWriter) {
		w.fields(m, 0, false)
		if p.hasEnd() {
			w.line(0, "...")
		}
	})
	at := strings.Index(s.text, markBegin)
	s.text = s.text[:at] + "---" + l.eol + s.text[at:]
	p.documents = append(p.documents, addedDocument{s, m})
}

// hasEnd reports whether the document ends with "...", which it must if directives follow.
func (d *document) hasEnd() bool {
	if !strings.Contains(d.s, "...") {
		return false // for long documents without one
	}
	for l := range d.lines() {
		if isMark(d.line(l), "...") {
			return true
		}
	}
	return false
}
