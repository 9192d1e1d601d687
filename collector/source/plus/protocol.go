// Package plus has the metrics of the NGINX Plus API, one file per document.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html.
package plus

import (
	"context"
	"slices"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// Options choose the series of all targets.
type Options struct {
	// PadCodes exposes every status code that nginx-prometheus-exporter
	// exposes, with zero where NGINX Plus did not list it.
	PadCodes bool

	// ServerID distinguishes servers of an upstream with the same address by the
	// label id. Otherwise they are merged.
	ServerID bool

	// MaxDocument bounds one document, in bytes after decompression. Zero means
	// [plus.DefaultMaxDocument].
	MaxDocument int64
}

// Protocol reads the API of NGINX Plus.
type Protocol struct {
	maxDocument int64
	documents   []*document
	up          *metric.Table[*bool]
	endpoints   *metric.Table[*endpoint]
}

// New returns the protocol.
func New(o Options) *Protocol {
	return &Protocol{
		maxDocument: o.MaxDocument,
		up:          upTable(),
		endpoints:   endpointTable(),
		documents: []*document{
			nginxDocument(),
			processesDocument(),
			connectionsDocument(),
			slabsDocument(),
			requestsDocument(),
			serverZonesDocument(&o),
			locationZonesDocument(&o),
			cachesDocument(),
			limitReqsDocument(),
			limitConnsDocument(),
			streamLimitConnsDocument(),
			upstreamsDocument(&o),
			streamZonesDocument(),
			streamUpstreamsDocument(&o),
			keyvalsDocument(),
			streamKeyvalsDocument(),
			zoneSyncDocument(),
			resolversDocument(),
			tlsDocument(),
			licenseDocument(),
			workersDocument(),
		},
	}
}

// Name implements [source.Protocol].
func (*Protocol) Name() string { return string(plus.Mode) }

// Description implements [source.Protocol].
func (*Protocol) Description() string { return "the NGINX Plus API" }

// Discovery implements [source.Protocol].
func (*Protocol) Discovery() string { return "api" }

// Sources implements [source.Protocol].
func (p *Protocol) Sources() []source.Info {
	var infos []source.Info
	for _, d := range p.documents {
		infos = append(append(infos, d.info), d.details...)
	}
	return infos
}

// Families implements [source.Protocol].
func (p *Protocol) Families() []metric.Family {
	families := slices.Concat(p.up.Families(), p.endpoints.Families())
	for _, d := range p.documents {
		families = append(families, d.families...)
	}
	return families
}

// Recognizes implements [source.Protocol].
func (*Protocol) Recognizes(err error) bool { return plus.Recognizes(err) }

// Open implements [source.Protocol].
func (p *Protocol) Open(c *client.Client) source.Reader {
	return &reader{protocol: p, api: plus.New(c, p.maxDocument), missing: map[string]bool{}}
}

// document is one document of the API.
type document struct {
	info     source.Info
	details  []source.Info // parts that are enabled by themselves
	path     string        // below the version of the API
	families []metric.Family
	collect  func(ctx context.Context, r *request, b *metric.Batch) error
}

// newDocument returns the document at a path. The function add adds its series to
// the batch.
func newDocument[T any, P interface {
	*T
	plus.Document
}](info source.Info, path string, add func(r *request, b *metric.Batch, document P), tables ...interface{ Families() []metric.Family }) *document {
	d := &document{info: info, path: path}
	for _, table := range tables {
		d.families = append(d.families, table.Families()...)
	}
	d.collect = func(ctx context.Context, r *request, b *metric.Batch) error {
		document := P(new(T))
		invalid, err := r.reader.api.Read(ctx, r.index, path, document)
		if err != nil {
			return err
		}
		b.Invalid += invalid
		add(r, b, document)
		return nil
	}
	return d
}

// withDetail adds a part that is disabled by default, and returns the document.
func (d *document) withDetail(name, about string) *document {
	d.details = append(d.details, source.Info{Name: name, About: about})
	return d
}

// on describes a source that is enabled by default.
func on(name, about string) source.Info { return source.Info{Name: name, About: about, Default: true} }

// single describes a source that is enabled by default and has at most one object
// of each table.
func single(name, about string) source.Info {
	return source.Info{Name: name, About: about, Default: true, Single: true}
}

// off describes a source that is disabled by default.
func off(name, about string) source.Info { return source.Info{Name: name, About: about} }

// request is the source of one document in one scrape.
type request struct {
	document  *document
	reader    *reader
	index     *plus.Index
	selection *source.Selection
}

// Name implements [source.Source].
func (r *request) Name() string { return r.document.info.Name }

// Families implements [source.Source].
func (r *request) Families() []metric.Family { return r.document.families }

// Collect implements [source.Source].
func (r *request) Collect(ctx context.Context, b *metric.Batch) error {
	err := r.document.collect(ctx, r, b)
	if api.IsNotFound(err) {
		r.reader.noteMissing(r.document.path)
		if !r.index.Lists(r.document.path) {
			return source.ErrAbsent
		}
	}
	return err
}

func upTable() *metric.Table[*bool] {
	return metric.NewTable("exporter", "nginxplus_", []metric.Row[*bool]{
		metric.Gauge("up", "Whether the last scrape of the NGINX Plus API succeeded (1) or not (0).",
			func(up *bool) value.Value { return value.OfBool(*up) }),
	})
}

// endpoint is the result of one document by its path, which the documentation of
// nginx calls endpoint.
type endpoint struct {
	path   string
	result *source.Result
}

func endpointTable() *metric.Table[*endpoint] {
	return metric.NewTable("exporter", "nginxplus_scrape_", []metric.Row[*endpoint]{
		metric.Gauge("endpoint_duration_seconds", "Duration of the last request to the endpoint of the NGINX Plus API.",
			func(e *endpoint) value.Value { return value.Of(e.result.Duration.Seconds()) }),
		metric.Gauge("endpoint_success", "Whether the last request to the endpoint of the NGINX Plus API succeeded (1) or not (0).",
			func(e *endpoint) value.Value { return value.OfBool(e.result.Success()) }),
	}, metric.LabelFrom("endpoint", func(e *endpoint) string { return "/" + e.path }))
}
