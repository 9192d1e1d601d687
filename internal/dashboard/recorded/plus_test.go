package recorded_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// plus is the simulated API of an NGINX Plus whose traffic follows the demand, with its
// exporter.
type plus struct {
	api    *standin.Nginx
	target *target

	documents map[string]any // decoded, by path
	zones     []*zone
	servers   []*server
	seconds   float64 // per scrape
}

// object is a JSON object of the API.
type object = map[string]any

// zone is a server zone.
type zone struct {
	name     string
	share    float64 // of the requests
	seconds  float64 // mean time of a request
	document object
}

// server is a server of an upstream.
type server struct {
	upstream string
	share    float64
	millis   float64 // mean response time
	document object
}

func newPlus(t *testing.T, exporter string) *plus {
	t.Helper()
	p := &plus{api: plustest.New(), documents: map[string]any{}, seconds: recorded.Interval.Seconds()}
	for path, text := range plustest.Sample() {
		var document any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		p.documents[path] = document
	}
	p.addZones(t)
	p.addUpstreams(t)
	p.publish(t)
	s := p.api.Start()
	t.Cleanup(s.Close)
	p.target = startExporter(t, exporter, "--nginx.scrape-uri="+s.URL, "--nginx.plus", "--rate.window=15s")
	return p
}

// clone copies a JSON document.
func clone(t *testing.T, from any) object {
	t.Helper()
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	var to object
	if err := json.Unmarshal(text, &to); err != nil {
		t.Fatal(err)
	}
	return to
}

func (p *plus) addZones(t *testing.T) {
	t.Helper()
	sample := p.documents["http/server_zones"].(object)["shop.example.com"]
	all := object{}
	for i, name := range []string{"shop.example.com", "api.example.com", "static.example.com", "admin.example.com"} {
		z := &zone{name, []float64{0.5, 0.25, 0.2, 0.05}[i], []float64{0.06, 0.09, 0.04, 0.3}[i], clone(t, sample)}
		p.zones = append(p.zones, z)
		all[name] = z.document
	}
	p.documents["http/server_zones"] = all
}

func (p *plus) addUpstreams(t *testing.T) {
	t.Helper()
	all := p.documents["http/upstreams"].(object)
	shop := all["shop"].(object)
	sample := shop["peers"].([]any)[0]
	for u, name := range []string{"shop", "cart", "search", "payment"} {
		upstream := clone(t, shop)
		delete(upstream, "queue")
		upstream["zone"] = name
		var peers []any
		const peersEach = 4
		for i := range peersEach {
			peer := clone(t, sample)
			address := fmt.Sprintf("10.20.%d.%d:8080", u, 11+i)
			peer["id"], peer["server"], peer["name"], peer["state"] = i, address, address, "up"
			delete(peer, "downstart")
			peers = append(peers, peer)
			p.servers = append(p.servers, &server{name, []float64{0.5, 0.2, 0.2, 0.1}[u] / peersEach, []float64{25, 40, 90, 180}[u], peer})
		}
		upstream["peers"] = peers
		all[name] = upstream
	}
	p.servers[3].document["state"] = "down" // by an operator
	for _, peer := range p.documents["stream/upstreams"].(object)["pg"].(object)["peers"].([]any) {
		peer.(object)["state"] = "up"
	}
}

// step is the traffic until the next scrape.
func (p *plus) step(t *testing.T, scrape int) {
	t.Helper()
	requests := 3 * recorded.PerPod * recorded.Rate(scrape) / recorded.PerPod * p.seconds
	failing := recorded.During(recorded.ServerErrors, scrape)
	p.nginx(requests)
	for _, z := range p.zones {
		z.add(requests*z.share, failing && z.name == "api.example.com")
	}
	for i, s := range p.servers {
		s.add(requests*s.share, recorded.During(recorded.SlowUpstream, scrape) && s.upstream == "search", failing && s.upstream == "payment")
		s.setState(i, scrape)
	}
	p.rest(requests, scrape, failing)
	p.publish(t)
}

func (p *plus) publish(t *testing.T) {
	t.Helper()
	overlay := map[string][]byte{}
	for path, document := range p.documents {
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		overlay[path] = text
	}
	p.api.Set(standin.WithOverlay(overlay))
}

func jitter() float64 { return 0.9 + 0.2*rand.Float64() }

// add increases a counter, with some jitter.
func add(o object, by float64, path ...string) {
	for _, key := range path[:len(path)-1] {
		o = o[key].(object)
	}
	last := path[len(path)-1]
	n, _ := o[last].(float64)
	if by *= jitter(); by > 0 {
		o[last] = n + float64(int(by+rand.Float64()))
	}
}

func (p *plus) nginx(requests float64) {
	all := p.documents["http/requests"].(object)
	add(all, requests, "total")
	all["current"] = float64(int(requests / p.seconds * (0.05 + 0.02*rand.Float64())))
	connections := p.documents["connections"].(object)
	add(connections, requests/12, "accepted")
	connections["active"], connections["idle"] = all["current"], float64(90+rand.IntN(15))
	for _, w := range p.documents["workers"].([]any) {
		add(w.(object), requests/2, "http", "requests", "total")
	}
	document := p.documents["nginx"].(object)
	document["timestamp"] = time.Now().UTC().Format(time.RFC3339)
}

