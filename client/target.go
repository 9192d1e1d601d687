package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unixScheme is the prefix of targets on a Unix socket.
const unixScheme = "unix:"

// Target is the address of one status interface. The zero value is not valid;
// [ParseTarget] returns one.
type Target struct {
	label    string
	socket   string
	url      url.URL
	username string
	password string
	hasLogin bool
}

// ParseTarget parses a value of --nginx.scrape-uri: an http or https URL, or
// unix:SOCKET:PATH, where SOCKET is the absolute path of a Unix socket (it may
// contain colons) or @NAME of an abstract one, and PATH is the request path, /
// by default.
//
// Its errors contain no credentials of the URL.
func ParseTarget(s string) (Target, error) {
	if !utf8.ValidString(s) {
		return Target{}, errors.New("the target is not valid UTF-8")
	}
	if strings.Trim(s, `"'`) != s {
		return Target{}, fmt.Errorf("target %q: do not use quotes, they become part of it", hideLogin(s))
	}
	parse := parseURL
	if strings.HasPrefix(s, unixScheme) {
		parse = parseUnix
	}
	t, err := parse(s)
	if err != nil {
		return Target{}, fmt.Errorf("target %q: %w", hideLogin(s), err)
	}
	return t, nil
}

// errScheme is the error for anything but an http or https URL or a socket.
var errScheme = errors.New("write http://HOST:PORT/PATH, https://HOST:PORT/PATH or unix:SOCKET:PATH")

func parseURL(s string) (Target, error) {
	if !strings.Contains(s, "://") {
		return Target{}, errScheme
	}
	if _, socket, found := strings.Cut(s, "://unix:"); found && (strings.HasPrefix(socket, "/") || strings.HasPrefix(socket, "@")) {
		return Target{}, fmt.Errorf("write %s without a scheme", hideQuery(unixScheme+socket))
	}
	u, err := url.Parse(s)
	if err != nil {
		return Target{}, urlError(s, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return Target{}, errScheme
	}
	if u.Opaque != "" || u.Hostname() == "" {
		return Target{}, errors.New("the host is missing")
	}
	if err := checkPort(u.Port()); err != nil {
		return Target{}, err
	}
	t := Target{label: hideQuery(cutLogin(s)), url: *u}
	if u.User != nil {
		t.hasLogin = true
		t.username = u.User.Username()
		t.password, _ = u.User.Password()
		if strings.ContainsFunc(t.username+t.password, unicode.IsControl) {
			return Target{}, errors.New("the credentials contain a control character")
		}
	}
	t.url.RawQuery = escapeQuery(u.RawQuery)
	t.url.User, t.url.Fragment, t.url.RawFragment = nil, "", ""
	return t, nil
}

func parseUnix(s string) (Target, error) {
	socket, path := strings.TrimPrefix(s, unixScheme), "/"
	// The last ":/" separates socket and request path, so the path of the
	// socket may contain colons.
	if i := strings.LastIndex(socket, ":/"); i >= 0 {
		socket, path = socket[:i], socket[i+1:]
	} else if name, ok := strings.CutSuffix(socket, ":"); ok {
		socket = name
	} else if strings.Contains(socket, ":") {
		return Target{}, errors.New("the request path must begin with a slash: unix:/path/of.sock:/stub_status")
	}
	switch {
	case socket == "" || socket == "/" || socket == "@":
		return Target{}, errors.New("the path of the socket is missing: unix:/path/of.sock:/stub_status")
	case socket[0] != '/' && socket[0] != '@':
		return Target{}, errors.New("the path of the socket must be absolute: unix:/path/of.sock:/stub_status")
	case strings.ContainsRune(socket, 0):
		return Target{}, errors.New("the path of the socket contains a NUL byte")
	}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return Target{}, errors.New("the request path is not valid")
	}
	// The host of the URL is used only for the Host header.
	u.Scheme, u.Host, u.RawQuery = "http", "localhost", escapeQuery(u.RawQuery)
	return Target{label: hideQuery(s), socket: socket, url: *u}, nil
}

// escapeQuery escapes what would break the request line. net/url escapes the path
// only.
func escapeQuery(query string) string {
	var escaped strings.Builder
	for _, b := range []byte(query) {
		if b <= ' ' || b > '~' {
			fmt.Fprintf(&escaped, "%%%02X", b)
		} else {
			escaped.WriteByte(b)
		}
	}
	return escaped.String()
}

func checkPort(port string) error {
	if port == "" {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is not between 1 and 65535", port)
	}
	return nil
}

// String returns the target as configured, without credentials, for the label
// addr and the log.
func (t Target) String() string { return t.label }

// Key identifies the target: two spellings of one address have the same key.
func (t Target) Key() string {
	host := net.JoinHostPort(strings.ToLower(t.url.Hostname()), strings.TrimLeft(t.Port(), "0"))
	return t.url.Scheme + "|" + t.socket + "|" + host + "|" + t.url.RequestURI()
}

// Socket returns the path of the Unix socket, empty for a TCP target.
func (t Target) Socket() string { return t.socket }

// Host returns the host name or address of a TCP target, without brackets.
func (t Target) Host() string {
	if t.socket != "" {
		return ""
	}
	return t.url.Hostname()
}

// Port returns the port of a TCP target, by default that of the scheme.
func (t Target) Port() string {
	switch {
	case t.url.Port() != "":
		return t.url.Port()
	case t.url.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}

// Path returns the request path, without a query.
func (t Target) Path() string { return t.url.EscapedPath() }

// At returns the target with another request path and no query, on the same
// server and with the same credentials. The path must need no escaping.
func (t Target) At(path string) Target {
	t.url.Path, t.url.RawPath, t.url.RawQuery = path, "", ""
	if t.label = t.url.Scheme + "://" + t.url.Host + path; t.socket != "" {
		t.label = unixScheme + t.socket + ":" + path
	}
	return t
}

// HasLogin reports whether the target contains credentials.
func (t Target) HasLogin() bool { return t.hasLogin }

// TLS reports whether the scheme of the target is https.
func (t Target) TLS() bool { return t.url.Scheme == "https" }

// urlError explains why a URL does not parse. net/url may quote a part of a
// password ("http://user:pa#ss@host" has the port "pa"), so its error is used
// only if the text cannot contain credentials.
func urlError(s string, err error) error {
	var parse *url.Error
	if strings.Contains(s, "@") || !errors.As(err, &parse) {
		return errors.New("it is not a valid URL")
	}
	return fmt.Errorf("it is not a valid URL: %w", parse.Err)
}
