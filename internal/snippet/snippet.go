// Package snippet generates configuration for the programs around the exporter: nginx, systemd, Prometheus,
// prometheus-adapter and KEDA.
//
// It owns the templates and their options. It must not import collector, client or anything of Kubernetes. Tests compare
// its texts with those of the chart in charts/nginx-exporter.
package snippet

import (
	"embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

//go:embed templates
var templates embed.FS

// Snippet is a text to generate.
type Snippet struct {
	Name  string // argument of the command
	About string // description in one line

	options  []string
	settings settings // the defaults
}

// All lists the snippets.
func All() []Snippet {
	loopback := address{host: "127.0.0.1", port: 8080}
	page := settings{Listen: loopback, Path: stubStatus, Name: "web", Kind: deployment}
	socket, plus, angie, traffic, pod := page, page, page, page, page
	socket.Listen = address{socket: "/run/nginx-status.sock"}
	pod.Listen = address{host: loopback.host, port: sidecar.StatusPort}
	plus.Listen, plus.Path, plus.Plus = plusLoopback(), plusAPI, true
	angie.Path, angie.Angie = angieStatus, true
	traffic.Path, traffic.VTS = vtsStatus, true
	container, unit := page, page
	container.Port, unit.Port = exporterPort, exporterPort
	const usualInterval, usualRate = 15 * time.Second, 100
	series := settings{interval: usualInterval}
	job := settings{interval: usualInterval, Port: exporterPort, Hosts: []string{"127.0.0.1"}}
	trigger := settings{
		interval: usualInterval, Namespace: "default", Name: page.Name, Kind: deployment,
		PrometheusURL: "http://prometheus-operated.monitoring.svc:9090", rate: usualRate,
	}
	return []Snippet{
		{"nginx", "Status server for nginx: a file for conf.d", []string{listen, path, allow}, page},
		{"nginx-docker", "Status server for the official image of nginx: a file to mount", []string{listen, path, allow, port}, container},
		{"nginx-unix", "Status server for nginx on a Unix socket: a file for conf.d", []string{listen, path}, socket},
		{"nginx-plus", "API of NGINX Plus: a file for conf.d", []string{listen, path, allow}, plus},
		{"angie", "Status of Angie: a file for http.d", []string{listen, path, allow}, angie},
		{"vts", "Status of nginx-module-vts: a file for conf.d", []string{listen, path, allow}, traffic},
		{"access-log", "Access log for nginx, with its log_format: a file for conf.d", []string{spool, syslog}, settings{Spool: spoolFile}},
		{"kubernetes", "ConfigMap with the status server, and its mount", []string{listen, path, allow, isPlus, workload, namespace}, pod},
		{"systemd", "Unit for the exporter, sandboxed", []string{listen, path, port, isPlus}, unit},
		{"systemd-dropin", "Drop-in for an existing unit of the exporter", []string{listen, path, port, isPlus}, unit},
		{"prometheus", "Scrape job for Prometheus", []string{host, port, scrapeInterval}, job},
		{"adapter-rule", "Rule of prometheus-adapter for requests per second", []string{scrapeInterval, isPlus}, series},
		{"keda", "ScaledObject of KEDA for requests per second from Prometheus", []string{
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

// Text returns a snippet. Given has the values of options by name; other options have their defaults.
func Text(name string, given map[string][]string) (string, error) {
	all := All()
	i := slices.IndexFunc(all, func(s Snippet) bool { return s.Name == name })
	if i < 0 {
		return "", fmt.Errorf("unknown snippet %q; choose one of %s", name, strings.Join(Names(), ", "))
	}
	s := &all[i]
	if err := s.read(given); err != nil {
		return "", err
	}
	return s.render()
}

// read sets the options.
func (s *Snippet) read(given map[string][]string) error {
	known := Options()
	for i := range known {
		option := &known[i]
		values, found := given[option.Name]
		if !found {
			continue
		}
		if !slices.Contains(s.options, option.Name) {
			return fmt.Errorf("--%s is not an option of %s, which has --%s", option.Name, s.Name, strings.Join(s.options, ", --"))
		}
		if option.Repeats {
			option.clear(&s.settings)
		}
		for _, value := range values {
			if err := option.set(&s.settings, value); err != nil {
				return fmt.Errorf("--%s: %q %w", option.Name, value, err)
			}
		}
	}
	return s.check(given)
}

// check validates the options together.
func (s *Snippet) check(given map[string][]string) error {
	f := &s.settings
	if _, found := given[path]; !found && f.Plus && f.Path == stubStatus {
		f.Path = plusAPI
	}
	if _, found := given[listen]; !found && f.Plus && s.Name != "kubernetes" {
		f.Listen = plusLoopback()
	}
	_, spooled := given[spool]
	onSocket := f.Listen.socket != ""
	switch {
	case spooled && f.Syslog != "":
		return fmt.Errorf("--%s and --%s are mutually exclusive", spool, syslog)
	case s.Name == "nginx-unix" && !onSocket:
		return fmt.Errorf("--%s: %s is not a socket, unix:/PATH", listen, f.Listen)
	case slices.Contains([]string{"nginx", "nginx-docker", "kubernetes"}, s.Name) && onSocket:
		return fmt.Errorf("--%s: %s requires IP:PORT, not %s", listen, s.Name, f.Listen)
	case slices.Contains(s.options, allow) && !onSocket && !f.Listen.loopback() && len(f.Allow) == 0:
		return fmt.Errorf("--%s: %s is not on loopback; set the clients to allow with --%s", listen, f.Listen, allow)
	}
	return nil
}

// plusLoopback returns the address of the NGINX Plus API. It has a separate port, since nginx ignores one of two servers
// without a name on the same address. A pod has only one of them.
func plusLoopback() address { return address{host: "127.0.0.1", port: 8081} }

// StatusServer returns the server block of nginx for a stub_status page at an address.
func StatusServer(listen netip.AddrPort, path string) (string, error) {
	s := settings{Listen: address{host: listen.Addr().String(), port: int(listen.Port())}, Path: path}
	return s.server()
}

// AccessLog returns the directives of nginx for an access log in the spool file of a sidecar, without comments.
func AccessLog() (string, error) {
	text, err := Text("access-log", nil)
	lines := slices.DeleteFunc(strings.SplitAfter(text, "\n"), func(line string) bool { return strings.HasPrefix(line, "#") })
	return strings.Join(lines, ""), err
}

func (s *settings) server() (string, error) {
	t, err := template.ParseFS(templates, "templates/server.tmpl")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = t.Execute(&text, s)
	return text.String(), err
}

// render runs the template.
func (s *Snippet) render() (string, error) {
	t := template.New(s.Name + ".tmpl").Funcs(template.FuncMap{
		"yaml": scalar,
		"quote": func(text string) string {
			return "'" + strings.ReplaceAll(text, "'", "''") + "'"
		},
		"server": func(indent string) (string, error) {
			server, err := s.settings.server()
			return indented(strings.TrimSpace(server), indent), err
		},
	})
	if _, err := t.ParseFS(templates, "templates/"+s.Name+".tmpl"); err != nil {
		return "", err
	}
	var text strings.Builder
	err := t.Execute(&text, &s.settings)
	return text.String(), err
}

// indented indents all lines except empty ones.
func indented(text, by string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "\n")
}

// scalar returns a text as YAML, in quotes if it would not be a string: a namespace may be called "1e3".
func scalar(text string) (string, error) {
	b, err := yaml.Marshal(text)
	return strings.TrimSpace(string(b)), err
}
