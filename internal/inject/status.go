package inject

import (
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

const statusFile = "nginx-exporter-status.conf"

// statusPage is the address of nginx's status page on the loopback interface of the pod.
type statusPage struct {
	listen netip.AddrPort
	path   string
}

// statusPageOf returns the status page of a scrape URI.
func statusPageOf(uri string) (statusPage, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return statusPage{}, fmt.Errorf("scrape URI: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	listen, err := netip.ParseAddrPort(net.JoinHostPort(u.Hostname(), port))
	plainPath := u.Path == path.Clean(u.Path) && u.Path != "/" && !strings.ContainsAny(u.Path, " \t;{}'\"\\$#")
	if err != nil || !listen.Addr().IsLoopback() || u.Scheme != "http" || !plainPath || u.RawQuery != "" || u.User != nil {
		return statusPage{}, fmt.Errorf("the scrape URI must be http://127.0.0.1:PORT/PATH, not %s", u.Redacted())
	}
	return statusPage{listen, u.Path}, nil
}

// config returns a file for a directory that nginx includes in http {}.
func (s statusPage) config() (string, error) {
	server, err := snippet.StatusServer(s.listen, s.path)
	return "# Status page of nginx, for the exporter in the same pod.\n" + server, err
}

// checkStatusPort returns an error if another container uses the port of the status server.
func (p *pod) checkStatusPort(page statusPage) error {
	port := strconv.Itoa(int(page.listen.Port()))
	if user := p.portUser(port); user != nil {
		return fmt.Errorf("port %s is in use by container %s; choose another with --scrape-uri or %sscrape-uri", port, str(get(user, "name")), annotationPrefix)
	}
	return nil
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
