package inject

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/snippet"
)

const (
	statusVolume = "nginx-exporter-status"
	statusFile   = "nginx-exporter-status.conf"
)

// errStatus means that an object cannot have a status server.
var errStatus = errors.New("cannot add a status server")

// statusPage is the address of nginx's status page on the loopback interface of the pod.
type statusPage struct {
	listen netip.AddrPort
	path   string
}

// statusPageOf returns the status page of a scrape URI.
func statusPageOf(uri string) (statusPage, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return statusPage{}, fmt.Errorf("%w: scrape URI: %w", errStatus, err)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	listen, err := netip.ParseAddrPort(net.JoinHostPort(u.Hostname(), port))
	plainPath := u.Path == path.Clean(u.Path) && u.Path != "/" && !strings.ContainsAny(u.Path, " \t;{}'\"\\$#")
	if err != nil || !listen.Addr().IsLoopback() || u.Scheme != "http" || !plainPath || u.RawQuery != "" || u.User != nil {
		return statusPage{}, fmt.Errorf("%w: the scrape URI must be http://127.0.0.1:PORT/PATH, not %s", errStatus, u.Redacted())
	}
	return statusPage{listen, u.Path}, nil
}

// config returns a file for a directory that nginx includes in http {}.
func (s statusPage) config() (string, error) {
	server, err := snippet.StatusServer(s.listen, s.path)
	return "# Status page of nginx, for the exporter in the same pod.\n" + server, err
}

// configMap, volume and volumeMount are those of the Kubernetes API.
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
	ConfigMap map[string]string `yaml:"configMap"`
}

type volumeMount struct {
	Name      string `yaml:"name"`
	MountPath string `yaml:"mountPath"`
	SubPath   string `yaml:"subPath"`
	ReadOnly  bool   `yaml:"readOnly"`
}

// statusServer adds the status server: a ConfigMap in a separate document, a volume, and a mount in nginx's container. It
// returns its directory, and a note for the report, empty for none.
func (p *plan) statusServer(l layout, o *object, opts *Options, missing *yaml.Node) (dir, note string, err error) {
	page, err := statusPageOf(opts.ScrapeURI)
	if err != nil {
		return "", "", err
	}
	nginx, err := o.pod.statusHost(opts, page)
	if err != nil {
		return "", "", err
	}
	dir, note, err = p.in.statusDir(o, nginx)
	if err != nil {
		return "", "", err
	}
	config, err := page.config()
	if err != nil {
		return "", "", err
	}
	if o.name == "" {
		return "", "", fmt.Errorf("%w: the object has no name from which to name the ConfigMap", errStatus)
	}
	if isFlow(p.root) && strings.HasPrefix(strings.TrimLeft(p.s, blanks), "{") {
		return "", "", fmt.Errorf("%w: its ConfigMap cannot be added to JSON; use YAML", errStatus)
	}
	name := o.configMapName()
	if err := p.item(l, o.pod.spec, "volumes", encode(volume{statusVolume, map[string]string{"name": name}}), false, missing); err != nil {
		return "", "", err
	}
	if err := p.mount(l, nginx, dir); err != nil {
		return "", "", err
	}
	p.addDocument(l, encode(configMap{"v1", "ConfigMap", metadata{name, o.namespace}, map[string]string{statusFile: config}}))
	return dir, note, nil
}

// configMapName returns the name of the ConfigMap. It has the kind, since objects of several kinds can have the same name.
func (o *object) configMapName() string {
	return strings.TrimRight(o.name, "-.") + "-" + strings.ToLower(o.kind) + "-nginx-exporter-status"
}

// mount adds the mount to a container.
func (p *plan) mount(l layout, container *yaml.Node, dir string) error {
	missing := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	mount := encode(volumeMount{statusVolume, path.Join(dir, statusFile), statusFile, true})
	if err := p.item(l, container, "volumeMounts", mount, false, missing); err != nil {
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

// statusHost returns the container that gets the status server.
func (p *pod) statusHost(opts *Options, page statusPage) (*yaml.Node, error) {
	found := p.nginx(opts.Container)
	if len(found) != 1 {
		return nil, fmt.Errorf("%w: the pod has %d nginx containers; select one with --container or %scontainer", errStatus, len(found), annotationPrefix)
	}
	nginx := found[0]
	name := str(get(nginx, "name"))
	if !p.owns(nginx) {
		return nil, fmt.Errorf("%w: container %s is an alias that other pods may use", errStatus, name)
	}
	port := strconv.Itoa(int(page.listen.Port()))
	if user := p.portUser(port); user != nil {
		return nil, fmt.Errorf("%w: port %s is in use by container %s; choose another with --scrape-uri or %sscrape-uri", errStatus, port, str(get(user, "name")), annotationPrefix)
	}
	if named(get(p.spec, "volumes"), statusVolume) != nil {
		return nil, fmt.Errorf("%w: the pod has a volume %s already", errStatus, statusVolume)
	}
	return nginx, nil
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

// statusPortUser returns the container that uses the port of the scrape URI on loopback although nginx runs in another one,
// nil for none: the sidecar would scrape an application.
func (p *pod) statusPortUser(opts *Options) (container *yaml.Node, port string) {
	page, err := statusPageOf(opts.ScrapeURI)
	nginx := p.nginx(opts.Container)
	if err != nil || len(nginx) == 0 {
		return nil, ""
	}
	port = strconv.Itoa(int(page.listen.Port()))
	if user := p.portUser(port); user != nil && !slices.Contains(nginx, user) {
		return user, port
	}
	return nil, ""
}
