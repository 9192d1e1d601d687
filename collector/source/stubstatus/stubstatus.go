// Package stubstatus has the metrics of ngx_http_stub_status_module.
//
// See https://nginx.org/en/docs/http/ngx_http_stub_status_module.html.
package stubstatus

import (
	"context"
	"errors"
	"slices"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/view"
)

// Name is the name of the protocol, and of its one source.
const Name = string(stubstatus.Mode)

// Protocol reads the status page of open-source nginx.
type Protocol struct {
	status *metric.Table[*stubstatus.Status]
	server *metric.Table[*stubstatus.Status]
}

// New returns the protocol.
func New() *Protocol { return &Protocol{status: StatusTable(), server: serverTable()} }

// Name implements [source.Protocol].
func (*Protocol) Name() string { return Name }

// Description implements [source.Protocol].
func (*Protocol) Description() string { return "a stub_status page" }

// Discovery implements [source.Protocol]: there is nothing to discover.
func (*Protocol) Discovery() string { return "" }

// Sources implements [source.Protocol].
func (*Protocol) Sources() []source.Info {
	return []source.Info{{
		Name: Name, About: "connections and requests of open-source nginx", Default: true, Single: true, Requests: "nginx_http_requests_total",
	}}
}

// Families implements [source.Protocol].
func (p *Protocol) Families() []metric.Family {
	return slices.Concat(p.status.Families(), p.server.Families())
}

// Views implements [source.Viewed].
func (*Protocol) Views() []view.View {
	return []view.View{{Kind: view.Nginx, Columns: []view.Column{
		{Role: view.Version, Metric: "nginx_server_info", Text: "version"},
		{Role: view.Requests, Metric: "nginx_http_requests_total"},
		{Role: view.Active, Metric: "nginx_connections_active"},
		{Role: view.Reading, Metric: "nginx_connections_reading"},
		{Role: view.Writing, Metric: "nginx_connections_writing"},
		{Role: view.Waiting, Metric: "nginx_connections_waiting"},
		{Role: view.Accepted, Metric: "nginx_connections_accepted"},
		{Role: view.Handled, Metric: "nginx_connections_handled"},
	}}}
}

// Recognizes implements [source.Protocol].
func (*Protocol) Recognizes(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	_, err = stubstatus.Parse(e.Body)
	return err == nil
}

// Open implements [source.Protocol].
func (p *Protocol) Open(c *client.Client) source.Reader { return &reader{Protocol: p, client: c} }

// reader is the reader of a target, and its one source.
type reader struct {
	*Protocol
	client *client.Client
}

// Discover implements [source.Reader].
func (r *reader) Discover(context.Context, *source.Selection) ([]source.Source, error) {
	return []source.Source{r}, nil
}

// Outdated implements [source.Reader].
func (*reader) Outdated(context.Context, []*source.Result) bool { return false }

// Report implements [source.Reader].
func (*reader) Report(*metric.Batch, bool, []*source.Result) {}

// Collect implements [source.Source].
func (r *reader) Collect(ctx context.Context, b *metric.Batch) error {
	status, err := stubstatus.Read(ctx, r.client)
	if err != nil {
		return err
	}
	b.Invalid += status.Invalid()
	metric.Add(b, r.status, status)
	if status.Version != "" {
		metric.Add(b, r.server, status)
	}
	return nil
}

// millisecondsPerSecond converts the request time of Tengine.
const millisecondsPerSecond = 1000

// StatusTable returns the metrics of connections and requests. Other protocols have
// them, too, if their documents have the same counters of nginx.
func StatusTable() *metric.Table[*stubstatus.Status] {
	type doc = *stubstatus.Status
	return metric.NewTable(Name, "nginx_", []metric.Row[doc]{
		metric.Counter("connections_accepted", "Accepted client connections.",
			func(s doc) value.Value { return s.Accepted }),
		metric.Gauge("connections_active", "Active client connections, including idle ones.",
			func(s doc) value.Value { return s.Active }),
		metric.Counter("connections_handled", "Handled client connections; fewer than accepted if a resource limit was reached.",
			func(s doc) value.Value { return s.Handled }),
		metric.Gauge("connections_reading", "Connections on which nginx is reading the request header.",
			func(s doc) value.Value { return s.Reading }),
		metric.Gauge("connections_waiting", "Idle client connections that are waiting for a request.",
			func(s doc) value.Value { return s.Waiting }),
		metric.Gauge("connections_writing", "Connections on which nginx is writing the response.",
			func(s doc) value.Value { return s.Writing }),
		metric.Counter("http_request_time_seconds_total", "Total time of all HTTP requests; only Tengine has it.",
			func(s doc) value.Value { return value.Of(s.RequestTime.Float() / millisecondsPerSecond) }), // absent stays absent
		metric.Counter("http_requests_total", "HTTP requests received, including the exporter's own.",
			func(s doc) value.Value { return s.Requests }),
	})
}

func serverTable() *metric.Table[*stubstatus.Status] {
	return metric.NewTable(Name, "nginx_", []metric.Row[*stubstatus.Status]{
		metric.Info[*stubstatus.Status]("server_info", "Version of nginx, from the Server header."),
	}, metric.LabelFrom("version", func(s *stubstatus.Status) string { return s.Version }))
}
