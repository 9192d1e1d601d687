package accesslog

import (
	"bytes"
	"strings"
)

// charset is what a value can contain, which decides where it can end.
type charset uint8

const (
	anyText charset = iota // sent by clients
	token                  // without spaces and quotation marks
	number                 // digits, dot and minus
	list                   // elements separated by ", " and " : "
	clock                  // of $time_local: without brackets and quotation marks
)

// variable is how the value of a variable is read.
type variable struct {
	charset charset

	// fields are set by the value. If several variables have a field, the one
	// with the lowest rank is used.
	fields Field
	rank   int

	// set stores a value, reports whether it is valid, and is nil if the value is
	// not used.
	set func(r *Record, value []byte, fields Field) bool
}

// variables returns what is known of the variables of nginx.
//
// See https://nginx.org/en/docs/varindex.html.
func variables() map[string]variable {
	known := map[string]variable{
		"status":          {number, FieldStatus, 0, setStatus},
		"request_time":    {number, FieldRequestTime, 0, setDuration(func(r *Record) *duration { return &r.RequestTime })},
		"request_length":  {number, FieldBytesIn, 0, setBytes(func(r *Record) *int64 { return &r.BytesIn })},
		"bytes_sent":      {number, FieldBytesOut, 0, setBytes(func(r *Record) *int64 { return &r.BytesOut })},
		"body_bytes_sent": {number, FieldBytesOut, 1, setBytes(func(r *Record) *int64 { return &r.BytesOut })},

		"request":        {anyText, FieldMethod | FieldURI, 2, setRequest}, //nolint:mnd // after $request_uri
		"request_method": {token, FieldMethod, 0, setText(func(r *Record) *[]byte { return &r.Method })},
		"uri":            {anyText, FieldURI, 0, setText(func(r *Record) *[]byte { return &r.URI })},
		"document_uri":   {anyText, FieldURI, 0, setText(func(r *Record) *[]byte { return &r.URI })},
		"request_uri":    {anyText, FieldURI, 1, setRequestURI},

		"server_name":     {token, FieldServer, 0, setServer},
		"host":            {token, FieldHost, 0, setText(func(r *Record) *[]byte { return &r.Host })},
		"http_host":       {anyText, FieldHost, 1, setText(func(r *Record) *[]byte { return &r.Host })},
		"http_user_agent": {anyText, FieldUserAgent, 0, setText(func(r *Record) *[]byte { return &r.UserAgent })},

		"request_completion": {token, FieldCompletion, 0, setCompletion},

		"upstream_cache_status": {token, FieldCache, 0, setText(func(r *Record) *[]byte { return &r.Cache })},
		"proxy_host":            {token, FieldUpstream, 0, setText(func(r *Record) *[]byte { return &r.Upstream })},
		"proxy_upstream_name":   {token, FieldUpstream, 1, setText(func(r *Record) *[]byte { return &r.Upstream })},

		"upstream_addr":          {list, FieldAddr, 0, setAttempts(setAddr)},
		"upstream_status":        {list, FieldCode, 0, setAttempts(setCode)},
		"upstream_connect_time":  {list, FieldConnectTime, 0, setAttempts(setTime(func(a *Attempt) *duration { return &a.ConnectTime }))},
		"upstream_header_time":   {list, FieldHeaderTime, 0, setAttempts(setTime(func(a *Attempt) *duration { return &a.HeaderTime }))},
		"upstream_response_time": {list, FieldResponseTime, 0, setAttempts(setTime(func(a *Attempt) *duration { return &a.ResponseTime }))},

		"time_local": {charset: clock},
	}
	for charset, names := range map[charset]string{
		list: "upstream_bytes_received upstream_bytes_sent upstream_queue_time upstream_response_length",
		number: "connection connection_requests connection_time content_length msec pid proxy_port remote_port server_port" +
			" tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space gzip_ratio",
		token: "binary_remote_addr hostname http2 http3 https nginx_version pipe proxy_alternative_upstream_name proxy_protocol_addr" +
			" proxy_protocol_port realip_remote_addr realip_remote_port remote_addr req_id request_id scheme" +
			" server_addr server_protocol ssl_cipher ssl_protocol ssl_session_id ssl_session_reused time_iso8601 otel_trace_id" +
			" otel_span_id otel_parent_id namespace ingress_name service_name service_port",
	} {
		for _, name := range strings.Fields(names) {
			known[name] = variable{charset: charset}
		}
	}
	return known
}

// unescape returns the value of a text.
func (r *Record) unescape(text []byte) []byte {
	var value []byte
	value, r.text = r.escape.unescape(text, r.text)
	return value
}

func setText(place func(*Record) *[]byte) func(*Record, []byte, Field) bool {
	return func(r *Record, value []byte, field Field) bool {
		*place(r) = r.unescape(value)
		r.Fields |= field
		return true
	}
}

func setServer(r *Record, value []byte, field Field) bool {
	r.Server = r.unescape(value)
	r.Fields |= field
	return true
}

// setCompletion reads OK, or nothing.
func setCompletion(r *Record, value []byte, field Field) bool {
	r.Completed = len(value) > 0
	r.Fields |= field
	return true
}

// setStatus accepts the three digits that nginx writes.
func setStatus(r *Record, value []byte, field Field) bool {
	n, ok := parseStatus(value)
	r.Status = n
	r.Fields |= field
	return ok
}

func setBytes(place func(*Record) *int64) func(*Record, []byte, Field) bool {
	return func(r *Record, value []byte, field Field) bool {
		n, ok := parseInt(value)
		*place(r) = n
		r.Fields |= field
		return ok
	}
}

func setDuration(place func(*Record) *duration) func(*Record, []byte, Field) bool {
	return func(r *Record, value []byte, field Field) bool {
		d, ok := parseSeconds(value)
		*place(r) = d
		r.Fields |= field
		return ok
	}
}

// setRequest reads a request line: method, URI and, except in HTTP/0.9, protocol.
// What was not a request has no spaces.
func setRequest(r *Record, value []byte, fields Field) bool {
	method, uri, found := bytes.Cut(value, []byte(" "))
	if !found {
		return true
	}
	if i := bytes.LastIndexByte(uri, ' '); i >= 0 && bytes.HasPrefix(uri[i:], []byte(" HTTP/")) {
		uri = uri[:i]
	}
	if fields.Has(FieldMethod) {
		r.Method = r.unescape(method)
		r.Fields |= FieldMethod
	}
	if fields.Has(FieldURI) {
		setRequestURI(r, uri, FieldURI)
	}
	return true
}

// setRequestURI stores the path of a URI as the client sent it, which may have a
// scheme and a host.
func setRequestURI(r *Record, value []byte, field Field) bool {
	if len(value) > 0 && value[0] != '/' {
		if _, rest, found := bytes.Cut(value, []byte("://")); found {
			path := bytes.IndexByte(rest, '/')
			if path < 0 {
				path = len(rest)
			}
			value = rest[path:]
		}
	}
	if i := bytes.IndexByte(value, '?'); i >= 0 {
		value = value[:i]
	}
	r.URI = r.unescape(value)
	r.Fields |= field
	return true
}
