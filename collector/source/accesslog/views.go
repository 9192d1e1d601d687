package accesslog

import (
	"slices"

	"nginx-exporter/collector/view"
)

// Views implements source.Viewed: all requests of the log, and those of each virtual
// host if the log distinguishes them.
func (s *Source) Views() []view.View {
	responses, code, server, duration := "nginx_http_responses_total", "code", "server", "nginx_http_request_duration_seconds"
	switch s.options.Names {
	case NamesALE:
		responses, code, server, duration = "http_requests_total", "status", "host", "http_request_duration_seconds"
	case NamesNginxlog:
		responses, code, server, duration = "nginx_http_response_count_total", "status", "", "nginx_http_response_time_seconds_hist"
	case NamesDefault:
	}
	columns := slices.Concat([]view.Column{{Role: view.Requests, Metric: responses}}, view.Responses(responses, code),
		[]view.Column{{Role: view.Duration, Metric: duration}})
	views := []view.View{{Kind: view.Nginx, Columns: columns}}
	for _, f := range s.Families() {
		if f.Name == responses && slices.Contains(f.Labels, server) {
			views = append(views, view.View{Kind: view.Zone, Title: "virtual hosts", By: []string{server}, Columns: columns})
		}
	}
	return views
}
