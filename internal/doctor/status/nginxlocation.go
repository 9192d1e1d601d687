package status

import (
	"slices"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/client/vts"
	"nginx-exporter/internal/nginxconf"
)

// location is a location of nginx with stub_status or api, at one of the addresses
// of its server.
type location struct {
	plus       bool
	vts        bool   // nginx-module-vts
	shadowedBy string // listen address of the server that gets requests of this machine instead
	path       string // empty for a regular expression that matches several paths
	file       string
	rules      []string // allow and deny, in order
	limits     []string // limit_req and limit_conn
	names      []string // of the server
	listen     nginxconf.Listen
}

// uri is the address in the form of --nginx.scrape-uri.
func (l *location) uri() string { return l.listen.URI(l.path) }

// host is the Host header that selects the server, empty if any does or none is
// known.
func (l *location) host() string {
	if l.listen.Default {
		return ""
	}
	i := slices.IndexFunc(l.names, func(name string) bool {
		return name != "" && name != "_" && !strings.ContainsAny(name, "*~$") && !strings.HasPrefix(name, ".")
	})
	if i < 0 {
		return ""
	}
	return l.names[i]
}

// Limits of the locations of a configuration, and of their nesting.
const (
	maxLocations = 64
	maxNesting   = 32
)

// statusLocations lists the status pages of a configuration.
func statusLocations(all []*server) []location {
	hasDefault := map[string]bool{} // by address
	for _, explicit := range []bool{true, false} {
		for _, s := range all {
			s.setDefault(hasDefault, explicit)
		}
	}
	var found []location
	for _, s := range all {
		s.setShadowed(all)
		if found = append(found, s.byAddress()...); len(found) > maxLocations {
			return found[:maxLocations]
		}
	}
	return found
}

// servers returns the servers of all http blocks.
func servers(list []nginxconf.Directive) []*server {
	var all []*server
	for http := range nginxconf.Named(list, "http") {
		inherited := scope{}.within(http.Block)
		for block := range nginxconf.Named(http.Block, "server") {
			all = append(all, newServer(block, inherited))
		}
	}
	return all
}

// server is a server block.
type server struct {
	file       string
	listens    []nginxconf.Listen
	shadowedBy map[int]string // by index of the listen
	names      []string
	locations  []location
}

func newServer(block *nginxconf.Directive, outer scope) *server {
	s := &server{file: block.File, listens: nginxconf.Listens(block.Block)}
	for names := range nginxconf.Named(block.Block, "server_name") {
		s.names = append(s.names, names.Args...)
	}
	s.addLocations(block.Block, "/", outer.within(block.Block), 0)
	return s
}

// byAddress returns each location once for each address of the server.
func (s *server) byAddress() []location {
	var all []location
	for _, found := range s.locations {
		for i, l := range s.listens {
			found.listen, found.shadowedBy = l, s.shadowedBy[i]
			all = append(all, found)
		}
	}
	return all
}

// setDefault makes the server the default server of its addresses: first those
// marked default_server, then the first of each address.
func (s *server) setDefault(hasDefault map[string]bool, explicit bool) {
	for i := range s.listens {
		l := &s.listens[i]
		if explicit && !l.Default || hasDefault[l.String()] {
			continue
		}
		l.Default = true
		hasDefault[l.String()] = true
	}
}

// setShadowed records addresses for which another server is more specific: for
// requests to 127.0.0.1:80, listen 127.0.0.1:80 takes precedence over *:80.
func (s *server) setShadowed(all []*server) {
	if len(s.locations) == 0 {
		return
	}
	s.shadowedBy = map[int]string{}
	for i, l := range s.listens {
		exact := nginxconf.Listen{Host: l.LocalHost(), Port: l.Port}
		if exact.Host == l.Host || l.Socket != "" || s.listensOn(exact) {
			continue
		}
		if slices.ContainsFunc(all, func(other *server) bool { return other != s && other.listensOn(exact) }) {
			s.shadowedBy[i] = exact.String()
		}
	}
}

// listensOn reports whether the server has a listen with exactly that address.
func (s *server) listensOn(l nginxconf.Listen) bool {
	return slices.ContainsFunc(s.listens, func(own nginxconf.Listen) bool { return own.String() == l.String() })
}

// vtsDirective enables nginx-module-vts in a location.
const vtsDirective = "vhost_traffic_status_display"

// statusPath returns the path of the status page that a directive enables in the
// location of a path, which is empty if the location matches several.
func statusPath(directive, path string) string {
	if directive == vtsDirective && path != "" {
		return strings.TrimSuffix(path, "/") + vts.FormatJSON
	}
	return path
}

// addLocations adds the status pages of a block that serves a path.
func (s *server) addLocations(block []nginxconf.Directive, path string, inherited scope, depth int) {
	for _, item := range block {
		switch item.Name {
		case "stub_status", "api", vtsDirective:
			if len(s.locations) == maxLocations {
				return
			}
			s.locations = append(s.locations, location{
				plus: item.Name == "api", vts: item.Name == vtsDirective, path: statusPath(item.Name, path), file: item.File, names: s.names,
				rules: inherited.rules, limits: slices.Concat(inherited.requests, inherited.connections),
			})
		case "location":
			if depth < maxNesting {
				s.addLocations(item.Block, nginxconf.LocationPath(item.Args), inherited.within(item.Block), depth+1)
			}
		}
	}
}

// scope has the directives of a block that blocks in it inherit.
type scope struct {
	rules       []string // allow and deny
	requests    []string // limit_req
	connections []string // limit_conn
}

// within returns the scope of a block inside of s.
func (s scope) within(block []nginxconf.Directive) scope {
	return scope{
		inherit(block, s.rules, "allow", "deny"), inherit(block, s.requests, "limit_req"), inherit(block, s.connections, "limit_conn"),
	}
}

// inherit returns the directives of these names in a block, or the inherited ones
// if it has none.
func inherit(block []nginxconf.Directive, inherited []string, names ...string) []string {
	const most = 32
	var own []string
	for _, item := range block {
		if slices.Contains(names, item.Name) && len(item.Args) > 0 && len(own) < most {
			own = append(own, truncate(item.Name+" "+strings.Join(item.Args, " ")))
		}
	}
	if own == nil {
		return inherited
	}
	return own
}

// serves reports whether the location is at the address of the target.
func (l *location) serves(t client.Target) bool {
	return (l.path == t.Path() || l.path+"/" == t.Path()) && accepts(l.listen, t)
}

// accepts reports whether requests to the target reach an address.
func accepts(l nginxconf.Listen, t client.Target) bool {
	if l.Socket != "" || t.Socket() != "" {
		return l.Socket == t.Socket()
	}
	host := t.Host()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return l.Port == t.Port() && (l.LocalHost() == host || l.Host == "localhost")
}
