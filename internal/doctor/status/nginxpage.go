package status

import (
	"net"
	"slices"
	"strings"
)

// page is a place in the configuration of nginx that serves its status.
type page struct {
	plus   bool
	taken  string // the listen of another server that gets what this machine asks
	path   string // empty where a regular expression stands in its place
	file   string
	rules  []string // allow and deny, in order
	names  []string // of the server
	listen listen
}

// listen is one directive listen.
type listen struct {
	socket     string
	host, port string
	ssl, proxy bool
	standard   bool // the server answers requests for unknown hosts
}

// String is the address as nginx has it.
func (l listen) String() string {
	if l.socket != "" {
		return "unix:" + l.socket
	}
	return net.JoinHostPort(l.host, l.port)
}

// local returns the host at which this machine reaches the address.
func (l listen) local() string {
	switch l.host {
	case "*", "0.0.0.0":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return l.host
}

// uri is the page as the exporter takes it.
func (p *page) uri() string {
	if p.listen.socket != "" {
		return "unix:" + p.listen.socket + ":" + p.path
	}
	scheme := "http"
	if p.listen.ssl {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(p.listen.local(), p.listen.port) + p.path
}

// host is what the Host header must say, empty where anything does.
func (p *page) host() string {
	if p.listen.standard {
		return ""
	}
	i := slices.IndexFunc(p.names, func(name string) bool {
		return name != "" && name != "_" && !strings.ContainsAny(name, "*~$") && !strings.HasPrefix(name, ".")
	})
	if i < 0 {
		return ""
	}
	return p.names[i]
}

// maxPages bounds how many pages are looked at, and how many addresses.
const maxPages = 64

// pages lists the status pages of a configuration.
func pages(list []directive) []page {
	all := servers(list)
	taken := map[string]bool{} // addresses that have a default server
	for _, explicit := range []bool{true, false} {
		for _, s := range all {
			s.claim(taken, explicit)
		}
	}
	var found []page
	for _, s := range all {
		s.shadow(all)
		if found = append(found, s.everywhere()...); len(found) > maxPages {
			return found[:maxPages]
		}
	}
	return found
}

// servers reads the servers of all http blocks.
func servers(list []directive) []*server {
	var all []*server
	for i := range list {
		if list[i].name != "http" {
			continue
		}
		rules := access(list[i].block, nil)
		for j := range list[i].block {
			if list[i].block[j].name == "server" {
				all = append(all, newServer(&list[i].block[j], rules))
			}
		}
	}
	return all
}

// server is one server block.
type server struct {
	listens []listen
	taken   map[int]string // listens that others take requests of this machine from
	names   []string
	pages   []page
}

func newServer(block *directive, rules []string) *server {
	s := &server{}
	allTLS := false
	for i := range block.block {
		one := &block.block[i]
		switch one.name {
		case "listen":
			if l, ok := parseListen(one.args); ok && len(s.listens) < maxPages {
				s.listens = append(s.listens, l)
			}
		case "server_name":
			s.names = append(s.names, one.args...)
		case "ssl":
			allTLS = len(one.args) == 1 && one.args[0] == "on"
		}
	}
	if len(s.listens) == 0 {
		s.listens = []listen{{host: "*", port: "80"}}
	}
	for i := range s.listens {
		s.listens[i].ssl = s.listens[i].ssl || allTLS
	}
	s.search(block.block, "/", access(block.block, rules), 0)
	return s
}

// everywhere returns the pages at each address of the server.
func (s *server) everywhere() []page {
	var all []page
	for _, found := range s.pages {
		for i, l := range s.listens {
			found.listen, found.taken = l, s.taken[i]
			all = append(all, found)
		}
	}
	return all
}

// claim makes the server the default one of its addresses: those that say so
// first, then whoever comes first.
func (s *server) claim(taken map[string]bool, explicit bool) {
	for i := range s.listens {
		l := &s.listens[i]
		if explicit && !l.standard || taken[l.String()] {
			continue
		}
		l.standard = true
		taken[l.String()] = true
	}
}

// shadow notes which requests of this machine other servers get: the one that
// listens at 127.0.0.1:80 itself goes before one that listens at *:80.
func (s *server) shadow(all []*server) {
	if len(s.pages) == 0 {
		return
	}
	s.taken = map[int]string{}
	for i, l := range s.listens {
		exact := listen{host: l.local(), port: l.port}
		if exact.host == l.host || l.socket != "" || s.at(exact) {
			continue
		}
		if slices.ContainsFunc(all, func(other *server) bool { return other != s && other.at(exact) }) {
			s.taken[i] = exact.String()
		}
	}
}

// at reports whether the server listens at precisely that address.
func (s *server) at(l listen) bool {
	return slices.ContainsFunc(s.listens, func(one listen) bool { return one.String() == l.String() })
}

// search looks for status pages in a block that answers at a path.
func (s *server) search(block []directive, path string, rules []string, depth int) {
	for i := range block {
		one := &block[i]
		switch one.name {
		case "stub_status", "api":
			if len(s.pages) == maxPages {
				return
			}
			s.pages = append(s.pages, page{plus: one.name == "api", path: path, file: one.file, rules: rules, names: s.names})
		case "location":
			if depth < maxNesting {
				s.search(one.block, locationPath(one.args), access(one.block, rules), depth+1)
			}
		}
	}
}

// access returns the rules of a block, or those it inherits if it has none.
func access(block []directive, inherited []string) []string {
	const most = 32
	var rules []string
	for i := range block {
		if name := block[i].name; (name == "allow" || name == "deny") && len(block[i].args) == 1 && len(rules) < most {
			rules = append(rules, name+" "+block[i].args[0])
		}
	}
	if rules == nil {
		return inherited
	}
	return rules
}

// locationPath returns what a location matches, empty for what can be many
// things.
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
			l.proxy = true
		case "default_server", "default":
			l.standard = true
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
