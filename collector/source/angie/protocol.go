// Package angie has the metrics of the status of Angie, one file per part of it.
//
// Their names are those of the template for Prometheus that Angie comes with,
// prometheus_all.conf; metrics that it lacks follow the conventions of Prometheus.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/.
package angie

import (
	"context"

	"nginx-exporter/client"
	"nginx-exporter/client/angie"
	"nginx-exporter/client/api"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// Options configure the reading of all targets.
type Options struct {
	// MaxDocument bounds one response, in bytes after decompression. Zero means
	// [angie.DefaultMaxDocument].
	MaxDocument int64
}

// Protocol reads the status of Angie.
type Protocol struct {
	maxDocument int64
	parts       []*part // the first one is that of the server
}

// New returns the protocol.
func New(o Options) *Protocol {
	return &Protocol{
		maxDocument: o.MaxDocument,
		parts: []*part{
			serverPart(),
			connectionsPart(),
			slabsPart(),
			resolversPart(),
			serverZonesPart(),
			locationZonesPart(),
			cachesPart(),
			limitReqsPart(),
			limitConnsPart(),
			streamLimitConnsPart(),
			acmePart(),
			metricZonesPart(),
			streamMetricZonesPart(),
			upstreamsPart(),
			streamZonesPart(),
			streamUpstreamsPart(),
		},
	}
}

// Name implements [source.Protocol].
func (*Protocol) Name() string { return angie.Mode.String() }

// Description implements [source.Protocol].
func (*Protocol) Description() string { return "the status of Angie" }

// Discovery implements [source.Protocol].
func (*Protocol) Discovery() string { return "angie" }

// Sources implements [source.Protocol].
func (p *Protocol) Sources() []source.Info {
	infos := make([]source.Info, len(p.parts))
	for i, one := range p.parts {
		infos[i] = one.info
	}
	return infos
}

// Families implements [source.Protocol].
func (p *Protocol) Families() []metric.Family {
	var families []metric.Family
	for _, one := range p.parts {
		families = append(families, one.families...)
	}
	return families
}

// Recognizes implements [source.Protocol].
func (*Protocol) Recognizes(err error) bool { return angie.Recognizes(err) }

// Open implements [source.Protocol].
func (p *Protocol) Open(c *client.Client) source.Reader {
	return &reader{protocol: p, api: angie.New(c, p.maxDocument), missing: map[string]bool{}}
}

// part is one part of the status and its metrics.
type part struct {
	info     source.Info
	path     string // in the tree
	families []metric.Family
	empty    func() angie.Part
	add      func(s *source.Selection, b *metric.Batch, document angie.Part)
}

// newPart returns the part at a path. The function add adds its series to the
// batch.
func newPart[T any, P interface {
	*T
	angie.Part
}](info source.Info, path string, add func(s *source.Selection, b *metric.Batch, document P), tables ...interface{ Families() []metric.Family }) *part {
	p := &part{
		info: info, path: path,
		empty: func() angie.Part { return P(new(T)) },
		add: func(s *source.Selection, b *metric.Batch, document angie.Part) {
			if own, ok := document.(P); ok {
				add(s, b, own)
			}
		},
	}
	for _, table := range tables {
		p.families = append(p.families, table.Families()...)
	}
	return p
}

// on describes a source that is enabled by default.
func on(name, about string) source.Info {
	return source.Info{Name: "angie_" + name, About: about, Default: true}
}

// single describes a source that is enabled by default and has at most one object
// of each table.
func single(name, about string) source.Info {
	return source.Info{Name: "angie_" + name, About: about, Default: true, Single: true}
}

// reading is the source of one part in one scrape.
type reading struct {
	part      *part
	reader    *reader
	selection *source.Selection
	document  angie.Part // nil unless it was read with the tree
	invalid   int        // members of the document
}

// Name implements [source.Source].
func (r *reading) Name() string { return r.part.info.Name }

// Families implements [source.Source].
func (r *reading) Families() []metric.Family { return r.part.families }

// Collect implements [source.Source].
func (r *reading) Collect(ctx context.Context, b *metric.Batch) error {
	if r.document == nil {
		document := r.part.empty()
		invalid, err := r.reader.api.Read(ctx, r.part.path, document)
		if api.IsNotFound(err) {
			r.reader.noteMissing(r.part.path)
			return source.ErrAbsent
		}
		if err != nil {
			return err
		}
		r.document, r.invalid = document, invalid
	}
	b.Invalid += r.invalid
	r.part.add(r.selection, b, r.document)
	return nil
}
