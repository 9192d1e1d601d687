package angie

import (
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Upstreams are the parts http/upstreams and stream/upstreams.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-upstreams and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#stream-upstreams.
type Upstreams struct {
	All   []*Upstream
	Peers []*Peer // of all upstreams
}

// Upstream is one group of servers.
type Upstream struct {
	Name      string
	Keepalive value.Value // idle keepalive connections to the servers; http only
	Zombies   value.Value // removed servers that are still in use; only builds for debugging

	// Angie PRO: the queue of requests, absent without the queue directive.
	Queued, Waiting, Dropped, TimedOut, Overflows value.Value

	// Angie PRO: the active group of servers, absent without backup_switch.
	ActiveGroup   value.Value // 0 for the primary one
	SwitchTimeout value.Value // milliseconds until groups of a lower level are checked again

	// States counts the servers by state. It is valid if Listed, which also holds
	// for an upstream without servers.
	States [StateBusy + 1]uint32
	Listed bool
}

// State is the state of a server.
type State uint8

// The states, with the numbers of the template for Prometheus of Angie.
const (
	StateUnknown     State = iota
	StateUp                // available
	StateDown              // disabled by configuration
	StateUnavailable       // too many failed attempts
	StateRecovering        // slow_start
	StateUnhealthy         // Angie PRO: failed health probes
	StateChecking          // Angie PRO: waiting for its first health probe
	StateDraining          // accepts no new sessions
	StateBusy              // reached max_conns
)

// States lists the names of the states by number.
func States() []string {
	return []string{"unknown", "up", "down", "unavailable", "recovering", "unhealthy", "checking", "draining", "busy"}
}

// String returns the name of the state in the API.
func (s State) String() string { return States()[s] }

// Decode implements [Part].
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
		case "queue":
			upstream.decodeQueue(d)
		case "backup_switch":
			upstream.decodeSwitch(d)
		default:
			d.Skip()
		}
	}
}

func (u *Upstreams) decodePeers(d *document.Reader, upstream *Upstream) {
	if d.Peek() == '{' {
		upstream.Listed = true
	}
	before := &Peer{}
	for name := range d.Members() {
		peer := &Peer{Upstream: upstream, Name: d.Keep(name)}
		d.Charge(int(unsafe.Sizeof(*peer)))
		peer.decode(d, before)
		before = peer
		upstream.States[peer.State]++
		u.Peers = append(u.Peers, peer)
	}
}

func (u *Upstream) decodeQueue(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "queued":
			u.Queued = d.Count()
		case "waiting":
			u.Waiting = d.Gauge()
		case "dropped":
			u.Dropped = d.Count()
		case "timedout":
			u.TimedOut = d.Count()
		case "overflows":
			u.Overflows = d.Count()
		default:
			d.Skip()
		}
	}
}

func (u *Upstream) decodeSwitch(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "active":
			u.ActiveGroup = d.Gauge()
		case "timeout":
			u.SwitchTimeout = d.Gauge()
		default:
			d.Skip()
		}
	}
}
