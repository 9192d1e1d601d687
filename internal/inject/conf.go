package inject

import (
	"iter"
	"net"
	"path"
	"slices"
	"strings"
)

// conf is what a configuration file of nginx says about other files and about status pages, see
// https://nginx.org/en/docs/beginners_guide.html#conf_structure.
type conf struct {
	includes  []string // patterns that are included in http {}
	elsewhere bool     // files are included outside of blocks, which may have http {}
	hasHTTP   bool
	pages     []string // URIs of the stub_status pages, as seen from the same pod
}

// readConf reads a configuration file. It is lenient: text that is not a configuration has nothing in it.
func readConf(text string) conf {
	var c conf
	var blocks []string // the names and arguments of the open blocks
	var listen []string // of the open server
	var words []string  // of the current directive
	for token := range tokens(text) {
		switch token {
		case "{":
			block := strings.Join(words, " ")
			c.hasHTTP = c.hasHTTP || block == "http"
			if block == "server" {
				listen = nil
			}
			blocks, words = append(blocks, block), nil
		case "}":
			if len(blocks) > 0 {
				blocks = blocks[:len(blocks)-1]
			}
			words = nil
		case ";":
			c.directive(words, blocks, &listen)
			words = nil
		default:
			words = append(words, token)
		}
	}
	return c
}

// directive records a simple directive within blocks. Listen has the addresses of the server around it.
func (c *conf) directive(words, blocks []string, listen *[]string) {
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
		*listen = append(*listen, words[1])
	case words[0] == "stub_status":
		c.pages = append(c.pages, pageURI(*listen, inner))
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

// dirs returns the directories whose files named *.conf are included in http {}, for a configuration in a directory: relative
// patterns start there.
func (c *conf) dirs(in string) []string {
	var all []string
	for _, pattern := range c.includes {
		dir, file := path.Split(absolute(pattern, in))
		matched, err := path.Match(file, statusFile)
		if err == nil && matched && !strings.ContainsAny(dir, "*?[") {
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
