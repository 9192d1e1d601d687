package nginxconf

import (
	"net"
	"strings"
)

// Listen is an address on which a server listens.
type Listen struct {
	Socket        string
	Host, Port    string
	TLS           bool
	ProxyProtocol bool
	HTTP2         bool
	Default       bool // the server is the default server of the address
}

// maxListens limits the addresses of a server.
const maxListens = 64

// Listens returns the addresses of a server with these directives.
func Listens(server []Directive) []Listen {
	var all []Listen
	for listen := range Named(server, "listen") {
		if l, ok := parseListen(listen.Args); ok && len(all) < maxListens {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		all = []Listen{{Host: "*", Port: "80"}}
	}
	for ssl := range Named(server, "ssl") {
		for i := range all {
			all[i].TLS = all[i].TLS || len(ssl.Args) == 1 && ssl.Args[0] == "on"
		}
	}
	return all
}

func parseListen(args []string) (Listen, bool) {
	var l Listen
	if len(args) == 0 {
		return l, false
	}
	for _, arg := range args[1:] {
		switch arg {
		case "ssl":
			l.TLS = true
		case "proxy_protocol":
			l.ProxyProtocol = true
		case "http2":
			l.HTTP2 = true
		case "default_server", "default":
			l.Default = true
		}
	}
	address := args[0]
	if socket, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		l.Socket = socket
		return l, socket != ""
	}
	l.Host, l.Port = address, "80"
	switch host, port, err := net.SplitHostPort(address); {
	case err == nil:
		l.Host, l.Port = host, port
	case strings.Trim(address, "0123456789") == "":
		l.Host, l.Port = "*", address
	default:
		l.Host = strings.Trim(address, "[]")
	}
	if l.Host == "" || l.Host == "0.0.0.0" {
		l.Host = "*"
	}
	return l, true
}

// String is the address as nginx writes it.
func (l Listen) String() string {
	if l.Socket != "" {
		return "unix:" + l.Socket
	}
	return net.JoinHostPort(l.Host, l.Port)
}

// LocalHost returns the host by which this machine reaches the address. IPv6 addresses do not accept IPv4.
func (l Listen) LocalHost() string {
	switch l.Host {
	case "*", "0.0.0.0":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return l.Host
}

// URI is the URI of a path for clients on this machine, in the form of --nginx.scrape-uri.
func (l Listen) URI(path string) string {
	if l.Socket != "" {
		return "unix:" + l.Socket + ":" + path
	}
	scheme := "http"
	if l.TLS {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(l.LocalHost(), l.Port) + path
}

// LocationPath returns the path that a location matches, empty if it matches several.
func LocationPath(args []string) string {
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
