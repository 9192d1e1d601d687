package vts

import (
	"slices"
	"unsafe"

	"nginx-exporter/client/value"
)

// Zone is a server block by its name, or a key of a filter.
//
// See https://github.com/vozlt/nginx-module-vts#vhost_traffic_status_filter_by_set_key.
type Zone struct {
	Filter string // such as country::example.com; empty for a server
	Name   string

	Counters
	Codes           []Code      // with vhost_traffic_status_measure_status_codes
	AverageRequest  value.Value // time of the last requests, in milliseconds
	RequestDuration Histogram
}

// Code counts the responses with one status code.
type Code struct {
	Code  string // three digits, or other
	Count value.Value
}

// Peer is a server of an upstream.
type Peer struct {
	Upstream string // ::nogroups for servers without one
	Server   string // address

	Counters
	AverageRequest   value.Value // time of the last requests, in milliseconds
	RequestDuration  Histogram
	AverageResponse  value.Value // time of the last responses of the server, in milliseconds
	ResponseDuration Histogram

	// Configuration.
	Weight      value.Value
	MaxFails    value.Value
	FailTimeout value.Value // seconds
	Backup      value.Value // 1 for a backup server
	Down        value.Value // 1 if marked as down
}

// Cache is a cache.
type Cache struct {
	Name     string
	MaxSize  value.Value // bytes
	UsedSize value.Value // bytes
	Counters
}

func (d *decoder) zone(z *Zone) {
	var wraps over
	for name := range d.Members() {
		if z.decode(d, name) {
			continue
		}
		switch string(name) {
		case "statusCodes":
			z.Codes = d.statusCodes()
		case "requestMsec":
			z.AverageRequest = d.Gauge()
		case "requestBuckets":
			d.histogram(&z.RequestDuration)
		case "overCounts":
			wraps.read(d)
		default: // including requestMsecs, the values of the average
			d.Skip()
		}
	}
	wraps.add(&z.Counters)
	d.check(&z.RequestDuration, &z.Counters, z.RequestTime)
}

func (d *decoder) peer(p *Peer) {
	var wraps over
	for name := range d.Members() {
		if p.decode(d, name) {
			continue
		}
		switch string(name) {
		case "server":
			p.Server = d.Text()
		case "requestMsec":
			p.AverageRequest = d.Gauge()
		case "requestBuckets":
			d.histogram(&p.RequestDuration)
		case "responseMsec":
			p.AverageResponse = d.Gauge()
		case "responseBuckets":
			d.histogram(&p.ResponseDuration)
		case "overCounts":
			wraps.read(d)
		default:
			d.configuration(p, name)
		}
	}
	wraps.add(&p.Counters)
	d.check(&p.RequestDuration, &p.Counters, p.RequestTime)
	d.check(&p.ResponseDuration, &p.Counters, p.ResponseTime)
}

// configuration reads a member of a server that comes from the configuration.
func (d *decoder) configuration(p *Peer, name []byte) {
	switch string(name) {
	case "weight":
		p.Weight = d.Gauge()
	case "maxFails":
		p.MaxFails = d.Gauge()
	case "failTimeout":
		p.FailTimeout = d.Gauge()
	case "backup":
		p.Backup = d.Flag()
	case "down":
		p.Down = d.Flag()
	default: // including requestMsecs and responseMsecs, the values of the averages
		d.Skip()
	}
}

func (d *decoder) cache(c *Cache) {
	var wraps over
	for name := range d.Members() {
		if c.decode(d, name) {
			continue
		}
		switch string(name) {
		case "maxSize":
			c.MaxSize = d.Gauge()
		case "usedSize":
			c.UsedSize = d.Gauge()
		case "overCounts":
			wraps.read(d)
		default:
			d.Skip()
		}
	}
	wraps.add(&c.Counters)
}

// Bounds of the status codes of a zone.
const (
	maxCodes = 1000
	maxName  = 64 // of a code, which has three digits
)

// statusCodes reads the responses by status code. The texts of codes are shared,
// since all zones have the same ones.
func (d *decoder) statusCodes() []Code {
	codes := make([]Code, 0, 16)
	for name := range d.Members() {
		if len(codes) == maxCodes || len(name) > maxName {
			d.Mismatch()
			continue
		}
		code, known := d.codes[string(name)]
		if !known {
			code = d.Keep(name)
			d.codes[code] = code
		}
		count := d.Count()
		if i := slices.IndexFunc(codes, func(c Code) bool { return c.Code == code }); i >= 0 {
			codes[i].Count = count
		} else {
			codes = append(codes, Code{code, count})
		}
	}
	d.Charge(len(codes) * int(unsafe.Sizeof(Code{})))
	return slices.Clone(codes) // without unused capacity
}
