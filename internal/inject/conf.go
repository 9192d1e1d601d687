package inject

import (
	"iter"
	"net"
	"path"
	"slices"
	"strings"

	"nginx-exporter/internal/sidecar"
)

// conf is what a configuration file of nginx says about other files and about status pages, see
// https://nginx.org/en/docs/beginners_guide.html#conf_structure.
type conf struct {
	includes  []string // patterns that are included in http {}
	elsewhere bool     // files are included outside of blocks, which may have http {}
	hasHTTP   bool
	pages     []string // URIs of the stub_status pages, as seen from the same pod
	ownLogs   []string // servers with an access_log of their own, but none for the exporter
	logOff    bool     // access_log off in http {}
}

// confServer is an open server block.
type confServer struct {
	listen   []string
	name     string // the first of server_name
	hasLog   bool   // or a location in it
	hasSpool bool   // logs for the exporter, too
}

// title names the server in reports.
func (s *confServer) title() string {
	switch {
	case s.name != "" && s.name != "_":
		return "server " + s.name
	case len(s.listen) > 0:
		return "the server on " + s.listen[0]
	}
	return "a server without a name"
}

// readConf reads a configuration file. It is lenient: text that is not a configuration has nothing in it.
func readConf(text string) conf {
	var c conf
	var blocks []string // the names and arguments of the open blocks
	var server confServer
	var words []string // of the current directive
	for token := range tokens(text) {
		switch token {
		case "{":
			block := strings.Join(words, " ")
			c.hasHTTP = c.hasHTTP || block == "http"
			if block == "server" {
				server = confServer{}
			}
			blocks, words = append(blocks, block), nil
		case "}":
			if len(blocks) > 0 {
				c.end(blocks, &server)
				blocks = blocks[:len(blocks)-1]
			}
			words = nil
		case ";":
			c.directive(words, blocks, &server)
			words = nil
		default:
			words = append(words, token)
		}
	}
	return c
}

// end records what is known at the end of the inner block.
func (c *conf) end(blocks []string, server *confServer) {
	if blocks[len(blocks)-1] == "server" && server.hasLog && !server.hasSpool && !slices.Contains(blocks, "stream") {
		c.ownLogs = append(c.ownLogs, server.title())
	}
}

// directive records a simple directive within blocks, and in the server around it.
func (c *conf) directive(words, blocks []string, server *confServer) {
	if len(words) == 0 {
		return
	}
	inner := ""
	if len(blocks) > 0 {
		inner = blocks[len(blocks)-1]
	}
	switch {
	case words[0] == "include" && len(words) == 2 && inner == "http":
		c.includes = append(c.includes, words[1])
	case words[0] == "include" && inner == "":
		c.elsewhere = true
	case words[0] == "listen" && len(words) > 1 && inner == "server":
		server.listen = append(server.listen, words[1])
	case words[0] == "server_name" && len(words) > 1 && inner == "server":
		server.name = words[1]
	case words[0] == "access_log" && len(words) > 1:
		c.accessLog(words[1], blocks, server)
	case words[0] == "stub_status":
		c.pages = append(c.pages, pageURI(server.listen, inner))
	}
}

// accessLog records the directive access_log.
func (c *conf) accessLog(file string, blocks []string, server *confServer) {
	switch {
	case len(blocks) == 1 && blocks[0] == "http":
		c.logOff = c.logOff || file == "off"
	case slices.Contains(blocks, "server") && file != "off":
		server.hasLog = true
		server.hasSpool = server.hasSpool || file == sidecar.SpoolFile
	}
}

// pageURI returns the URI of a status page by the addresses of its server and its location.
func pageURI(listen []string, location string) string {
	address := "80"
	if len(listen) > 0 {
		address = listen[0]
	}
	if socket, found := strings.CutPrefix(address, "unix:"); found {
		return "unix:" + socket + ":" + locationPath(location)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = "", address
		if strings.ContainsAny(address, ".*abcdefghijklmnopqrstuvwxyz") {
			host, port = address, "80"
		}
	}
	if slices.Contains([]string{"", "*", "0.0.0.0", "::", "[::]"}, host) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(strings.Trim(host, "[]"), port) + locationPath(location)
}

// locationPath returns the path of a location block without a modifier.
func locationPath(location string) string {
	words := strings.Fields(location)
	if len(words) < 2 || words[0] != "location" || !strings.HasPrefix(words[len(words)-1], "/") {
		return "/"
	}
	return words[len(words)-1]
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

// tokens splits a configuration into words and the punctuation ; { and }, without comments and quotes.
func tokens(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i < len(text); {
			end := i + 1
			token := text[i:end]
			switch text[i] {
			case ' ', '\t', '\r', '\n':
				token = ""
			case '#':
				for end < len(text) && text[end] != '\n' {
					end++
				}
				token = ""
			case ';', '{', '}':
			case '"', '\'':
				end = min(quoteEnd(text, i), len(text)-1) + 1
				token = strings.Trim(text[i:end], text[i:i+1])
			default:
				end = wordEnd(text, i)
				token = text[i:end]
			}
			if token != "" && !yield(token) {
				return
			}
			i = end
		}
	}
}

// wordEnd returns the offset after the word at i. A brace after a dollar sign is part of a variable.
func wordEnd(text string, i int) int {
	for i++; i < len(text); i++ {
		if strings.IndexByte(" \t\r\n;{", text[i]) >= 0 && (text[i] != '{' || text[i-1] != '$') {
			break
		}
	}
	return i
}
