package recorded_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/standin/angietest"
)

// newAngie starts a simulated Angie.
func newAngie(t *testing.T, exporter string) *simulated {
	t.Helper()
	a := &simulated{nginx: angietest.New("/status/", angietest.Full()), root: decoded(t, []byte(angietest.Full())), sites: []*site{
		{name: "blog", share: 0.6, millis: 35}, {name: "docs", share: 0.3, millis: 60}, {name: "wiki", share: 0.1, millis: 120},
	}}
	delete(part(a.root, "angie"), "config_files")
	zone := part(a.root, "http", "server_zones", "www.example.com")
	upstream := part(a.root, "http", "upstreams", "backend")
	peer := part(upstream, "peers", "192.168.16.4:80")
	delete(part(peer, "health"), "downstart") // of a server that has failed
	zones, upstreams := object{}, object{}
	for i, s := range a.sites {
		s.zone = clone(t, zone)
		zones[s.host()] = s.zone
		peers := object{}
		const each = 3
		for j := range each {
			server := clone(t, peer)
			address := fmt.Sprintf("10.30.%d.%d:8080", i, 11+j)
			server["server"], server["max_conns"] = address, 100.0
			peers[address] = server
			s.servers = append(s.servers, server)
		}
		group := clone(t, upstream)
		group["peers"] = peers
		upstreams[s.name] = group
	}
	part(a.root, "http")["server_zones"], part(a.root, "http")["upstreams"] = zones, upstreams
	a.sites[1].servers[2]["state"] = "down" // by an operator
	a.serve(t, exporter)
	return a
}

// stepAngie is the traffic until the next scrape.
func stepAngie(t *testing.T, a *simulated, scrape int) {
	t.Helper()
	all := requests(scrape)
	add(a.root, all/12, "connections", "accepted")
	connections := part(a.root, "connections")
	connections["active"], connections["idle"] = float64(int(all*0.02*jitter())), float64(40+rand.IntN(8))
	for i, s := range a.sites {
		now := s.traffic(i, scrape)
		angieZone(s.zone, now)
		setAngieStates(s, i, scrape)
		for _, server := range s.servers {
			angieServer(server, now, float64(len(s.servers)))
		}
	}
	cache := part(a.root, "http", "caches", "cache")
	add(cache, all*0.4, "hit", "responses")
	add(cache, all*0.08, "miss", "responses")
	add(cache, all*0.02, "expired", "responses")
	limit := part(a.root, "http", "limit_reqs", "rate")
	add(limit, all*0.05, "passed")
	if recorded.During(recorded.NoConnections, scrape) {
		add(limit, all*0.03, "rejected")
	}
	a.publish(t)
}

func angieZone(zone object, now traffic) {
	add(zone, now.requests, "requests", "total")
	part(zone, "requests")["processing"] = float64(int(now.requests*now.millis/5000 + rand.Float64()))
	add(zone, now.requests*(0.93-now.failed), "responses", "200")
	add(zone, now.requests*0.05, "responses", "302")
	add(zone, now.requests*0.02, "responses", "404")
	add(zone, now.requests*now.failed, "responses", "502")
	add(zone, now.requests*450, "data", "received")
	add(zone, now.requests*8000, "data", "sent")
}

func angieServer(server object, now traffic, servers float64) {
	state := server["state"]
	if state == "down" || state == "unavailable" {
		return
	}
	selected := now.requests / servers
	add(server, selected, "selected", "total")
	part(server, "selected")["current"] = float64(int(selected*now.millis/5000 + rand.Float64()))
	part(server, "selected")["last"] = time.Now().UTC().Format(time.RFC3339)
	add(server, selected*(1-now.failed), "responses", "200")
	add(server, selected*now.failed, "responses", "502")
	health := part(server, "health")
	health["header_time"], health["response_time"] = float64(int(now.millis*0.6)), float64(int(now.millis))
}

// setAngieStates makes a server of wiki fail, recover and fail again at the end, and one of
// blog reach its limit of connections at the peak.
func setAngieStates(s *site, index, scrape int) {
	switch {
	case index == 2 && (recorded.During(recorded.ServerErrors, scrape) || scrape >= recorded.Scrapes-20):
		setAngieState(s.servers[1], "unavailable")
	case index == 2 && recorded.During([2]int{recorded.ServerErrors[1], recorded.ServerErrors[1] + 12}, scrape):
		setAngieState(s.servers[1], "recovering")
	case index == 0 && scrape >= 80 && scrape < 92:
		setAngieState(s.servers[2], "busy")
	case index != 1:
		setAngieState(s.servers[1], "up")
		setAngieState(s.servers[2], "up")
	}
}

func setAngieState(server object, state string) {
	health := part(server, "health")
	if state == "unavailable" && server["state"] == "up" {
		health["downstart"] = time.Now().UTC().Format(time.RFC3339)
		add(server, 1, "health", "unavailable")
		add(server, 3, "health", "fails")
	}
	if state != "unavailable" {
		delete(health, "downstart")
	}
	server["state"] = state
}
