package client

import "nginx-exporter/client/value"

// PlusUpstreams are the documents /http/upstreams and /stream/upstreams.
type PlusUpstreams struct {
	All   []*PlusUpstream
	Peers []*PlusPeer // of all upstreams
}

// PlusUpstream is a group of servers.
type PlusUpstream struct {
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
	States [PlusStateUnhealthy + 1]uint32
	Listed bool
}

// PlusPeer is a server of an upstream. The API can list two with one address.
type PlusPeer struct {
	Upstream *PlusUpstream
	ID       string // tells servers of an upstream apart
	Server   string // address
	Name     string // as the configuration gives it
	Service  string // of the SRV record, empty without one
	State    PlusState

	Backup   value.Value // 1 for a backup server
	Weight   value.Value
	MaxConns value.Value // absent without a limit
	Active   value.Value // connections now

	Requests    value.Value // http only
	Connections value.Value // stream only
	Responses   PlusResponses
	Sent        value.Value // bytes to the server
	Received    value.Value // bytes from the server
	Fails       value.Value // attempts that failed
	Unavail     value.Value // times that fails made the server unavailable

	// Averages in milliseconds, absent until the server was used.
	HeaderTime    value.Value // http only
	ConnectTime   value.Value // stream only
	FirstByteTime value.Value // stream only
	ResponseTime  value.Value
	ResponseTimes *PlusHistogram // nil before nginx 1.29.8, and for stream

	Checks     value.Value // health checks
	CheckFails value.Value
	Unhealthy  value.Value // times that checks made the server unhealthy
	LastPassed value.Value // 1 if the last check passed; absent before the first

	Downtime     value.Value // milliseconds
	DownSince    value.Value // Unix seconds; absent while the server is up
	LastSelected value.Value // Unix seconds; absent until the server was selected
	TLS          *PlusTLS
}

// PlusState is the state of a server.
type PlusState uint8

// The states, with the numbers that nginx-prometheus-exporter gave them.
const (
	PlusStateUnknown PlusState = iota
	PlusStateUp
	PlusStateDraining // no new clients
	PlusStateDown     // switched off by hand
	PlusStateUnavail  // too many failures
	PlusStateChecking // about to be tried again
	PlusStateUnhealthy
)

// PlusStates lists the names of the states by their numbers.
func PlusStates() []string {
	return []string{"unknown", "up", "draining", "down", "unavail", "checking", "unhealthy"}
}

// String returns the name that the API has for the state.
func (s PlusState) String() string { return PlusStates()[s] }

func (u *PlusUpstreams) decode(s *scanner) {
	var upstreams pieces[PlusUpstream]
	for name := range s.members() {
		upstream := upstreams.next(s)
		upstream.Name = string(name)
		u.All = append(u.All, upstream)
		u.decodeOne(s, upstream)
	}
}

func (u *PlusUpstreams) decodeOne(s *scanner, upstream *PlusUpstream) {
	for name := range s.members() {
		switch string(name) {
		case "peers":
			u.decodePeers(s, upstream)
		case "keepalive":
			upstream.Keepalive = s.number()
		case "zombies":
			upstream.Zombies = s.number()
		case "zone":
			upstream.Zone = s.string()
		case "queue":
			upstream.decodeQueue(s)
		default:
			s.skip()
		}
	}
}

func (u *PlusUpstreams) decodePeers(s *scanner, upstream *PlusUpstream) {
	if s.peek() == '[' {
		upstream.Listed = true
	}
	for range s.elements() {
		peer := s.peerMemory.next(s)
		peer.Upstream = upstream
		peer.decode(s)
		upstream.States[peer.State]++
		u.Peers = append(u.Peers, peer)
	}
}

func (u *PlusUpstream) decodeQueue(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "size":
			u.QueueSize = s.number()
		case "max_size":
			u.QueueMaxSize = s.number()
		case "overflows":
			u.QueueOverflows = s.count()
		default:
			s.skip()
		}
	}
}
