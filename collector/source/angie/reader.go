package angie

import (
	"context"
	"fmt"
	"sync"

	"nginx-exporter/client/angie"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// reader reads the status of one target.
type reader struct {
	protocol *Protocol
	api      *angie.API

	mu         sync.Mutex
	generation string          // identifies the configuration that Angie last reported
	missing    map[string]bool // paths that were not found in this generation
}

// Discover implements [source.Reader]. If all sources are enabled, it reads the
// whole tree in one request. Otherwise it reads only the server, and each source
// requests its own part, so that Angie does not send the others.
func (r *reader) Discover(ctx context.Context, selection *source.Selection) ([]source.Source, error) {
	for _, p := range r.protocol.parts {
		if !selection.Enabled(p.info.Name) {
			return r.inParts(ctx, selection)
		}
	}
	return r.atOnce(ctx, selection)
}

func (r *reader) atOnce(ctx context.Context, selection *source.Selection) ([]source.Source, error) {
	tree := &angie.Tree{Parts: map[string]angie.Part{}}
	for _, p := range r.protocol.parts {
		tree.Parts[p.path] = p.empty()
	}
	if err := r.api.ReadTree(ctx, tree); err != nil {
		return nil, err
	}
	var sources []source.Source
	for _, p := range r.protocol.parts {
		if invalid, found := tree.Found[p.path]; found {
			sources = append(sources, &reading{part: p, reader: r, selection: selection, document: tree.Parts[p.path], invalid: invalid})
		}
	}
	return sources, nil
}

func (r *reader) inParts(ctx context.Context, selection *source.Selection) ([]source.Source, error) {
	server, invalid, err := r.api.ReadServer(ctx)
	if err != nil {
		return nil, err
	}
	r.noteGeneration(server)
	sources := []source.Source{&reading{part: r.protocol.parts[0], reader: r, selection: selection, document: server, invalid: invalid}}
	for _, p := range r.protocol.parts[1:] {
		if selection.Enabled(p.info.Name) && !r.isMissing(p.path) {
			sources = append(sources, &reading{part: p, reader: r, selection: selection})
		}
	}
	return sources, nil
}

// Outdated implements [source.Reader]. Sources are discovered in each scrape.
func (*reader) Outdated(context.Context, []*source.Result) bool { return false }

// Report implements [source.Reader].
func (*reader) Report(*metric.Batch, bool, []*source.Result) {}

// noteGeneration records which configuration Angie runs. Another one may have
// parts that were not found before.
func (r *reader) noteGeneration(s *angie.Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	generation := fmt.Sprint(s.Version, s.Generation.Float(), s.LoadTime.Float())
	if r.generation != generation {
		r.generation = generation
		clear(r.missing)
	}
}

// noteMissing records that a part was not found.
func (r *reader) noteMissing(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing[path] = true
}

func (r *reader) isMissing(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missing[path]
}
