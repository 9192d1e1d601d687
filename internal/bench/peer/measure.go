//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// acceptText is the Accept header of Prometheus 3.
const acceptText = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
	"application/openmetrics-text;version=0.0.1;q=0.4," +
	"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

// cost is the resource usage of one exporter in a scenario.
type cost struct {
	cpu         time.Duration // of a round, the median of all rounds
	anonymous   int           // bytes of memory at the end
	peak        int           // bytes of the largest resident set
	series      int           // in a response
	bytes       int           // of a response as it was sent
	requests    float64       // to nginx, in a scrape
	connections float64       // to nginx, new ones in a scrape
}

// result has the costs of both exporters.
type result struct {
	scenario
	ours, peer cost
}

// target is an nginx to scrape.
type target struct {
	uri   string
	flags []string // for both exporters
	ours  []string // so that ours has the same series as the peer
	// counts returns the number of requests and connections so far.
	counts func() (requests, connections int)
}

func (t *trial) compare(o *options, s scenario) result {
	nginx := t.startTarget(s)
	ours := t.startExporter(o.ours, s, nginx, slices.Concat(nginx.flags, nginx.ours, strings.Fields(o.oursFlags)))
	peer := t.startExporter(o.peer, s, nginx, slices.Concat(nginx.flags, strings.Fields(o.peerFlags)))
	for range o.rounds {
		for _, e := range []*exporter{ours, peer} {
			e.round(t, s.scrapes)
		}
	}
	return result{scenario: s, ours: ours.cost(t, s), peer: peer.cost(t, s)}
}

func (t *trial) startTarget(s scenario) target {
	if s.size == "" {
		return t.startStubStatus()
	}
	size, err := standin.SizeOf(s.size)
	t.check(err)
	api := plustest.Sized(size)
	server := api.Start()
	t.Cleanup(server.Close)
	return target{
		uri: server.URL, flags: []string{"--nginx.plus", "--nginx.timeout=10m"}, ours: []string{"--nginx.plus.pad-codes"},
		counts: func() (requests, connections int) { return api.Total(), api.Connections() },
	}
}

// startStubStatus starts a real nginx, whose counters include the requests for
// them.
func (t *trial) startStubStatus() target {
	address := nginxtest.FreeAddress(t, "127.0.0.1")
	nginxtest.Start(t, "server { listen "+address+"; location = /stub_status { stub_status; } }\n")
	uri := "http://" + address + "/stub_status"
	asked := 0
	return target{uri: uri, counts: func() (requests, connections int) {
		asked++
		body := t.get(&http.Transport{DisableKeepAlives: true}, uri, nil)
		var handled int
		_, counters, _ := strings.Cut(string(body), "requests\n")
		_, err := fmt.Sscan(counters, &connections, &handled, &requests)
		t.check(err)
		return requests - asked, connections - asked
	}}
}

// exporter is a running exporter.
type exporter struct {
	*proctest.Process
	url       string
	transport *http.Transport
	header    http.Header
	atOnce    int
	nginx     target

	rounds                         []time.Duration
	scrapes, requests, connections int
}

// startExporter starts an exporter, waits until it reports that nginx is up, and
// warms it up with a tenth of a round.
func (t *trial) startExporter(binary string, s scenario, nginx target, flags []string) *exporter {
	address := nginxtest.FreeAddress(t, "127.0.0.1")
	command := exec.Command(binary, append([]string{"--web.listen-address=" + address, "--nginx.scrape-uri=" + nginx.uri}, flags...)...) //nolint:noctx // proctest ends it
	command.Env = []string{}                                                                                                             // both read settings from it
	e := &exporter{
		Process: proctest.Start(t, "", command), url: "http://" + address + "/metrics", nginx: nginx, atOnce: s.atOnce,
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: s.atOnce},
		header: http.Header{
			"Accept": {acceptText}, "User-Agent": {"Prometheus/3.0.0"}, "X-Prometheus-Scrape-Timeout-Seconds": {"600"},
		},
	}
	if !s.plain {
		e.header.Set("Accept-Encoding", "gzip")
	}
	t.Cleanup(e.transport.CloseIdleConnections)
	e.Await(t, "the exporter to listen", func() bool {
		t.check(t.ctx.Err())
		request, err := http.NewRequestWithContext(t.ctx, http.MethodHead, "http://"+address+"/", http.NoBody)
		t.check(err)
		response, err := e.transport.RoundTrip(request)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil
	})
	for range max(1, s.scrapes/10) {
		t.get(e.transport, e.url, e.header)
	}
	return e
}

// round runs one round of scrapes and records its cost.
func (e *exporter) round(t *trial, scrapes int) {
	requests, connections := e.nginx.counts()
	before := e.CPUSoFar(t)
	var left atomic.Int64
	left.Store(int64(scrapes))
	var group sync.WaitGroup
	failures := make([]error, e.atOnce)
	for i := range e.atOnce {
		group.Go(func() {
			scraper := &trial{ctx: t.ctx}
			failures[i] = scraper.do(func() {
				for left.Add(-1) >= 0 {
					scraper.get(e.transport, e.url, e.header)
				}
			})
		})
	}
	group.Wait()
	for _, err := range failures {
		t.check(err)
	}
	e.rounds = append(e.rounds, e.CPUSoFar(t)-before)
	requestsAfter, connectionsAfter := e.nginx.counts()
	e.scrapes += scrapes
	e.requests += requestsAfter - requests
	e.connections += connectionsAfter - connections
}

// cost returns the cost so far, with the memory usage and the size of a response.
func (e *exporter) cost(t *trial, s scenario) cost {
	slices.Sort(e.rounds)
	c := cost{
		cpu: e.rounds[len(e.rounds)/2], anonymous: e.Memory(t, "RssAnon"), peak: e.Memory(t, "VmHWM"),
		requests: float64(e.requests) / float64(e.scrapes), connections: float64(e.connections) / float64(e.scrapes),
	}
	body := t.get(e.transport, e.url, e.header)
	c.bytes = len(body)
	if !s.plain && bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		reader, err := gzip.NewReader(bytes.NewReader(body))
		t.check(err)
		body, err = io.ReadAll(reader)
		t.check(err)
	}
	if !regexp.MustCompile(`(?m)^nginx(plus)?_up(\{[^}\n]*\})? 1$`).Match(body) {
		t.Fatalf("%s does not say that nginx is up", e.url)
	}
	for line := range bytes.Lines(body) {
		if line[0] != '#' {
			c.series++
		}
	}
	return c
}

// get sends a request and returns the body of the response.
func (t *trial) get(transport *http.Transport, url string, header http.Header) []byte {
	request, err := http.NewRequestWithContext(t.ctx, http.MethodGet, url, http.NoBody)
	t.check(err)
	if header != nil {
		request.Header = header
	}
	response, err := transport.RoundTrip(request)
	t.check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	t.check(err)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s has status %d", url, response.StatusCode)
	}
	return body
}
