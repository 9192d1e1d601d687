//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// acceptText is what a Prometheus server of version 3 sends as it comes:
	// an exporter that does not speak OpenMetrics answers in the text format.
	acceptText = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
		"application/openmetrics-text;version=0.0.1;q=0.4," +
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
	// scrapeWait bounds one scrape.
	scrapeWait = 2 * time.Minute
)

// scraper asks one exporter the way Prometheus does.
type scraper struct {
	client      *http.Client
	url         string
	gzip        bool
	concurrency int
}

// newScraper keeps a connection for each of the scrapes that run at once.
func newScraper(addr string, o options) *scraper {
	return &scraper{
		client: &http.Client{
			Transport: &http.Transport{
				DisableCompression:  true, // what is asked for is set by hand
				MaxIdleConns:        o.concurrency,
				MaxIdleConnsPerHost: o.concurrency,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       scrapeWait,
		},
		url:         "http://" + addr + "/metrics",
		gzip:        o.gzip,
		concurrency: o.concurrency,
	}
}

// close gives up the idle connections, which the exporter would otherwise have
// to wait for when it ends.
func (s *scraper) close() { s.client.CloseIdleConnections() }

// scrape fetches the page once and copies it, as it comes, to body.
func (s *scraper) scrape(ctx context.Context, body io.Writer) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	req.Header.Set("Accept", acceptText)
	if s.gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	req.Header.Set("User-Agent", "Prometheus/3.0.0")
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(body, resp.Body); err != nil {
		return nil, fmt.Errorf("scrape: read the page: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scrape: the exporter answers %s", resp.Status)
	}
	return resp.Header, nil
}

// load scrapes n times, some at once, and returns the time that each scrape
// took, in seconds and sorted. The first failure ends it: a page that was not
// served cost nothing and would flatter the exporter.
func (s *scraper) load(ctx context.Context, n int) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg    sync.WaitGroup
		taken atomic.Int64
		parts = make([][]float64, s.concurrency)
	)
	for i := range parts {
		wg.Go(func() {
			for taken.Add(1) <= int64(n) && ctx.Err() == nil {
				start := time.Now()
				if _, err := s.scrape(ctx, io.Discard); err != nil {
					cancel(err)
					return
				}
				parts[i] = append(parts[i], time.Since(start).Seconds())
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	all := slices.Concat(parts...)
	slices.Sort(all)
	return all, nil
}

// pageFacts tells the size of a page.
type pageFacts struct {
	wire   int // bytes as sent
	bytes  int // bytes once unpacked
	series int
}

// up matches what an exporter says of an nginx that answers it.
var up = regexp.MustCompile(`(?m)^nginx(plus)?_up(\{[^}\n]*\})? 1$`)

// page fetches the page, requires that it says nginx is up, and measures it.
func (s *scraper) page(ctx context.Context) (pageFacts, error) {
	var wire bytes.Buffer
	header, err := s.scrape(ctx, &wire)
	if err != nil {
		return pageFacts{}, err
	}
	facts := pageFacts{wire: wire.Len()}
	text := wire.Bytes()
	if header.Get("Content-Encoding") == "gzip" {
		if text, err = unpack(&wire); err != nil {
			return pageFacts{}, err
		}
	}
	if !up.Match(text) {
		return pageFacts{}, errors.New("the exporter does not say that nginx is up")
	}
	facts.bytes = len(text)
	facts.series = countSeries(text)
	return facts, nil
}

// unpack undoes gzip.
func unpack(packed io.Reader) ([]byte, error) {
	zr, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack the page: %w", err)
	}
	text, err := io.ReadAll(zr)
	if err != nil {
		return nil, fmt.Errorf("unpack the page: %w", err)
	}
	return text, nil
}

// countSeries counts the lines that hold a sample.
func countSeries(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			n++
		}
	}
	return n
}
