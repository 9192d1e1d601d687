package inject

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"nginx-exporter/internal/nginxconf"
	"nginx-exporter/internal/sidecar"
)

// conf is what a configuration file of nginx says about other files, status pages and access logs.
type conf struct {
	includes  []string // patterns that are included in http {}
	elsewhere bool     // files are included outside of blocks, which may have http {}
	hasHTTP   bool
	pages     []string // URIs of the stub_status pages, as seen from the same pod
	ownLogs   []string // servers with an access_log of their own, but none for the exporter
	logOff    bool     // access_log off in http {}
}

// scope is where in a configuration a directive is.
type scope struct {
	block  string           // name of the inner block, empty outside of blocks
	path   string           // of the location
	listen nginxconf.Listen // of the server
	logs   *serverLogs      // nil outside of servers
}

// serverLogs are the access logs of a server and its locations.
type serverLogs struct {
	any   bool
	spool bool // one is for the exporter
}

// readConf reads a configuration file, which may be part of any block. Text that is not a configuration has nothing in it.
func readConf(text string) conf {
	var c conf
	c.read(nginxconf.Parse(text), scope{path: "/", listen: nginxconf.Listens(nil)[0]})
	return c
}

func (c *conf) read(list []nginxconf.Directive, in scope) {
	for _, d := range list {
		inner := in
		inner.block = d.Name
		switch {
		case d.Name == "stream": // it has neither pages nor requests
		case d.Name == "http":
			c.hasHTTP = true
			c.read(d.Block, inner)
		case d.Name == "server" && len(d.Args) == 0: // not one of an upstream
			inner.listen, inner.logs = nginxconf.Listens(d.Block)[0], &serverLogs{}
			if c.read(d.Block, inner); inner.logs.any && !inner.logs.spool {
				c.ownLogs = append(c.ownLogs, serverTitle(d.Block))
			}
		case d.Name == "location":
			inner.path = cmp.Or(nginxconf.LocationPath(d.Args), "/")
			c.read(d.Block, inner)
		case d.Block != nil:
			c.read(d.Block, inner)
		default:
			c.directive(&d, in)
		}
	}
}

// directive records a directive without a block.
func (c *conf) directive(d *nginxconf.Directive, in scope) {
	switch {
	case d.Name == "include" && in.block == "":
		c.elsewhere = true
	case d.Name == "include" && in.block == "http" && len(d.Args) == 1:
		c.includes = append(c.includes, d.Args[0])
	case d.Name == "stub_status":
		c.pages = append(c.pages, in.listen.URI(in.path))
	case d.Name == "access_log" && len(d.Args) > 0:
		off := d.Args[0] == "off"
		c.logOff = c.logOff || off && in.block == "http"
		if in.logs != nil && !off {
			in.logs.any, in.logs.spool = true, in.logs.spool || d.Args[0] == sidecar.SpoolFile
		}
	}
}

// serverTitle names a server in reports.
func serverTitle(server []nginxconf.Directive) string {
	for name := range nginxconf.Named(server, "server_name") {
		if len(name.Args) > 0 && name.Args[0] != "" && name.Args[0] != "_" {
			return "server " + name.Args[0]
		}
	}
	for listen := range nginxconf.Named(server, "listen") {
		if len(listen.Args) > 0 {
			return "the server on " + listen.Args[0]
		}
	}
	return "a server without a name"
}

// dirs returns the directories whose files of all names are included in http {}, for a configuration in a directory: relative
// patterns start there.
func (c *conf) dirs(in string, names []string) []string {
	var all []string
	for _, pattern := range c.includes {
		dir, file := path.Split(absolute(pattern, in))
		isOther := func(name string) bool {
			matched, err := path.Match(file, name)
			return err != nil || !matched
		}
		if !slices.ContainsFunc(names, isOther) && !strings.ContainsAny(dir, "*?[") {
			all = append(all, path.Clean(dir))
		}
	}
	return all
}
