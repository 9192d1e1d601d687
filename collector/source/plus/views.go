package plus

import (
	"slices"

	"nginx-exporter/collector/view"
)

// Views implements [source.Viewed].
func (*Protocol) Views() []view.View {
	const zone, stream = "nginxplus_server_zone_", "nginxplus_stream_server_zone_"
	const server = "nginxplus_upstream_server_"
	processing := func(prefix string) view.Column {
		return view.Column{Role: view.Processing, Metric: prefix + "processing"}
	}
	return []view.View{
		{Kind: view.Nginx, Columns: []view.Column{
			{Role: view.Version, Metric: "nginxplus_build_info", Text: "version"},
			{Role: view.Requests, Metric: "nginxplus_http_requests_total"},
			{Role: view.Processing, Metric: "nginxplus_http_requests_current"},
			{Role: view.Active, Metric: "nginxplus_connections_active"},
			{Role: view.Waiting, Metric: "nginxplus_connections_idle"},
			{Role: view.Accepted, Metric: "nginxplus_connections_accepted"},
			{Role: view.Dropped, Metric: "nginxplus_connections_dropped"},
		}},
		zoneView("server zones", zone, "server_zone", "requests", "responses", processing(zone)),
		zoneView("location zones", "nginxplus_location_zone_", "location_zone", "requests", "responses"),
		zoneView("stream zones", stream, "server_zone", "connections", "sessions", processing(stream)),
		{Kind: view.Upstream, Title: "upstreams", By: []string{"upstream"}, Columns: []view.Column{
			{Role: view.Keepalive, Metric: "nginxplus_upstream_keepalive"},
			{Role: view.Queued, Metric: "nginxplus_upstream_queue_size"},
			{Role: view.Overflows, Metric: "nginxplus_upstream_queue_overflows_total"},
		}},
		serverView("servers", server, "requests", view.Responses(server+"responses", "code")...),
		serverView("stream servers", "nginxplus_stream_upstream_server_", "connections"),
	}
}

func zoneView(title, prefix, label, requests, responses string, more ...view.Column) view.View {
	return view.View{Kind: view.Zone, Title: title, By: []string{label}, Columns: slices.Concat([]view.Column{
		{Role: view.Requests, Metric: prefix + requests},
		{Role: view.Received, Metric: prefix + "received"},
		{Role: view.Sent, Metric: prefix + "sent"},
	}, view.Responses(prefix+responses, "code"), more)}
}

func serverView(title, prefix, requests string, responses ...view.Column) view.View {
	const perMillisecond = 1.0 / millisecondsPerSecond
	return view.View{Kind: view.Server, Title: title, By: []string{"upstream", "server"}, Columns: slices.Concat([]view.Column{
		{
			Role: view.Status, Metric: prefix + "state",
			State: view.ByNumber(view.Unknown, view.Up, view.Draining, view.Down, view.Unavailable, view.Checking, view.Unhealthy),
		},
		{Role: view.Requests, Metric: prefix + requests},
		{Role: view.Active, Metric: prefix + "active"},
	}, responses, []view.Column{
		{Role: view.ResponseTime, Metric: prefix + "response_time", Scale: perMillisecond},
		{Role: view.Fails, Metric: prefix + "fails"},
		{Role: view.Received, Metric: prefix + "received"},
		{Role: view.Sent, Metric: prefix + "sent"},
		{Role: view.Limit, Metric: prefix + "limit"},
		{Role: view.Backup, Metric: prefix + "backup"},
		{Role: view.DownSince, Metric: prefix + "down_since_timestamp_seconds"},
	})}
}
