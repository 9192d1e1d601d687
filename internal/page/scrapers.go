package page

import (
	"cmp"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scrapers remembers who scraped /metrics last, to show whether Prometheus does. It
// is safe for concurrent use.
type Scrapers struct {
	now func() time.Time

	mu  sync.Mutex
	all []Scraper // the latest last
}

// Scraper is a client that scraped as Prometheus does.
type Scraper struct {
	Address string    // without the port
	Agent   string    // the header User-Agent, cut
	Last    time.Time // when its last scrape began
	Every   time.Duration
}

const (
	maxScrapers = 16
	maxAgent    = 64 // bytes
)

// Note records a request for /metrics if it is a scrape: Prometheus and compatible
// agents send their timeout.
func (s *Scrapers) Note(r *http.Request) {
	if r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds") == "" {
		return
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = "" // a Unix socket
	}
	agent := r.UserAgent()
	agent = strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], "")
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	scraper := Scraper{Address: host, Agent: agent, Last: now}
	if i := slices.IndexFunc(s.all, func(o Scraper) bool { return o.Address == host && o.Agent == agent }); i >= 0 {
		scraper.Every = now.Sub(s.all[i].Last)
		s.all = slices.Delete(s.all, i, i+1)
	} else if len(s.all) == maxScrapers {
		s.all = slices.Delete(s.all, 0, 1)
	}
	s.all = append(s.all, scraper)
}

// List returns the scrapers, the latest first.
func (s *Scrapers) List() []Scraper {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.all)
	slices.SortStableFunc(list, func(a, b Scraper) int { return cmp.Compare(b.Last.UnixNano(), a.Last.UnixNano()) })
	return list
}
