//go:build linux

package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// scraperOf points a scraper at a handler.
func scraperOf(t *testing.T, o options, h http.HandlerFunc) *scraper {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s := newScraper(strings.TrimPrefix(srv.URL, "http://"), o)
	t.Cleanup(s.close)
	return s
}

func TestScraperAsksAsPrometheusDoes(t *testing.T) {
	t.Parallel()
	var seen http.Header
	s := scraperOf(t, options{gzip: true, concurrency: 1}, func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Header
	})
	if _, err := s.scrape(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Accept-Encoding": "gzip", "Accept": acceptText, "X-Prometheus-Scrape-Timeout-Seconds": "10",
	} {
		if got := seen.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	s.gzip = false
	if _, err := s.scrape(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := seen.Values("Accept-Encoding"); len(got) > 0 {
		t.Errorf("without gzip: got Accept-Encoding %q", got)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	const text = "# HELP nginx_up x\n# TYPE nginx_up gauge\nnginx_up{a=\"b\"} 1\n\nother 2\nlast 3"
	s := scraperOf(t, options{gzip: true, concurrency: 1}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			fmt.Fprint(w, text)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		fmt.Fprint(zw, text)
		_ = zw.Close()
	})
	packed, err := s.page(t.Context())
	if err != nil || packed.bytes != len(text) || packed.series != 3 || packed.wire == len(text) {
		t.Errorf("got %+v, %v", packed, err)
	}
	s.gzip = false
	plain, err := s.page(t.Context())
	if want := (pageFacts{wire: len(text), bytes: len(text), series: 3}); err != nil || plain != want {
		t.Errorf("got %+v, %v; want %+v", plain, err, want)
	}
}

func TestPageRefusesWhatIsNoGoodPage(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"nginx down": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "nginx_up 0\n") },
		"in a comment": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "# nginx_up 1\nnginx_up 10\n")
		},
		"error status": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "nginx_up 1", http.StatusTeapot) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/metrics", http.StatusFound)
		},
		"not gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "nginx_up 1\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scraperOf(t, options{gzip: true, concurrency: 1}, h)
			if got, err := s.page(t.Context()); err == nil {
				t.Errorf("got %+v and no error", got)
			}
		})
	}
}

func TestLoadCountsExactly(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := scraperOf(t, options{concurrency: 4}, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	latencies, err := s.load(t.Context(), 101)
	if err != nil || len(latencies) != 101 || asked.Load() != 101 {
		t.Errorf("got %d latencies, %v; the server was asked %d times", len(latencies), err, asked.Load())
	}
}

func TestLoadEndsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := scraperOf(t, options{concurrency: 2}, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) >= 10 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if _, err := s.load(t.Context(), 1000); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
	if got := asked.Load(); got > 12 {
		t.Errorf("went on to ask: %d times", got)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := scraperOf(t, options{concurrency: 2}, func(http.ResponseWriter, *http.Request) { cancel(why) })
	if _, err := s.load(ctx, 1_000_000); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}
