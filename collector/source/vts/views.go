package vts

import (
	"slices"

	"nginx-exporter/collector/view"
)

// Views implements [source.Viewed].
func (p *Protocol) Views() []view.View {
	if p.options.Compat {
		return compatViews(prefix(p.options.Namespace))
	}
	const server = "nginx_vts_upstream_"
	return []view.View{
		nginxView("nginx_vts_info", "version"),
		{Kind: view.Zone, Title: "server zones", By: []string{"host"}, Columns: slices.Concat(requests("nginx_vts_server_", "_total"), times("nginx_vts_server_", "request"))},
		{Kind: view.Zone, Title: "filter zones", By: []string{"filter", "filter_name"}, Columns: slices.Concat(requests("nginx_vts_filter_", "_total"), times("nginx_vts_filter_", "request"))},
		{Kind: view.Server, Title: "servers", By: []string{"upstream", "backend"}, Columns: slices.Concat([]view.Column{
			{Role: view.Status, Metric: server + "down", State: view.ByNumber(view.Up, view.Down)},
			{Role: view.Backup, Metric: server + "backup"},
		}, requests(server, "_total"), times(server, "response"))},
	}
}

// compatViews are those of the metrics of nginx-vts-exporter.
func compatViews(prefix string) []view.View {
	const perMillisecond = 1.0 / millisecondsPerSecond
	columns := func(kind, timed string) []view.Column {
		return append(requests(prefix+kind, ""), view.Column{Role: view.ResponseTime, Metric: prefix + kind + timed, Scale: perMillisecond})
	}
	return []view.View{
		nginxView(prefix+"server_info", "nginxVersion"),
		{Kind: view.Zone, Title: "server zones", By: []string{"host"}, Columns: columns("server_", "requestMsec")},
		{Kind: view.Zone, Title: "filter zones", By: []string{"filter", "filterName"}, Columns: columns("filter_", "requestMsec")},
		{Kind: view.Server, Title: "servers", By: []string{"upstream", "backend"}, Columns: columns("upstream_", "responseMsec")},
	}
}

func nginxView(info, version string) view.View {
	return view.View{Kind: view.Nginx, Columns: []view.Column{
		{Role: view.Version, Metric: info, Text: version},
		{Role: view.Requests, Metric: "nginx_http_requests_total"},
		{Role: view.Active, Metric: "nginx_connections_active"},
		{Role: view.Reading, Metric: "nginx_connections_reading"},
		{Role: view.Writing, Metric: "nginx_connections_writing"},
		{Role: view.Waiting, Metric: "nginx_connections_waiting"},
		{Role: view.Accepted, Metric: "nginx_connections_accepted"},
		{Role: view.Handled, Metric: "nginx_connections_handled"},
	}}
}

// requests has the requests and bytes of an object. The requests are the sum of
// their classes: nginx-vts-exporter also has them with the code total.
func requests(prefix, suffix string) []view.Column {
	counted, bytes := prefix+"requests"+suffix, prefix+"bytes"+suffix
	all := view.Column{Role: view.Requests, Metric: counted}
	if suffix == "" {
		all.Label, all.Value = "code", "total"
	}
	return append([]view.Column{
		all,
		{Role: view.Received, Metric: bytes, Label: "direction", Value: "in"},
		{Role: view.Sent, Metric: bytes, Label: "direction", Value: "out"},
	}, view.Responses(counted, "code")...)
}

// times has the times of requests, or of the responses of servers.
func times(prefix, timed string) []view.Column {
	return []view.Column{
		{Role: view.ResponseTime, Metric: prefix + timed + "_seconds"},
		{Role: view.Duration, Metric: prefix + timed + "_duration_seconds"},
	}
}
