package standin

import (
	"fmt"
	"strconv"
)

// Size is the number of objects of generated documents. Each dialect has those that
// its nginx has.
type Size struct {
	Upstreams int // HTTP upstreams
	Peers     int // servers in each of them
	Zones     int // HTTP server zones

	Plain      bool // NGINX Plus: no TLS in zones and upstreams
	Histograms bool // NGINX Plus: a histogram of response times for each HTTP server

	// Of NGINX Plus. 0: those of the sample.
	Locations       int // HTTP location zones
	StreamUpstreams int
	StreamPeers     int // servers in each of them
	StreamZones     int
	Workers         int

	Keys   int // Angie: of a metric zone with a histogram; nginx-module-vts: of a filter
	Caches int // nginx-module-vts
}

// S is a small server.
func S() Size { return Size{Upstreams: 1, Peers: 3, Zones: 2, Keys: 2, Caches: 1} }

// M is a server with 500 peers.
func M() Size { return Size{Upstreams: 50, Peers: 10, Zones: 200, Keys: 200, Caches: 1} }

// L is a server with 10,000 peers, 7.8 MB of them in NGINX Plus.
func L() Size { return Size{Upstreams: 200, Peers: 50, Zones: 2000, Keys: 2000, Caches: 1} }

// XL is a server with 100,000 peers, 78 MB of them in NGINX Plus.
func XL() Size { return Size{Upstreams: 1000, Peers: 100, Zones: 2000, Keys: 2000, Caches: 1} }

// SizeOf returns the size with the name S, M, L or XL, or that of a number of zones
// and of servers of an upstream.
func SizeOf(name string) (Size, error) {
	switch name {
	case "S":
		return S(), nil
	case "M":
		return M(), nil
	case "L":
		return L(), nil
	case "XL":
		return XL(), nil
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 {
		return Size{}, fmt.Errorf("no size is called %q: S, M, L, XL or a number", name)
	}
	return Size{Upstreams: 1, Peers: n, Zones: n, Keys: n, Caches: 1}, nil
}