func (z *zone) add(requests float64, failing bool) {
	failed := 0.0005
	if failing {
		failed = 0.12
	}
	add(z.document, requests, "requests")
	add(z.document, requests*(0.93-failed), "responses", "2xx")
	add(z.document, requests*0.05, "responses", "3xx")
	add(z.document, requests*0.02, "responses", "4xx")
	add(z.document, requests*failed, "responses", "5xx")
	add(z.document, requests*450, "received")
	add(z.document, requests*9000, "sent")
	perSecond := requests / recorded.Interval.Seconds()
	z.document["processing"] = float64(int(perSecond*z.seconds*jitter() + rand.Float64()))
}

func (s *server) add(requests float64, slow, failing bool) {
	failed, millis := 0.0005, s.millis*(0.9+0.2*rand.Float64())
	if slow {
		millis *= 7
	}
	if failing {
		failed = 0.2
	}
	if s.document["state"] != "up" {
		requests = 0
	}
	add(s.document, requests, "requests")
	add(s.document, requests*(0.98-failed), "responses", "2xx")
	add(s.document, requests*0.02, "responses", "4xx")
	add(s.document, requests*failed, "responses", "5xx")
	if requests > 0 {
		s.document["response_time"], s.document["header_time"] = float64(int(millis)), float64(int(millis*0.6))
	}
	s.document["active"] = float64(int(requests*millis/5000 + rand.Float64()))
	histogram := s.document["response_time_hist"].(object)
	add(histogram, requests, "count")
	add(histogram, requests*millis, "sum")
	within := 0.0
	for _, bound := range []float64{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000} {
		before := within
		within = 1 - math.Exp(-bound/millis)
		add(histogram, requests*(within-before), "buckets", fmt.Sprint(bound))
	}
}

// setState makes two servers of payment fail one after the other.
func (s *server) setState(index, scrape int) {
	const first, second = 13, 14
	was := s.document["state"]
	if s.upstream != "payment" || index != first && index != second {
		return
	}
	from, until := recorded.ServerErrors[0]+4*(index-first), recorded.ServerErrors[1]+20*(index-first)
	state := "up"
	if scrape >= from && scrape < until {
		state = "unavail"
	}
	if index == second && scrape >= until && scrape < until+8 {
		state = "checking"
	}
	if index == second && scrape >= recorded.Scrapes-25 {
		state = "unhealthy"
	}
	s.document["state"] = state
	if state != "up" && was == "up" {
		s.document["downstart"] = time.Now().UTC().Format(time.RFC3339)
		add(s.document, 1.5, "unavail")
	}
	if state == "up" {
		delete(s.document, "downstart")
	}
}

// rest is caches, limits, queues, TLS, resolvers, stream and a reload.
func (p *plus) rest(requests float64, scrape int, failing bool) {
	for name, share := range map[string]float64{"page_cache": 0.5, "api_cache": 0.1} {
		cache := p.documents["http/caches"].(object)[name].(object)
		add(cache, requests*share*0.8, "hit", "responses")
		add(cache, requests*share*0.15, "miss", "responses")
		add(cache, requests*share*0.05, "expired", "responses")
	}
	limits := p.documents["http/limit_reqs"].(object)["login"].(object)
	add(limits, requests*0.05, "passed")
	connections := p.documents["http/limit_conns"].(object)["per_ip"].(object)
	add(connections, requests*0.05, "passed")
	if recorded.During(recorded.NoConnections, scrape) {
		add(limits, requests*0.03, "rejected")
		add(connections, requests*0.01, "rejected")
	}
	tls := p.documents["ssl"].(object)
	add(tls, requests/14, "handshakes")
	add(tls, requests/20, "session_reuses")
	add(tls, requests/400, "handshakes_failed")
	resolver := p.documents["resolvers"].(object)["cluster_dns"].(object)
	add(resolver, 12, "responses", "noerror")
	add(resolver, 0.5, "responses", "nxdomain")
	add(resolver, 0.1, "responses", "timedout")
	payment := p.documents["http/upstreams"].(object)["payment"].(object)
	queue := object{"size": 0.0, "max_size": 20.0, "overflows": 3.0}
	if old, ok := payment["queue"].(object); ok {
		queue = old
	}
	payment["queue"], queue["size"] = queue, 0.0
	if failing {
		queue["size"] = float64(8 + rand.IntN(12))
		add(queue, 4, "overflows")
	}
	for name, each := range map[string]float64{"postgres": 20, "dns": 60} {
		z := p.documents["stream/server_zones"].(object)[name].(object)
		add(z, each, "connections")
		add(z, each*0.99, "sessions", "2xx")
		add(z, each*0.01, "sessions", "5xx")
	}
	if scrape == recorded.Stopped[0] {
		document := p.documents["nginx"].(object)
		document["generation"] = document["generation"].(float64) + 1
		document["load_timestamp"] = document["timestamp"]
	}
}
