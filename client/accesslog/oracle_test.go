package accesslog

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// oracle parses lines slowly, by a regular expression and package strings.
type oracle struct {
	variables []string
	escape    Escape

	strict *regexp.Regexp // matches lines whose values have the characters that nginx writes
	loose  *regexp.Regexp // matches all lines that could be parsed
}

// newOracle returns the oracle of a text with variables.
func newOracle(format string, e Escape) *oracle {
	o := &oracle{escape: e}
	variable := regexp.MustCompile(`\$\{?(\w+)\}?`)
	var strict, loose strings.Builder
	at := 0
	for _, m := range variable.FindAllStringSubmatchIndex(format, -1) {
		literal, name := regexp.QuoteMeta(format[at:m[0]]), format[m[2]:m[3]]
		o.variables = append(o.variables, name)
		strict.WriteString(literal + "(" + o.characters(name) + ")")
		loose.WriteString(literal + "(.*)")
		at = m[1]
	}
	end := regexp.QuoteMeta(format[at:]) + "$"
	o.strict, o.loose = regexp.MustCompile("(?s)^"+strict.String()+end), regexp.MustCompile("(?s)^"+loose.String()+end)
	return o
}

// characters is what a value can consist of.
func (o *oracle) characters(name string) string {
	const seconds = `[0-9]{1,9}\.[0-9]{3}`
	list := func(element string) string {
		element = `(?:` + element + `|-)`
		return element + `(?:(?:, | : )` + element + `)*|`
	}
	switch name {
	case "status":
		return `[0-9]{3}`
	case "request_time":
		return seconds + `|-`
	case "request_length", "bytes_sent", "body_bytes_sent":
		return `[0-9]{1,15}|-`
	case "upstream_status":
		return list(`[0-9]{3}`)
	case "upstream_addr":
		return list(`[a-z0-9.\[\]/_]+(?::[a-z0-9./]+)*`)
	case "upstream_connect_time", "upstream_header_time", "upstream_response_time":
		return list(seconds)
	case "upstream_response_length":
		return list(`[0-9]+`)
	case "time_local":
		return `[0-9A-Za-z/:+ ]*`
	case "remote_user", "remote_addr", "server_name", "server_port", "host", "request_method", "proxy_host", "upstream_cache_status", "server_protocol",
		"request_completion", "proxy_upstream_name", "proxy_alternative_upstream_name", "req_id":
		return `[A-Za-z0-9_.-]*`
	}
	switch o.escape {
	case EscapeNone:
		return `[^\t\n]*`
	case EscapeJSON:
		return `(?:[^"\\\x00-\x1f]|\\["\\nrtbf]|\\u00[0-9a-f]{2})*`
	}
	return `(?:[^"\\\x00-\x1f\x7f-\xff]|\\x[0-9A-F]{2}|\\["\\nrtbf])*`
}

// parse returns the record of a line, and whether it has values as nginx writes
// them.
func (o *oracle) parse(line string) (Record, bool) {
	m := o.strict.FindStringSubmatch(line)
	if m == nil {
		return Record{}, false
	}
	values := map[string]string{}
	for i, name := range o.variables {
		values[name] = m[i+1]
	}
	return o.record(values), true
}

// record returns the record of values as they are in the log.
func (o *oracle) record(values map[string]string) Record {
	var r Record
	unknown := "-"
	if o.escape == EscapeJSON || o.escape == EscapeNone {
		unknown = ""
	}
	value := func(names ...string) (string, bool) {
		for _, name := range names {
			if v, has := values[name]; has {
				return v, v != unknown
			}
		}
		return "", false
	}
	text := func(to *[]byte, field Field, names ...string) {
		if v, has := value(names...); has {
			*to, r.Fields = []byte(o.unescape(v)), r.Fields|field
		}
	}
	status, _ := value("status")
	r.Status, _ = strconv.Atoi(status)
	r.Fields |= FieldStatus
	if v, has := values["server_name"]; has {
		r.Server, r.Fields = []byte(o.unescape(v)), r.Fields|FieldServer
	}
	text(&r.Host, FieldHost, "host", "http_host")
	text(&r.UserAgent, FieldUserAgent, "http_user_agent")
	text(&r.Cache, FieldCache, "upstream_cache_status")
	text(&r.Upstream, FieldUpstream, "proxy_host", "proxy_upstream_name")
	if v, has := value("request_time"); has {
		r.RequestTime, r.Fields = seconds(v), r.Fields|FieldRequestTime
	}
	if v, has := value("request_length"); has {
		r.BytesIn, _ = strconv.ParseInt(v, 10, 64)
		r.Fields |= FieldBytesIn
	}
	if v, has := value("bytes_sent", "body_bytes_sent"); has {
		r.BytesOut, _ = strconv.ParseInt(v, 10, 64)
		r.Fields |= FieldBytesOut
	}
	if v, has := value("request_completion"); has {
		r.Completed, r.Fields = v != "", r.Fields|FieldCompletion
	}
	o.request(&r, value, text)
	o.attempts(&r, values, unknown)
	return r
}

