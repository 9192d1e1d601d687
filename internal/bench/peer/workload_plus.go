//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"

	"nginx-exporter/internal/plustest"
)

// plusPrefix begins how -workload calls the NGINX Plus API; a size follows.
const plusPrefix = "plus-"

// plus is the workload of an NGINX Plus of some size, served from documents in
// the process of the benchmark: only the exporters are measured.
type plus struct {
	size string
}

// name implements workload.
func (w plus) name() string { return plusPrefix + strings.ToLower(w.size) }

// scrapes implements workload. A round of about ten seconds is enough.
func (w plus) scrapes() int {
	return map[string]int{"S": 2000, "M": 100, "L": 5, "XL": 1}[w.size]
}

// start implements workload.
func (w plus) start(context.Context, string) (target, error) {
	size, err := plustest.SizeOf(w.size)
	if err != nil {
		return nil, fmt.Errorf("-workload: %w", err)
	}
	api := plustest.Sized(size)
	return &plusServer{workload: w, size: size, api: api, server: api.Start()}, nil
}

// plusServer is a running API.
type plusServer struct {
	workload  plus
	size      plustest.Size
	api       *plustest.API
	server    *plustest.Server
	questions uint64 // by asked, which the server does not see
}

// flags implements target. Both exporters wait as long as it takes.
func (s *plusServer) flags() []string {
	return []string{"--nginx.plus", "--nginx.scrape-uri=" + s.server.URL, "--nginx.timeout=10m"}
}

// facts implements target.
func (s *plusServer) facts() string {
	return fmt.Sprintf("NGINX Plus API from documents, size %s: %d upstreams with %d servers each, %d server zones",
		s.workload.size, s.size.Upstreams, s.size.Peers, s.size.Zones)
}

// asked implements target.
func (s *plusServer) asked(context.Context) (asked, error) {
	s.questions++
	return asked{
		requests:    uint64(s.api.Total()) + s.questions,       // a count
		connections: uint64(s.api.Connections()) + s.questions, // a count
	}, nil
}

// stop implements target.
func (s *plusServer) stop() { s.server.Close() }
