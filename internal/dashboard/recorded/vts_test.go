package recorded_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/standin/vtstest"
)

// newVTS starts a simulated nginx with nginx-module-vts.
func newVTS(t *testing.T, exporter string) *simulated {
	t.Helper()
	text := vtstest.Recorded("v0.2.7")
	v := &simulated{nginx: vtstest.New(text), root: decoded(t, text), sites: []*site{
		{name: "intranet", share: 0.5, millis: 45}, {name: "mail", share: 0.3, millis: 20}, {name: "files", share: 0.2, millis: 150},
	}}
	zone := part(v.root, "serverZones", "example.com")
	peer := part(v.root, "upstreamZones")["up"].([]any)[0].(object)
	delete(zone, "overCounts") // numbers that do not fit into a float64
	delete(peer, "overCounts")
	zones, upstreams := object{}, object{}
	for i, s := range v.sites {
		s.zone = clone(t, zone)
		zones[s.host()] = s.zone
		var peers []any
		const each = 3
		for j := range each {
			server := clone(t, peer)
			server["server"] = fmt.Sprintf("10.40.%d.%d:8080", i, 11+j)
			peers = append(peers, server)
			s.servers = append(s.servers, server)
		}
		upstreams[s.name] = peers
	}
	v.root["serverZones"], v.root["upstreamZones"], v.root["filterZones"] = zones, upstreams, object{}
	for _, cache := range part(v.root, "cacheZones") {
		delete(cache.(object), "overCounts")
		v.root["cacheZones"] = object{"pages": cache}
	}
	v.serve(t, exporter)
	return v
}

// stepVTS is the traffic until the next scrape.
func stepVTS(t *testing.T, v *simulated, scrape int) {
	t.Helper()
	all := requests(scrape)
	v.root["nowMsec"] = float64(time.Now().UnixMilli())
	add(v.root, all, "connections", "requests")
	connections := part(v.root, "connections")
	accepted := math.Round(all / 12 * jitter())
	for _, key := range []string{"accepted", "handled"} {
		connections[key] = connections[key].(float64) + accepted
	}
	writing, waiting := 1+int(all*0.02*jitter()), 40+rand.IntN(8)
	connections["active"], connections["writing"], connections["waiting"] = float64(writing+waiting), float64(writing), float64(waiting)
	for i, s := range v.sites {
		now := s.traffic(i, scrape)
		vtsZone(s.zone, now)
		s.servers[1]["down"] = now.failing || i == 2 && scrape >= recorded.Scrapes-20
		for _, server := range s.servers {
			if server["down"] == false {
				one := now
				one.requests /= float64(len(s.servers))
				vtsServer(server, one)
			}
		}
	}
	cache := part(v.root, "cacheZones", "pages")
	vtsCached(cache, all*0.5)
	v.publish(t)
}

func vtsZone(zone object, now traffic) {
	n := vtsRequests(zone, now)
	add(zone, n*0.05, "responses", "3xx")
	add(zone, n*0.02, "responses", "4xx")
	add(zone, n*(0.98-now.failed), "statusCodes", "200")
	add(zone, n*0.02, "statusCodes", "404")
	add(zone, n*now.failed, "statusCodes", "502")
	vtsCached(zone, n*0.5)
	vtsTimes(zone, "request", n, now.millis)
}

func vtsServer(server object, now traffic) {
	n := vtsRequests(server, now)
	vtsTimes(server, "request", n, now.millis)
	vtsTimes(server, "response", n, now.millis*0.95)
}

// vtsRequests adds what servers and servers of upstreams have in common, and returns the
// number of requests.
func vtsRequests(to object, now traffic) float64 {
	n := math.Round(now.requests * jitter())
	to["requestCounter"] = to["requestCounter"].(float64) + n
	add(to, n*450, "inBytes")
	add(to, n*8000, "outBytes")
	add(to, n*(0.93-now.failed), "responses", "2xx")
	add(to, n*now.failed, "responses", "5xx")
	return n
}

func vtsCached(to object, lookups float64) {
	add(to, lookups*0.8, "responses", "hit")
	add(to, lookups*0.15, "responses", "miss")
	add(to, lookups*0.05, "responses", "expired")
}

// vtsTimes adds requests to the sum and to the cumulative buckets of a time.
func vtsTimes(to object, kind string, n, millis float64) {
	add(to, n*millis, kind+"MsecCounter")
	to[kind+"Msec"] = math.Round(millis)
	buckets := part(to, kind+"Buckets")
	counters := buckets["counters"].([]any)
	for i, bound := range buckets["msecs"].([]any) {
		within := 1 - math.Exp(-bound.(float64)/millis)
		counters[i] = counters[i].(float64) + math.Floor(n*within)
	}
}
