package plus

import (
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Upstreams are the documents /http/upstreams and /stream/upstreams.
type Upstreams struct {
	All   []*Upstream
	Peers []*Peer // of all upstreams
}

// Upstream is a group of servers.
type Upstream struct {
	Name      string
	Zone      string      // the shared memory zone
	Keepalive value.Value // idle connections to the servers now
	Zombies   value.Value // servers that were removed and still answer

	// Absent without the directive queue.
	QueueSize      value.Value // requests that wait now
	QueueMaxSize   value.Value
	QueueOverflows value.Value // requests refused since the queue was full

	// States counts the servers by their states, if Listed: an upstream can
	// have none.
	States [StateUnhealthy + 1]uint32
	Listed bool
}

// Peer is a server of an upstream. The API can list two with one address.
type Peer struct {
	Upstream *Upstream
	ID       string // tells servers of an upstream apart
	Server   string // address
	Name     string // as the configuration gives it
	Service  string // of the SRV record, empty without one
	State    State

	Backup   value.Value // 1 for a backup server
	Weight   value.Value
	MaxConns value.Value // absent without a limit
	Active   value.Value // connections now

	Requests    value.Value // http only
	Connections value.Value // stream only
	Responses   Responses
	Sent        value.Value // bytes to the server
	Received    value.Value // bytes from the server
	Fails       value.Value // attempts that failed
	Unavail     value.Value // times that fails made the server unavailable

	// Averages in milliseconds, absent until the server was used.
	HeaderTime    value.Value // http only
	ConnectTime   value.Value // stream only
	FirstByteTime value.Value // stream only
	ResponseTime  value.Value
	ResponseTimes *Histogram // nil before nginx 1.29.8, and for stream

	Checks     value.Value // health checks
	CheckFails value.Value
	Unhealthy  value.Value // times that checks made the server unhealthy
	LastPassed value.Value // 1 if the last check passed; absent before the first

	Downtime     value.Value // milliseconds
	DownSince    value.Value // Unix seconds; absent while the server is up
	LastSelected value.Value // Unix seconds; absent until the server was selected
	TLS          *TLS
}

// State is the state of a server.
type State uint8

// The states, with the numbers that nginx-prometheus-exporter gave them.
const (
	StateUnknown State = iota
	StateUp
	StateDraining // no new clients
	StateDown     // switched off by hand
	StateUnavail  // too many failures
	StateChecking // about to be tried again
	StateUnhealthy
)

// States lists the names of the states by their numbers.
func States() []string {
	return []string{"unknown", "up", "draining", "down", "unavail", "checking", "unhealthy"}
}

// String returns the name that the API has for the state.
func (s State) String() string { return States()[s] }

func (u *Upstreams) decode(d *document.Reader) {
	for name := range d.Members() {
		upstream := &Upstream{Name: string(name)}
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
			upstream.Keepalive = d.Number()
		case "zombies":
			upstream.Zombies = d.Number()
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

// lastBounds returns the bounds of the server before, most likely those of the
// next one too.
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
			u.QueueSize = d.Number()
		case "max_size":
			u.QueueMaxSize = d.Number()
		case "overflows":
			u.QueueOverflows = d.Count()
		default:
			d.Skip()
		}
	}
}
