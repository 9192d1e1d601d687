package plus

import (
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Upstreams are the documents /http/upstreams and /stream/upstreams.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_upstream and
// https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_stream_upstream.
type Upstreams struct {
	All   []*Upstream
	Peers []*Peer // of all upstreams
}

// Upstream is one group of servers.
type Upstream struct {
	Name      string
	Zone      string      // shared memory zone
	Keepalive value.Value // idle keepalive connections to the servers
	Zombies   value.Value // removed servers that still process requests

	// Absent without the queue directive.
	QueueSize      value.Value // requests in the queue
	QueueMaxSize   value.Value
	QueueOverflows value.Value // requests rejected because the queue was full

	// States counts the servers by state. It is valid if Listed, which also holds
	// for an upstream without servers.
	States [StateUnhealthy + 1]uint32
	Listed bool
}

// Peer is one server of an upstream. An upstream can have several with the same
// address.
type Peer struct {
	Upstream *Upstream
	ID       string // unique in the upstream
	Server   string // address
	Name     string // in the configuration
	Service  string // of the SRV record, empty if none
	State    State

	Backup   value.Value // 1 for a backup server
	Weight   value.Value
	MaxConns value.Value // absent without a limit
	Active   value.Value // current connections

	Requests    value.Value // http only
	Connections value.Value // stream only
	Responses   Responses
	Sent        value.Value // bytes to the server
	Received    value.Value // bytes from the server
	Fails       value.Value // failed attempts
	Unavail     value.Value // times the server became unavailable because of failed attempts

	// Averages in milliseconds, absent until the server is used.
	HeaderTime    value.Value // http only
	ConnectTime   value.Value // stream only
	FirstByteTime value.Value // stream only
	ResponseTime  value.Value
	ResponseTimes *Histogram // nil before nginx 1.29.8, and for stream

	Checks     value.Value // health checks
	CheckFails value.Value
	Unhealthy  value.Value // times the server became unhealthy
	LastPassed value.Value // 1 if the last check passed; absent before the first

	Downtime     value.Value // milliseconds
	DownSince    value.Value // Unix seconds; absent while the server is up
	LastSelected value.Value // Unix seconds; absent until the server is selected
	TLS          *TLS
}

// State is the state of a server.
type State uint8

// The states, with the numbers of nginx-prometheus-exporter.
const (
	StateUnknown State = iota
	StateUp
	StateDraining // accepts no new sessions
	StateDown     // disabled by configuration or the API
	StateUnavail  // too many failed attempts
	StateChecking // waiting for its first health check
	StateUnhealthy
)

// States lists the names of the states by number.
func States() []string {
	return []string{"unknown", "up", "draining", "down", "unavail", "checking", "unhealthy"}
}

// String returns the name of the state in the API.
func (s State) String() string { return States()[s] }

// Decode implements [Document].
func (u *Upstreams) Decode(d *document.Reader) {
	for name := range d.Members() {
		upstream := &Upstream{Name: d.Keep(name)}
		d.Charge(int(unsafe.Sizeof(*upstream)))
		u.All = append(u.All, upstream)
		u.decodeOne(d, upstream)
	}
}

func (u *Upstreams) decodeOne(d *document.Reader, upstream *Upstream) {
	for name := range d.Members() {
		switch string(name) {
		case "peers":
			u.decodePeers(d, upstream)
		case "keepalive":
			upstream.Keepalive = d.Gauge()
		case "zombies":
			upstream.Zombies = d.Gauge()
		case "zone":
			upstream.Zone = d.Text()
		case "queue":
			upstream.decodeQueue(d)
		default:
			d.Skip()
		}
	}
}

func (u *Upstreams) decodePeers(d *document.Reader, upstream *Upstream) {
	if d.Peek() == '[' {
		upstream.Listed = true
	}
	for range d.Elements() {
		peer := &Peer{Upstream: upstream}
		d.Charge(int(unsafe.Sizeof(*peer)))
		peer.decode(d, u.lastBounds())
		upstream.States[peer.State]++
		u.Peers = append(u.Peers, peer)
	}
}

// lastBounds returns the histogram bounds of the last server, which the next one
// usually has too.
func (u *Upstreams) lastBounds() []float64 {
	if len(u.Peers) == 0 || u.Peers[len(u.Peers)-1].ResponseTimes == nil {
		return nil
	}
	return u.Peers[len(u.Peers)-1].ResponseTimes.Bounds
}

func (u *Upstream) decodeQueue(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "size":
			u.QueueSize = d.Gauge()
		case "max_size":
			u.QueueMaxSize = d.Gauge()
		case "overflows":
			u.QueueOverflows = d.Count()
		default:
			d.Skip()
		}
	}
}
