package plus

import (
	"time"

	"nginx-exporter/collector/source"
)

// MakeDue makes a reader refresh its index after the next scrape.
func MakeDue(r source.Reader) {
	if r, ok := r.(*reader); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.indexedAt = time.Now().Add(-refreshEvery)
	}
}
