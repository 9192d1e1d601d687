package web

import (
	"net/http"
	"strconv"
	"time"
)

// timeoutHeader is in which Prometheus tells how long it waits, in seconds.
const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// longestBudget is where a told time-out stops to mean anything.
const longestBudget = 24 * time.Hour

// budget returns how long a scrape may take by the word of the scraper, less a
// margin in which the page gets back to it. Anything but a positive number of
// seconds tells nothing.
func (s *Server) budget(header http.Header) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(header.Get(timeoutHeader), 64)
	if err != nil || !(seconds > 0) || seconds > longestBudget.Seconds() {
		return 0, false
	}
	told := time.Duration(seconds * float64(time.Second))
	// A margin that suits ten seconds would leave nothing of one.
	const share = 4
	return told - min(s.web.TimeoutOffset, told/share), true
}
