// Package vts has the metrics of nginx-module-vts, with the names of the module's
// own Prometheus format.
//
// See https://github.com/vozlt/nginx-module-vts#prometheus.
package vts

import (
	"context"
	"slices"

	"nginx-exporter/client"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// Options choose the series of all targets.
type Options struct {
	// MaxDocument bounds the document, in bytes after decompression. Zero means
	// [vts.DefaultMaxDocument].
	MaxDocument int64

	// Compat has the metrics of nginx-vts-exporter instead, whose names begin with
	// the namespace.
	Compat    bool
	Namespace string
}

// Protocol reads the JSON of nginx-module-vts.
type Protocol struct {
	options Options
	parts   []*part
}

// New returns the protocol.
func New(o Options) *Protocol {
	parts := []*part{mainPart(), serversPart(), filtersPart(), upstreamsPart(), cachesPart()}
	if o.Compat {
		parts = compatParts(o.Namespace)
	}
	return &Protocol{o, parts}
}

// Name implements [source.Protocol].
func (*Protocol) Name() string { return string(vts.Mode) }

// Description implements [source.Protocol].
func (*Protocol) Description() string { return "the JSON of nginx-module-vts" }

// Discovery implements [source.Protocol]: the document itself is read then, since
// it has all sources.
func (*Protocol) Discovery() string { return "vts" }

// Sources implements [source.Protocol].
func (p *Protocol) Sources() []source.Info {
	infos := make([]source.Info, len(p.parts))
	for i, part := range p.parts {
		infos[i] = part.info
	}
	return infos
}

// Families implements [source.Protocol].
func (p *Protocol) Families() []metric.Family {
	var families []metric.Family
	for _, part := range p.parts {
		families = append(families, part.families...)
	}
	return families
}

// Recognizes implements [source.Protocol].
func (*Protocol) Recognizes(err error) bool { return vts.Recognizes(err) }

// Open implements [source.Protocol].
func (p *Protocol) Open(c *client.Client) source.Reader { return &reader{p, c} }

// reader is the reader of a target.
type reader struct {
	protocol *Protocol
	client   *client.Client
}

// Discover implements [source.Reader].
func (r *reader) Discover(ctx context.Context, selection *source.Selection) ([]source.Source, error) {
	status, err := vts.Read(ctx, r.client, r.protocol.options.MaxDocument)
	if err != nil {
		return nil, err
	}
	var sources []source.Source
	for i, part := range r.protocol.parts {
		// The first one is always read: without any source nginx would seem down.
		if i == 0 || selection.Enabled(part.info.Name) {
			sources = append(sources, &section{part, status, selection})
		}
	}
	return sources, nil
}

// Outdated implements [source.Reader].
func (*reader) Outdated(context.Context, []*source.Result) bool { return false }

// Report implements [source.Reader].
func (*reader) Report(*metric.Batch, bool, []*source.Result) {}

// part is a part of the document that can be enabled by itself.
type part struct {
	info     source.Info
	families []metric.Family
	add      func(b *metric.Batch, status *vts.Status, selection *source.Selection)
}

func newPart(info source.Info, add func(*metric.Batch, *vts.Status, *source.Selection), tables ...interface{ Families() []metric.Family }) *part {
	p := &part{info: info, add: add}
	for _, table := range tables {
		p.families = slices.Concat(p.families, table.Families())
	}
	return p
}

// section is the source of one part in one scrape.
type section struct {
	part      *part
	status    *vts.Status
	selection *source.Selection
}

// Name implements [source.Source].
func (s *section) Name() string { return s.part.info.Name }

// Families implements [source.Source].
func (s *section) Families() []metric.Family { return s.part.families }

// Collect implements [source.Source].
func (s *section) Collect(_ context.Context, b *metric.Batch) error {
	s.part.add(b, s.status, s.selection)
	return nil
}
