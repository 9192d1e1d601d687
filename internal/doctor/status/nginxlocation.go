package status

import (
	"net"
	"slices"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/client/vts"
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
	listen     listen
}

// listen is a listen directive.
type listen struct {
	socket        string
	host, port    string
	ssl           bool
	proxyProtocol bool
	http2         bool
	isDefault     bool // the server is the default server of the address
}

// String is the address as nginx writes it.
func (l listen) String() string {
	if l.socket != "" {
		return "unix:" + l.socket
	}
	return net.JoinHostPort(l.host, l.port)
}

// localHost returns the host by which this machine reaches the address.
func (l listen) localHost() string {
	switch l.host {
	case "*", "0.0.0.0":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return l.host
}

// uri is the address in the form of --nginx.scrape-uri.
func (l *location) uri() string {
	if l.listen.socket != "" {
		return "unix:" + l.listen.socket + ":" + l.path
	}
	scheme := "http"
	if l.listen.ssl {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(l.listen.localHost(), l.listen.port) + l.path
}

// host is the Host header that selects the server, empty if any does or none is
// known.
func (l *location) host() string {
	if l.listen.isDefault {
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

// maxLocations limits the locations of a configuration, and the addresses of a
// server.
const maxLocations = 64

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
func servers(list []directive) []*server {
	var all []*server
	for i := range list {
		if list[i].name != "http" {
			continue
		}
		inherited := scope{}.within(list[i].block)
		for j := range list[i].block {
			if list[i].block[j].name == "server" {
				all = append(all, newServer(&list[i].block[j], inherited))
			}
		}
	}
	return all
}

// server is a server block.
type server struct {
	file       string
	listens    []listen
	shadowedBy map[int]string // by index of the listen
	names      []string
	locations  []location
}

func newServer(block *directive, outer scope) *server {
	s := &server{file: block.file}
	allTLS := false
	for i := range block.block {
		item := &block.block[i]
		switch item.name {
		case "listen":
			if l, ok := parseListen(item.args); ok && len(s.listens) < maxLocations {
				s.listens = append(s.listens, l)
			}
		case "server_name":
			s.names = append(s.names, item.args...)
		case "ssl":
			allTLS = len(item.args) == 1 && item.args[0] == "on"
		}
	}
	if len(s.listens) == 0 {
		s.listens = []listen{{host: "*", port: "80"}}
	}
	for i := range s.listens {
		s.listens[i].ssl = s.listens[i].ssl || allTLS
	}
	s.addLocations(block.block, "/", outer.within(block.block), 0)
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
		if explicit && !l.isDefault || hasDefault[l.String()] {
			continue
		}
		l.isDefault = true
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
		exact := listen{host: l.localHost(), port: l.port}
		if exact.host == l.host || l.socket != "" || s.listensOn(exact) {
			continue
		}
		if slices.ContainsFunc(all, func(other *server) bool { return other != s && other.listensOn(exact) }) {
			s.shadowedBy[i] = exact.String()
		}
	}
}

// listensOn reports whether the server has a listen with exactly that address.
func (s *server) listensOn(l listen) bool {
	return slices.ContainsFunc(s.listens, func(own listen) bool { return own.String() == l.String() })
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
func (s *server) addLocations(block []directive, path string, inherited scope, depth int) {
	for i := range block {
		item := &block[i]
		switch item.name {
		case "stub_status", "api", vtsDirective:
			if len(s.locations) == maxLocations {
				return
			}
			s.locations = append(s.locations, location{
				plus: item.name == "api", vts: item.name == vtsDirective, path: statusPath(item.name, path), file: item.file, names: s.names,
				rules: inherited.rules, limits: slices.Concat(inherited.requests, inherited.connections),
			})
		case "location":
			if depth < maxNesting {
				s.addLocations(item.block, locationPath(item.args), inherited.within(item.block), depth+1)
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
func (s scope) within(block []directive) scope {
	return scope{
		inherit(block, s.rules, "allow", "deny"), inherit(block, s.requests, "limit_req"), inherit(block, s.connections, "limit_conn"),
	}
}

// inherit returns the directives of these names in a block, or the inherited ones
// if it has none.
func inherit(block []directive, inherited []string, names ...string) []string {
	const most = 32
	var own []string
	for i := range block {
		if item := &block[i]; slices.Contains(names, item.name) && len(item.args) > 0 && len(own) < most {
			own = append(own, truncate(item.name+" "+strings.Join(item.args, " ")))
		}
	}
	if own == nil {
		return inherited
	}
	return own
}

// locationPath returns the path that a location matches, empty if it matches
// several.
func locationPath(args []string) string {
	switch {
	case len(args) == 1 && strings.HasPrefix(args[0], "/"):
		return args[0]
	case len(args) == 1 && strings.HasPrefix(args[0], "=/"):
		return args[0][1:]
	case len(args) == 2 && (args[0] == "=" || args[0] == "^~") && strings.HasPrefix(args[1], "/"):
		return args[1]
	case len(args) == 2 && strings.HasPrefix(args[0], "~"):
		path := strings.TrimSuffix(strings.TrimPrefix(args[1], "^"), "$")
		if path = strings.TrimSuffix(path, "/?"); strings.HasPrefix(path, "/") && !strings.ContainsAny(path, `*+?()[]{}|.\^$`) {
			return path
		}
	}
	return ""
}

func parseListen(args []string) (listen, bool) {
	var l listen
	if len(args) == 0 {
		return l, false
	}
	for _, arg := range args[1:] {
		switch arg {
		case "ssl":
			l.ssl = true
		case "proxy_protocol":
			l.proxyProtocol = true
		case "http2":
			l.http2 = true
		case "default_server", "default":
			l.isDefault = true
		}
	}
	address := args[0]
	if socket, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		l.socket = socket
		return l, socket != ""
	}
	l.host, l.port = address, "80"
	switch host, port, err := net.SplitHostPort(address); {
	case err == nil:
		l.host, l.port = host, port
	case strings.Trim(address, "0123456789") == "":
		l.host, l.port = "*", address
	default:
		l.host = strings.Trim(address, "[]")
	}
	if l.host == "" || l.host == "0.0.0.0" {
		l.host = "*"
	}
	return l, true
}

// serves reports whether the location is at the address of the target.
func (l *location) serves(t client.Target) bool {
	return (l.path == t.Path() || l.path+"/" == t.Path()) && l.listen.accepts(t)
}

// accepts reports whether requests to the target reach the address.
func (l listen) accepts(t client.Target) bool {
	if l.socket != "" || t.Socket() != "" {
		return l.socket == t.Socket()
	}
	host := t.Host()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return l.port == t.Port() && (l.localHost() == host || l.host == "localhost")
}
