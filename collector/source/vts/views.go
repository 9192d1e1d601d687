package vts

import (
	"slices"

	"nginx-exporter/collector/view"
)

// Views implements [source.Viewed].
func (*Protocol) Views() []view.View {
	const server = "nginx_vts_upstream_"
	return []view.View{
		{Kind: view.Nginx, Columns: []view.Column{
			{Role: view.Version, Metric: "nginx_vts_info", Text: "version"},
			{Role: view.Requests, Metric: "nginx_http_requests_total"},
			{Role: view.Active, Metric: "nginx_connections_active"},
			{Role: view.Reading, Metric: "nginx_connections_reading"},
			{Role: view.Writing, Metric: "nginx_connections_writing"},
			{Role: view.Waiting, Metric: "nginx_connections_waiting"},
			{Role: view.Accepted, Metric: "nginx_connections_accepted"},
			{Role: view.Handled, Metric: "nginx_connections_handled"},
		}},
		{Kind: view.Zone, Title: "server zones", By: []string{"host"}, Columns: traffic("nginx_vts_server_", "request")},
		{Kind: view.Zone, Title: "filter zones", By: []string{"filter", "filter_name"}, Columns: traffic("nginx_vts_filter_", "request")},
		{Kind: view.Server, Title: "servers", By: []string{"upstream", "backend"}, Columns: slices.Concat([]view.Column{
			{Role: view.Status, Metric: server + "down", State: view.ByNumber(view.Up, view.Down)},
			{Role: view.Backup, Metric: server + "backup"},
		}, traffic(server, "response"))},
	}
}

// traffic has the columns of an object. The module counts requests by class only,
// which make their sum.
func traffic(prefix, timed string) []view.Column {
	return slices.Concat([]view.Column{
		{Role: view.Requests, Metric: prefix + "requests_total"},
		{Role: view.Received, Metric: prefix + "bytes_total", Label: "direction", Value: "in"},
		{Role: view.Sent, Metric: prefix + "bytes_total", Label: "direction", Value: "out"},
	}, view.Responses(prefix+"requests_total", "code"), []view.Column{
		{Role: view.ResponseTime, Metric: prefix + timed + "_seconds"},
		{Role: view.Duration, Metric: prefix + timed + "_duration_seconds"},
	})
}
