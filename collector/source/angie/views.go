package angie

import (
	"slices"

	"nginx-exporter/collector/view"
)

// Views implements [source.Viewed].
func (*Protocol) Views() []view.View {
	const zone, location, stream = "angie_http_server_zones_", "angie_http_location_zones_", "angie_stream_server_zones_"
	const peer = "angie_http_upstreams_peers_"
	return []view.View{
		{Kind: view.Nginx, Columns: []view.Column{
			{Role: view.Version, Metric: "angie_build_info", Text: "version"},
			{Role: view.Active, Metric: "angie_connections_active"},
			{Role: view.Waiting, Metric: "angie_connections_idle"},
			{Role: view.Accepted, Metric: "angie_connections_accepted"},
			{Role: view.Dropped, Metric: "angie_connections_dropped"},
		}},
		zoneView("server zones", zone, "requests_total", slices.Concat(view.Responses(zone+"responses", "code"),
			[]view.Column{{Role: view.Processing, Metric: zone + "requests_processing"}})...),
		zoneView("location zones", location, "requests_total", view.Responses(location+"responses", "code")...),
		zoneView("stream zones", stream, "connections_total", view.Column{Role: view.Processing, Metric: stream + "connections_processing"}),
		{Kind: view.Upstream, Title: "upstreams", By: []string{"upstream"}, Columns: []view.Column{
			{Role: view.Keepalive, Metric: "angie_http_upstreams_keepalive"},
			{Role: view.Queued, Metric: "angie_http_upstreams_queue_waiting"},
			{Role: view.Overflows, Metric: "angie_http_upstreams_queue_overflows_total"},
		}},
		serverView("servers", peer, "health_response_time_seconds", view.Responses(peer+"responses", "code")...),
		serverView("stream servers", "angie_stream_upstreams_peers_", "health_last_byte_time_seconds"),
	}
}

func zoneView(title, prefix, requests string, more ...view.Column) view.View {
	return view.View{Kind: view.Zone, Title: title, By: []string{"zone"}, Columns: slices.Concat([]view.Column{
		{Role: view.Requests, Metric: prefix + requests},
		{Role: view.Received, Metric: prefix + "data_received"},
		{Role: view.Sent, Metric: prefix + "data_sent"},
	}, more)}
}

// serverView shows a recovering server as up: it gets requests, though fewer.
func serverView(title, prefix, responseTime string, responses ...view.Column) view.View {
	return view.View{Kind: view.Server, Title: title, By: []string{"upstream", "peer"}, Columns: slices.Concat([]view.Column{
		{
			Role: view.Status, Metric: prefix + "state",
			State: view.ByNumber(view.Unknown, view.Up, view.Down, view.Unavailable, view.Up, view.Unhealthy, view.Checking, view.Draining, view.Busy),
		},
		{Role: view.Requests, Metric: prefix + "selected_total"},
		{Role: view.Active, Metric: prefix + "selected_current"},
	}, responses, []view.Column{
		{Role: view.ResponseTime, Metric: prefix + responseTime},
		{Role: view.Fails, Metric: prefix + "health_fails"},
		{Role: view.Received, Metric: prefix + "data_received"},
		{Role: view.Sent, Metric: prefix + "data_sent"},
		{Role: view.Limit, Metric: prefix + "max_conns"},
		{Role: view.Weight, Metric: prefix + "weight"},
		{Role: view.Backup, Metric: prefix + "backup"},
		{Role: view.DownSince, Metric: prefix + "health_down_since_timestamp_seconds"},
	})}
}