// request reads method and path, which several variables have.
func (o *oracle) request(r *Record, value func(...string) (string, bool), text func(*[]byte, Field, ...string)) {
	line, has := value("request")
	m := regexp.MustCompile(`(?s)^([^ ]*) (.*)$`).FindStringSubmatch(line)
	text(&r.Method, FieldMethod, "request_method")
	text(&r.URI, FieldURI, "uri")
	if !has || m == nil {
		return
	}
	r.Method, r.Fields = []byte(o.unescape(m[1])), r.Fields|FieldMethod|FieldURI
	uri := regexp.MustCompile(`(?s)^(.*) HTTP/[^ ]*$`).ReplaceAllString(m[2], "$1")
	if !strings.HasPrefix(uri, "/") {
		uri = regexp.MustCompile(`(?s)^.*?://[^/]*`).ReplaceAllString(uri, "")
	}
	uri, _, _ = strings.Cut(uri, "?")
	r.URI = []byte(o.unescape(uri))
}

func (o *oracle) attempts(r *Record, values map[string]string, unknown string) {
	each := func(name string, set func(a *Attempt, element string)) {
		list, has := values[name]
		if !has || list == unknown {
			return
		}
		i := 0
		for group, part := range strings.Split(list, " : ") {
			for element := range strings.SplitSeq(part, ", ") {
				if i == len(r.Attempts) {
					r.Attempts = append(r.Attempts, Attempt{})
				}
				r.Attempts[i].Group = group
				if element != "-" && element != "" {
					set(&r.Attempts[i], element)
				}
				i++
			}
		}
	}
	each("upstream_addr", func(a *Attempt, element string) {
		a.Addr, a.Fields = []byte(o.unescape(element)), a.Fields|FieldAddr
	})
	each("upstream_status", func(a *Attempt, element string) {
		a.Status, _ = strconv.Atoi(element)
		a.Fields |= FieldCode
	})
	for name, set := range map[string]func(a *Attempt, d time.Duration){
		"upstream_connect_time":  func(a *Attempt, d time.Duration) { a.ConnectTime, a.Fields = d, a.Fields|FieldConnectTime },
		"upstream_header_time":   func(a *Attempt, d time.Duration) { a.HeaderTime, a.Fields = d, a.Fields|FieldHeaderTime },
		"upstream_response_time": func(a *Attempt, d time.Duration) { a.ResponseTime, a.Fields = d, a.Fields|FieldResponseTime },
	} {
		each(name, func(a *Attempt, element string) { set(a, seconds(element)) })
	}
}

func seconds(text string) time.Duration {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(math.Round(f*1000)) * time.Millisecond
}

func (o *oracle) unescape(text string) string {
	if o.escape == EscapeNone {
		return text
	}
	return regexp.MustCompile(`\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)`).ReplaceAllStringFunc(text, func(sequence string) string {
		switch c := sequence[1]; c {
		case 'x':
			if n, err := strconv.ParseUint(sequence[2:], 16, 8); err == nil && len(sequence) > 2 {
				return string([]byte{byte(n)})
			}
		case 'u':
			if n, err := strconv.ParseUint(sequence[2:], 16, 16); err == nil && len(sequence) > 2 {
				return string(rune(n))
			}
		case '"', '\\', '/':
			return string(c)
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			text, _ := strconv.Unquote(`"` + sequence + `"`)
			return text
		}
		return sequence
	})
}

// escapeAs writes a value as nginx does.
func escapeAs(value string, e Escape) string {
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		switch e {
		case EscapeNone:
			b.WriteByte(c)
		case EscapeJSON:
			short := strings.IndexByte("\n\r\t\b\f", c)
			switch {
			case c == '"' || c == '\\':
				b.WriteString(`\` + string(c))
			case short >= 0:
				b.WriteString(`\` + "nrtbf"[short:short+1])
			case c < ' ':
				fmt.Fprintf(&b, `\u%04x`, c)
			default:
				b.WriteByte(c)
			}
		default:
			if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
				fmt.Fprintf(&b, `\x%02X`, c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	if value == "" && e == EscapeDefault {
		return "-"
	}
	return b.String()
}
