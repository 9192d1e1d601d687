// Package snippet makes the texts that others need so that the exporter can do
// its work: nginx, systemd, Prometheus, prometheus-adapter, KEDA.
//
// It owns the templates and the options that they take. It must not import
// collector, client or anything of Kubernetes: it only writes text. What the
// chart in charts/nginx-exporter makes too says the same here; tests hold that.
package snippet

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed templates
var templates embed.FS

// Snippet is a text that can be made.
type Snippet struct {
	// Name is what the user asks for.
	Name string
	// About says in one line what it is.
	About string

	options []string
	facts   facts // the defaults
}

// All lists the snippets.
func All() []Snippet {
	loopback := address{host: "127.0.0.1", port: 8080}
	page := facts{Listen: loopback, Path: stubStatus, Name: "web", Kind: deployment}
	socket, plus := page, page
	socket.Listen = address{socket: "/run/nginx-status.sock"}
	plus.Path, plus.Plus = plusAPI, true
	container, unit := page, page
	container.Port, unit.Port = exporterPort, exporterPort
	const usualInterval, usualLimit = 15 * time.Second, 100
	series := facts{interval: usualInterval}
	job := facts{interval: usualInterval, Port: exporterPort, Hosts: []string{"127.0.0.1"}}
	trigger := facts{
		interval: usualInterval, Namespace: "default", Name: page.Name, Kind: deployment,
		PrometheusURL: "http://prometheus-operated.monitoring.svc:9090", limit: usualLimit,
	}
	return []Snippet{
		{"nginx", "status server for nginx: a file for conf.d", []string{listen, path, allow}, page},
		{"nginx-docker", "status server for the official image: a file to mount", []string{listen, path, allow, port}, container},
		{"nginx-unix", "status server on a Unix socket: a file for conf.d", []string{listen, path}, socket},
		{"nginx-plus", "API of NGINX Plus: a file for conf.d", []string{listen, path, allow}, plus},
		{"kubernetes", "ConfigMap with the status server, and its mount", []string{listen, path, allow, isPlus, workload, namespace}, page},
		{"systemd", "unit for the exporter, with few rights", []string{listen, path, port, isPlus}, unit},
		{"systemd-dropin", "drop-in for a unit of the exporter that is there", []string{listen, path, port, isPlus}, unit},
		{"prometheus", "scrape job for Prometheus", []string{host, port, scrapeInterval}, job},
		{"adapter-rule", "configuration of prometheus-adapter: requests per second", []string{scrapeInterval, isPlus}, series},
		{"keda", "ScaledObject of KEDA: requests per second, from Prometheus", []string{
			scrapeInterval, isPlus, workload, namespace, prometheusURL, requestsPerSecond,
		}, trigger},
	}
}

// Names lists the names of the snippets.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// Text makes a snippet. Given has the values of options by their names; what
// is not there has its default.
func Text(name string, given map[string][]string) (string, error) {
	all := All()
	i := slices.IndexFunc(all, func(s Snippet) bool { return s.Name == name })
	if i < 0 {
		return "", fmt.Errorf("there is no snippet %q; there are %s", name, strings.Join(Names(), ", "))
	}
	s := &all[i]
	if err := s.read(given); err != nil {
		return "", err
	}
	return s.render()
}

// read takes the options.
func (s *Snippet) read(given map[string][]string) error {
	known := Options()
	for i := range known {
		option := &known[i]
		values, found := given[option.Name]
		if !found {
			continue
		}
		if !slices.Contains(s.options, option.Name) {
			return fmt.Errorf("--%s means nothing to %s, which takes --%s", option.Name, s.Name, strings.Join(s.options, ", --"))
		}
		if option.Repeats {
			option.clear(&s.facts)
		}
		for _, value := range values {
			if err := option.set(&s.facts, value); err != nil {
				return fmt.Errorf("--%s: %q %w", option.Name, value, err)
			}
		}
	}
	return s.check(given)
}

// check looks at what one option alone cannot tell.
func (s *Snippet) check(given map[string][]string) error {
	f := &s.facts
	if _, found := given[path]; !found && f.Plus && f.Path == stubStatus {
		f.Path = plusAPI
	}
	onSocket := f.Listen.socket != ""
	switch {
	case s.Name == "nginx-unix" && !onSocket:
		return fmt.Errorf("--%s: %s is no socket, unix:/PATH", listen, f.Listen)
	case slices.Contains([]string{"nginx", "nginx-docker", "kubernetes"}, s.Name) && onSocket:
		return fmt.Errorf("--%s: %s takes IP:PORT, not %s", listen, s.Name, f.Listen)
	case slices.Contains(s.options, allow) && !onSocket && !f.Listen.loopback() && len(f.Allow) == 0:
		return fmt.Errorf("--%s: %s is not on loopback, so say with --%s who may ask", listen, f.Listen, allow)
	}
	return nil
}

// render runs the template.
func (s *Snippet) render() (string, error) {
	root := template.New("").Option("missingkey=error")
	root.Funcs(template.FuncMap{
		"yaml": scalar,
		"quote": func(text string) string {
			return "'" + strings.ReplaceAll(text, "'", "''") + "'"
		},
		"server": func(indent string) (string, error) {
			var server strings.Builder
			err := root.ExecuteTemplate(&server, "server.tmpl", &s.facts)
			return indented(strings.TrimSpace(server.String()), indent), err
		},
	})
	if _, err := root.ParseFS(templates, "templates/*.tmpl"); err != nil {
		return "", err
	}
	var text strings.Builder
	if err := root.ExecuteTemplate(&text, s.Name+".tmpl", &s.facts); err != nil {
		return "", err
	}
	return text.String(), nil
}

// indented moves all lines but empty ones to the right.
func indented(text, by string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "\n")
}

// scalar writes a text as YAML, in quotes where it would be taken for
// something else: a namespace may be called "1e3".
func scalar(text string) (string, error) {
	b, err := yaml.Marshal(text)
	return strings.TrimSpace(string(b)), err
}
