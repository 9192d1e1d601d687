package web

import (
	"net/http"
	"strconv"
	"time"
)

// timeoutHeader is the header in which Prometheus sends its scrape timeout, in
// seconds.
const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// longestBudget is the longest scrape timeout that is respected.
const longestBudget = 24 * time.Hour

// budget returns how long a scrape may take: the timeout of the scraper less an
// offset, so that the response arrives in time. A header that is not a positive
// number is ignored.
func (s *Server) budget(header http.Header) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(header.Get(timeoutHeader), 64)
	if err != nil || !(seconds > 0) || seconds > longestBudget.Seconds() {
		return 0, false
	}
	timeout := time.Duration(seconds * float64(time.Second))
	// An offset that suits a timeout of ten seconds may exceed one of a second.
	const largestShare = 4
	return timeout - min(s.web.TimeoutOffset, timeout/largestShare), true
}
