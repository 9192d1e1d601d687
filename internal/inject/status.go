package inject

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	statusVolume = "nginx-exporter-status"
	statusFile   = "nginx-exporter-status.conf"
	statusMount  = "/etc/nginx/conf.d/" + statusFile
)

// errStatus is why an object cannot have a status server.
var errStatus = errors.New("a status server cannot be added")

// status is the server that shows nginx's own figures, on the pod's loopback.
type status struct {
	listen, port, location string
}

// statusOf returns the server that serves a scrape URI.
func statusOf(uri string) (status, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return status{}, fmt.Errorf("%w: scrape URI: %w", errStatus, err)
	}
	host, err := netip.ParseAddr(u.Hostname())
	plainPath := u.Path == path.Clean(u.Path) && u.Path != "/" && !strings.ContainsAny(u.Path, " \t;{}'\"\\$#")
	if err != nil || !host.IsLoopback() || u.Scheme != "http" || !plainPath || u.RawQuery != "" || u.User != nil {
		return status{}, fmt.Errorf("%w: it serves http://127.0.0.1:PORT/PATH, not %s", errStatus, u.Redacted())
	}
	s := status{listen: host.String(), port: u.Port(), location: u.Path}
	if host.Is6() {
		s.listen = "[" + s.listen + "]"
	}
	if s.port == "" {
		s.port = "80"
	}
	return s, nil
}

// config is a file for nginx's conf.d, which the official images include.
func (s status) config() string {
	return fmt.Sprintf(`# nginx's own figures, for the exporter in the same pod.
server {
    listen %s:%s;
    access_log off;
    location = %s {
        stub_status;
        allow 127.0.0.1;
        allow ::1;
        deny all;
    }
    location / {
        return 404;
    }
}
`, s.listen, s.port, s.location)
}

// statusName names the ConfigMap of an object.
func statusName(o *object) string {
	return strings.TrimRight(o.name, "-.") + "-nginx-exporter-status"
}

func configMap(o *object, s status) mapping {
	metadata := mapping{{"name", statusName(o)}}
	if o.namespace != "" {
		metadata = append(metadata, field{"namespace", o.namespace})
	}
	return mapping{
		{"apiVersion", "v1"},
		{"kind", "ConfigMap"},
		{"metadata", metadata},
		{"data", mapping{{statusFile, literal(s.config())}}},
	}
}

// status adds the status server: its ConfigMap as a document of its own, the
// volume, and the mount in nginx's container.
func (p *plan) status(l layout, o *object, opts *Options, fresh *mapping) error {
	s, err := statusOf(opts.ScrapeURI)
	if err != nil {
		return err
	}
	nginx, err := o.pod.statusHost(opts, s)
	if err != nil {
		return err
	}
	if o.name == "" {
		return fmt.Errorf("%w: its ConfigMap needs a name, and the object has none", errStatus)
	}
	if flow(p.root) && strings.HasPrefix(strings.TrimLeft(p.s, " \t\r\n"), "{") {
		return fmt.Errorf("%w: it needs a ConfigMap, for which JSON has no place; write YAML", errStatus)
	}
	volume := mapping{{"name", statusVolume}, {"configMap", mapping{{"name", statusName(o)}}}}
	if err := p.list(l, o.pod.spec, "volumes", volume, false, fresh); err != nil {
		return err
	}
	if err := p.mount(l, nginx); err != nil {
		return err
	}
	p.follow(l, configMap(o, s))
	return nil
}

// mount adds the mount to a container.
func (p *plan) mount(l layout, container *yaml.Node) error {
	mount := mapping{{"name", statusVolume}, {"mountPath", statusMount}, {"subPath", statusFile}, {"readOnly", true}}
	var fresh mapping
	if err := p.list(l, container, "volumeMounts", mount, false, &fresh); err != nil {
		return err
	}
	// After the image, so that the container still begins with its name; the
	// first key shares its line with the dash.
	at := 0
	for i := 0; i < len(container.Content); i += 2 {
		if container.Content[i].Value == "image" {
			at = i
		}
	}
	if at+2 < len(container.Content) {
		at += 2
	}
	return p.fields(l, container, container.Content[at], fresh)
}

// follow adds a document after this one. Its marks stand within it, so that
// they stay together when somebody parts the stream.
func (p *plan) follow(l layout, m mapping) {
	s := p.region(l, len(p.s), len(p.s), 0, func(w *writer) {
		w.fields(m, 0, false)
		if p.ended() {
			w.line(0, "...")
		}
	})
	at := strings.Index(s.text, markBegin)
	s.text = s.text[:at] + "---" + l.eol + s.text[at:]
	p.added = append(p.added, addition{s, node(m)})
}

// ended reports whether the document has "..." at its end, which it needs when
// directives follow.
func (d *document) ended() bool {
	for l := range d.lines() {
		if isMark(d.line(l), "...") {
			return true
		}
	}
	return false
}

// statusHost returns the container into which the status server goes.
func (p *pod) statusHost(opts *Options, s status) (*yaml.Node, error) {
	nginxes := p.nginxes(opts.Container)
	if len(nginxes) != 1 {
		return nil, fmt.Errorf("%w: it needs one nginx container, there are %d; choose with --container or %scontainer", errStatus, len(nginxes), prefix)
	}
	nginx := nginxes[0]
	name := str(get(nginx, "name"))
	if !p.owns(nginx) {
		return nil, fmt.Errorf("%w: container %s is an alias, which others share", errStatus, name)
	}
	if user := p.portUser(s.port); user != nil {
		return nil, fmt.Errorf("%w: port %s is that of container %s; choose another with --scrape-uri or %sscrape-uri", errStatus, s.port, str(get(user, "name")), prefix)
	}
	if named(get(p.spec, "volumes"), statusVolume) != nil {
		return nil, fmt.Errorf("%w: there is a volume %s already", errStatus, statusVolume)
	}
	if at := hidden(nginx); at != "" {
		return nil, fmt.Errorf("%w: container %s has %s from a volume, in which nothing can be mounted; add the server to that volume", errStatus, name, at)
	}
	return nginx, nil
}

// owns reports whether a container stands in the pod's own lists.
func (p *pod) owns(container *yaml.Node) bool {
	for _, key := range []string{"initContainers", "containers"} {
		if e, found := own(p.spec, key); found && slices.Contains(e.value.Content, container) {
			return true
		}
	}
	return false
}

// hidden returns where a container has a volume in the way of ours: the file
// of a ConfigMap cannot be mounted within another volume, which is read-only.
func hidden(container *yaml.Node) string {
	mounts := get(container, "volumeMounts")
	if mounts == nil {
		return ""
	}
	for _, m := range mounts.Content {
		switch at := path.Clean(str(get(m, "mountPath"))); at {
		case "/etc/nginx", path.Dir(statusMount), statusMount:
			return at
		}
	}
	return ""
}

// hiddenBy warns where the status server would answer in the place of nginx
// itself: unprivileged images serve port 8080, on loopback too.
func (p *pod) hiddenBy(opts *Options) string {
	u, err := url.Parse(opts.ScrapeURI)
	if err != nil || !opts.StatusConfig || u.Port() != "8080" {
		return ""
	}
	for _, nginx := range p.nginxes(opts.Container) {
		if strings.Contains(imageName(str(get(nginx, "image"))), "unprivileged") {
			return "warning: its image serves port 8080, where loopback will have the status server alone; choose another port with --scrape-uri"
		}
	}
	return ""
}
