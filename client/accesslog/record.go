package accesslog

import "time"

// Field is a set of what a format has, or of what a line has a value for.
type Field uint32

// The fields of a [Record] and of an [Attempt].
const (
	FieldServer       Field = 1 << iota // $server_name
	FieldHost                           // $host, or $http_host
	FieldMethod                         // $request_method, or from $request
	FieldStatus                         // $status
	FieldURI                            // $uri, or from $request_uri or $request
	FieldRequestTime                    // $request_time
	FieldBytesIn                        // $request_length
	FieldBytesOut                       // $bytes_sent, or $body_bytes_sent
	FieldUserAgent                      // $http_user_agent
	FieldCache                          // $upstream_cache_status
	FieldUpstream                       // $proxy_host, or $proxy_upstream_name of ingress-nginx
	FieldCompletion                     // $request_completion
	FieldAddr                           // $upstream_addr
	FieldCode                           // $upstream_status
	FieldConnectTime                    // $upstream_connect_time
	FieldHeaderTime                     // $upstream_header_time
	FieldResponseTime                   // $upstream_response_time
)

// Has reports whether the set has all of these fields.
func (f Field) Has(fields Field) bool { return f&fields == fields }

// Record is one request as its line has it. Values are unescaped. Slices are
// valid until the line changes or the record is used again.
type Record struct {
	// Fields says which of the values below the line has: nginx writes - (with
	// escape=json, nothing) for what it does not know. A value that is not in the
	// set is zero. A text can be empty and in the set, such as a server without a
	// name.
	Fields Field

	Server    []byte
	Host      []byte
	Method    []byte // as the client sent it
	Status    int    // 0 (logged as 000) if the request ended without one
	URI       []byte // path without arguments; normalized by nginx only if it is from $uri
	UserAgent []byte

	RequestTime time.Duration // in milliseconds; includes sending to the client
	BytesIn     int64         // of the request with its header
	BytesOut    int64         // with the header, unless the format has only $body_bytes_sent

	Completed bool // the response was sent as a whole

	Cache    []byte // HIT, MISS, BYPASS, EXPIRED, STALE, UPDATING, REVALIDATED
	Upstream []byte // name in proxy_pass, of the last location that handled the request

	// Attempts are the servers that nginx tried, in this order.
	Attempts []Attempt

	escape escape
	text   []byte // unescaped values
}

// Attempt is one request to a server of an upstream.
type Attempt struct {
	Fields Field

	// Group counts the internal redirects before the attempt. The name in
	// [Record.Upstream] is that of the last group.
	Group int

	Addr         []byte // address and port, unix:path, or the name of an upstream without available servers
	Status       int
	ConnectTime  time.Duration
	HeaderTime   time.Duration
	ResponseTime time.Duration
}
