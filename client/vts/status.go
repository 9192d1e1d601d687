package vts

import (
	"slices"
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Status is the document of the module. What a version of the module does not
// send is absent.
type Status struct {
	HostName      string
	ModuleVersion string // empty before 0.1.18
	NginxVersion  string
	Load          value.Value // when nginx loaded its configuration, in milliseconds since 1970
	Now           value.Value // when the document was made, in milliseconds since 1970

	Connections Connections
	SharedZone  SharedZone

	Servers   []*Zone // server blocks by name
	Total     *Zone   // the sum of all servers, which the module lists among them as *; nil if absent
	Filters   []*Zone
	Upstreams []*Peer
	Caches    []*Cache

	Invalid int // values of the wrong kind or out of range, which are absent
}

// Connections are those of nginx as a whole, as stub_status has them.
type Connections struct {
	Active   value.Value
	Reading  value.Value
	Writing  value.Value
	Waiting  value.Value
	Accepted value.Value
	Handled  value.Value
	Requests value.Value
}

// SharedZone is the shared memory of the module. Sizes are in bytes.
type SharedZone struct {
	Name     string
	MaxSize  value.Value
	UsedSize value.Value
	UsedNode value.Value // number of nodes
	FreeSize value.Value // since 0.2.7
}

// sumZone is the name of the server zone that is the sum of all others.
const sumZone = "*"

// isComplete reports whether the document has what all versions of the module
// send.
func (s *Status) isComplete() bool { return s.NginxVersion != "" && s.Connections.Accepted.IsSet() }

// decoder reads one document.
type decoder struct {
	*document.Reader
	codes     map[string]string // status codes, which the zones share
	unwrapped [][]byte          // texts of overCounts without a counter that has wrapped
	bounds    []float64         // of the last histogram, which the next one usually has too

	boundText  []byte    // of the last array of bounds
	boundsRead []float64 // what it has
	msecs      []float64 // reused for each histogram
	counts     []float64
}

func (d *decoder) status(s *Status) {
	for name := range d.Members() {
		switch string(name) {
		case "hostName":
			s.HostName = d.Text()
		case "moduleVersion":
			s.ModuleVersion = d.Text()
		case "nginxVersion":
			s.NginxVersion = d.Text()
		case "loadMsec":
			s.Load = d.Count()
		case "nowMsec":
			s.Now = d.Count()
		case "connections":
			d.connections(&s.Connections)
		case "sharedZones":
			d.sharedZone(&s.SharedZone)
		case "serverZones":
			s.Servers = d.zones(s.Servers, "")
		case "filterZones":
			s.Filters = d.filters(s.Filters)
		case "upstreamZones":
			s.Upstreams = d.upstreams(s.Upstreams)
		case "cacheZones":
			s.Caches = d.caches(s.Caches)
		default:
			d.Skip()
		}
	}
	s.Servers = slices.DeleteFunc(s.Servers, func(z *Zone) bool {
		if z.Name == sumZone {
			s.Total = z
		}
		return z.Name == sumZone
	})
}

func (d *decoder) connections(c *Connections) {
	for name := range d.Members() {
		switch string(name) {
		case "active":
			c.Active = d.Gauge()
		case "reading":
			c.Reading = d.Gauge()
		case "writing":
			c.Writing = d.Gauge()
		case "waiting":
			c.Waiting = d.Gauge()
		case "accepted":
			c.Accepted = d.Count()
		case "handled":
			c.Handled = d.Count()
		case "requests":
			c.Requests = d.Count()
		default:
			d.Skip()
		}
	}
}

func (d *decoder) sharedZone(z *SharedZone) {
	for name := range d.Members() {
		switch string(name) {
		case "name":
			z.Name = d.Text()
		case "maxSize":
			z.MaxSize = d.Gauge()
		case "usedSize":
			z.UsedSize = d.Gauge()
		case "usedNode":
			z.UsedNode = d.Gauge()
		case "freeSize":
			z.FreeSize = d.Gauge()
		default:
			d.Skip()
		}
	}
}

// filters reads the groups of filter zones.
func (d *decoder) filters(to []*Zone) []*Zone {
	for name := range d.Members() {
		to = d.zones(to, d.Keep(name))
	}
	return to
}

// zones reads the zones of a filter, or of servers if it is empty.
func (d *decoder) zones(to []*Zone, filter string) []*Zone {
	for name := range d.Members() {
		zone := &Zone{Filter: filter, Name: d.Keep(name)}
		d.Charge(int(unsafe.Sizeof(*zone)))
		d.zone(zone)
		to = append(to, zone)
	}
	return to
}

func (d *decoder) upstreams(to []*Peer) []*Peer {
	for name := range d.Members() {
		upstream := d.Keep(name)
		for range d.Elements() {
			peer := &Peer{Upstream: upstream}
			d.Charge(int(unsafe.Sizeof(*peer)))
			d.peer(peer)
			to = append(to, peer)
		}
	}
	return to
}

func (d *decoder) caches(to []*Cache) []*Cache {
	for name := range d.Members() {
		cache := &Cache{Name: d.Keep(name)}
		d.Charge(int(unsafe.Sizeof(*cache)))
		d.cache(cache)
		to = append(to, cache)
	}
	return to
}
