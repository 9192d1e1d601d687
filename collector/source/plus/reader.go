package plus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"nginx-exporter/client/api"
	"nginx-exporter/client/plus"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// nginxPath is the document that identifies the configuration. It is always
// read, since another configuration makes the index outdated.
const nginxPath = "nginx"

// reader reads the API of one target.
type reader struct {
	protocol *Protocol
	api      *plus.API

	mu sync.Mutex
	// generation identifies the configuration that nginx last reported, and
	// indexed the one of the index. They are empty if unknown.
	generation, indexed string
	// indexedAt is when the index was last refreshed, or first used.
	indexedAt time.Time
	// missing has the listed paths that were not found in this generation.
	missing map[string]bool
}

// Discover implements [source.Reader]. The index of the API is cached until it is
// outdated.
func (r *reader) Discover(ctx context.Context, selection *source.Selection) ([]source.Source, error) {
	index, err := r.api.Index(ctx)
	if err != nil {
		return nil, err
	}
	var sources []source.Source
	for _, d := range r.protocol.documents {
		if index.Has(d.path) && (selection.Enabled(d.info.Name) || d.path == nginxPath) {
			sources = append(sources, &request{document: d, reader: r, index: index, selection: selection})
		}
	}
	return sources, nil
}

// Outdated implements [source.Reader]. The index is outdated when nginx has
// loaded another configuration, and when no document is found, for example after
// nginx was replaced. It is also refreshed every refreshEvery, since a proxy may
// let more of the API through than before.
func (r *reader) Outdated(ctx context.Context, results []*source.Result) bool {
	failed, notFound := 0, 0
	for _, result := range results {
		if result.Err != nil {
			failed++
		}
		if api.IsNotFound(result.Err) {
			notFound++
		}
	}
	reloaded := r.reloaded()
	replaced := len(results) > 0 && notFound == len(results)
	if !reloaded && failed < len(results) && r.isDue() {
		return r.api.Refresh(ctx)
	}
	if reloaded || len(results) > 0 && failed == len(results) {
		r.api.InvalidateIndex() // another server may run at the target now
	}
	return reloaded || replaced
}

// refreshEvery is how often the index is refreshed, which takes four requests.
const refreshEvery = 10 * time.Minute

// isDue reports whether the index should be refreshed, and if so restarts the
// interval.
func (r *reader) isDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.indexedAt
	if !before.IsZero() && time.Since(before) < refreshEvery {
		return false
	}
	r.indexedAt = time.Now()
	return !before.IsZero()
}

// reloaded reports whether nginx has loaded another configuration since the last
// call.
func (r *reader) reloaded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.indexed
	r.indexed = r.generation
	if before == "" || before == r.generation {
		return false
	}
	clear(r.missing)
	return true
}

// noteGeneration records which configuration nginx runs.
func (r *reader) noteGeneration(n *plus.Nginx) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generation = fmt.Sprint(n.Version, n.Build, n.Generation.Float(), n.LoadTimestamp.Float())
}

// noteMissing invalidates the index, since a path of it was not found. It does so
// once per path and generation: if nginx lists it again, reading the index in
// each scrape would not help.
func (r *reader) noteMissing(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.missing[path] {
		r.missing[path] = true
		r.api.InvalidateIndex()
	}
}

// Report implements [source.Reader].
func (r *reader) Report(b *metric.Batch, up bool, results []*source.Result) {
	metric.Add(b, r.protocol.up, &up)
	paths := map[string]string{}
	for _, d := range r.protocol.documents {
		paths[d.info.Name] = d.path
	}
	endpoints := make([]*endpoint, len(results))
	for i, result := range results {
		endpoints[i] = &endpoint{paths[result.Source], result}
	}
	metric.Add(b, r.protocol.endpoints, endpoints...)
}
