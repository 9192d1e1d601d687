package recorded_test

import (
	"encoding/json"
	"testing"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/standin"
)

// simulated is an nginx whose status is one JSON document, with its exporter. The document
// follows the plan: step changes it before each scrape.
type simulated struct {
	root   object
	sites  []*site
	nginx  *standin.Nginx
	target *target
}

// site is a server with an upstream.
type site struct {
	name    string
	share   float64 // of the requests
	millis  float64 // mean response time
	zone    object
	servers []object
}

// host is the name of the server.
func (s *site) host() string { return s.name + ".example.com" }

// serve starts the server and its exporter.
func (s *simulated) serve(t *testing.T, exporter string) {
	t.Helper()
	s.publish(t)
	server := s.nginx.Start()
	t.Cleanup(server.Close)
	s.target = startExporter(t, exporter, "--nginx.scrape-uri="+server.URL, "--rate.window=15s")
}

func (s *simulated) publish(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(s.root)
	if err != nil {
		t.Fatal(err)
	}
	s.nginx.Set(standin.WithDocument(standin.Root, string(text)))
}

// decoded returns a document as an object.
func decoded(t *testing.T, text []byte) object {
	t.Helper()
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// part returns the object at a path of keys.
func part(root object, path ...string) object {
	for _, key := range path {
		root = root[key].(object)
	}
	return root
}

// requests returns those to all sites until the next scrape.
func requests(scrape int) float64 {
	const instances = 1.5 // more than one of the web servers
	return instances * recorded.Rate(scrape) * recorded.Interval.Seconds()
}

// traffic is what a site and its upstream do until the next scrape. The second site is
// slow for a while, the third one fails.
type traffic struct {
	requests float64
	failed   float64 // share
	millis   float64
	failing  bool
}

func (s *site) traffic(index, scrape int) traffic {
	all := traffic{requests: requests(scrape) * s.share, failed: 0.0005, millis: s.millis * jitter()}
	if index == 1 && recorded.During(recorded.SlowUpstream, scrape) {
		all.millis *= 6
	}
	if index == 2 && recorded.During(recorded.ServerErrors, scrape) {
		all.failed, all.failing = 0.15, true
	}
	return all
}
