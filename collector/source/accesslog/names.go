package accesslog

import (
	"fmt"
	"strings"
	"time"

	"nginx-exporter/client/accesslog"
)

// Names selects the names of metrics and labels.
type Names string

// The values of [Names].
const (
	NamesDefault  Names = "default"
	NamesALE      Names = "access-log-exporter"          // of jkroepke/access-log-exporter
	NamesNginxlog Names = "prometheus-nginxlog-exporter" // of martin-helmich/prometheus-nginxlog-exporter
)

const attemptTimes = accesslog.FieldConnectTime | accesslog.FieldHeaderTime | accesslog.FieldResponseTime

// AllNames lists the values of [Names]. The caller owns the slice.
func AllNames() []Names { return []Names{NamesDefault, NamesALE, NamesNginxlog} }

// scheme is what the metrics depend on.
type scheme struct {
	durations *scale
	sizes     *scale

	server   label
	route    []label // none without routes
	upstream label
	method   []label // of histograms, on request
	class    bool    // codes are exposed by their first digit
}

// groups returns the metrics of a set of names.
func (s *scheme) groups(names Names) ([]group, error) {
	switch names {
	case "", NamesDefault:
		return append(s.requestGroups(), s.upstreamGroups()...), nil
	case NamesALE:
		return s.aleGroups(), nil
	case NamesNginxlog:
		return s.nginxlogGroups(), nil
	}
	var all []string
	for _, n := range AllNames() {
		all = append(all, string(n))
	}
	return nil, fmt.Errorf("names %q is not one of %s", names, strings.Join(all, ", "))
}

// requestGroups are the metrics of requests.
func (s *scheme) requestGroups() []group {
	by := func(labels ...label) []label { return append(append([]label{s.server}, s.route...), labels...) }
	return []group{
		{
			labels: by(methodLabel(), codeLabel("code", s.class)), applies: always,
			measures: []measure{{
				name: "nginx_http_responses_total", help: "Requests that ended, by status code; 000 if there was no response.", value: one,
			}},
		},
		{
			labels: by(s.method...), applies: always,
			measures: []measure{
				{
					name: "nginx_http_request_bytes_total", help: "Bytes received from clients, with request headers.",
					needs: accesslog.FieldBytesIn, value: bytesIn,
				},
				{
					name: "nginx_http_response_bytes_total", help: "Bytes sent to clients; with response headers if the log_format has $bytes_sent.",
					needs: accesslog.FieldBytesOut, value: bytesOut,
				},
				{
					// It is 0 from the first request on: rate() misses what a series begins with, such
					// as the first errors in nginx_http_responses_total.
					name: "nginx_http_server_errors_total", help: "Requests that ended with a 5xx status code, 0 before the first one.",
					value: serverError,
				},
				{
					name: "nginx_http_request_duration_seconds", help: "Time from the first byte of a request to the last byte of its response.",
					needs: accesslog.FieldRequestTime, value: requestTime, scale: s.durations,
				},
			},
		},
		{
			labels: by(cacheLabel("status")), applies: requestHas(accesslog.FieldCache),
			measures: []measure{{
				name: "nginx_http_cache_responses_total", help: "Responses by cache status, such as HIT and MISS.",
				needs: accesslog.FieldCache, value: one,
			}},
		},
	}
}

// upstreamGroups are the metrics of requests to upstream servers.
func (s *scheme) upstreamGroups() []group {
	return []group{
		{
			labels: []label{s.upstream, attemptCodeLabel("code", s.class)}, attempts: true, applies: attemptHas(accesslog.FieldCode),
			measures: []measure{{
				name: "nginx_http_upstream_responses_total", help: "Responses of upstream servers; a request that nginx passes to several servers counts for each.",
				needs: accesslog.FieldCode, value: one,
			}},
		},
		{
			labels: []label{s.upstream}, attempts: true, applies: attemptHas(attemptTimes),
			measures: []measure{
				{
					name: "nginx_http_upstream_connect_duration_seconds", help: "Time to connect to upstream servers.",
					needs: accesslog.FieldConnectTime, value: connectTime, scale: s.durations,
				},
				{
					name: "nginx_http_upstream_header_duration_seconds", help: "Time until upstream servers sent the response header.",
					needs: accesslog.FieldHeaderTime, value: headerTime, scale: s.durations,
				},
				{
					name: "nginx_http_upstream_response_duration_seconds", help: "Time until upstream servers sent the whole response.",
					needs: accesslog.FieldResponseTime, value: responseTime, scale: s.durations,
				},
			},
		},
	}
}

// aleGroups are the metrics of access-log-exporter's presets.
func (s *scheme) aleGroups() []group {
	host := s.server
	host.name = "host"
	labels := append(append([]label{host}, s.route...), methodLabel(), codeLabel("status", false))
	upstream := append(labels[:len(labels):len(labels)], addrLabel("upstream"))
	return []group{
		{
			labels: labels, applies: always,
			measures: []measure{
				{name: "http_requests_total", help: "The total number of client requests.", value: one},
				{
					name: "http_requests_completed_total", help: "The total number of completed requests.",
					needs: accesslog.FieldCompletion, value: completed,
				},
				{
					name: "http_request_size_bytes", help: "The request length (including request line, header, and request body).",
					needs: accesslog.FieldBytesIn, value: bytesIn, scale: s.sizes,
				},
				{
					name: "http_response_size_bytes", help: "The response length (including status line, header, and response body).",
					needs: accesslog.FieldBytesOut, value: bytesOut, scale: s.sizes,
				},
				{
					name: "http_request_duration_seconds", help: "The time spent on the request.",
					needs: accesslog.FieldRequestTime, value: requestTime, scale: s.durations,
				},
			},
		},
		{
			labels: upstream, attempts: true, applies: attemptHas(attemptTimes),
			measures: []measure{
				{
					name: "http_upstream_connect_duration_seconds", help: "The time spent on establishing a connection with the upstream server.",
					needs: accesslog.FieldConnectTime, value: connectTime, scale: s.durations,
				},
				{
					name: "http_upstream_header_duration_seconds", help: "The time spent on receiving the response header from the upstream server.",
					needs: accesslog.FieldHeaderTime, value: headerTime, scale: s.durations,
				},
				{
					name: "http_upstream_request_duration_seconds", help: "The time spent on receiving the response from the upstream server.",
					needs: accesslog.FieldResponseTime, value: responseTime, scale: s.durations,
				},
			},
		},
	}
}

// nginxlogGroups are the metrics of prometheus-nginxlog-exporter in the namespace
// nginx. Its summaries have no quantiles here, which could not be aggregated.
func (s *scheme) nginxlogGroups() []group {
	measures := []measure{
		{name: "nginx_http_response_count_total", help: "Amount of processed HTTP requests.", value: one},
		{
			name: "nginx_http_response_size_bytes", help: "Total amount of transferred bytes.",
			needs: accesslog.FieldBytesOut, value: bytesOut,
		},
		{
			name: "nginx_http_request_size_bytes", help: "Total amount of received bytes.",
			needs: accesslog.FieldBytesIn, value: bytesIn,
		},
	}
	for _, m := range []measure{
		{
			name: "nginx_http_upstream_time_seconds", help: "Time needed by upstream servers to handle requests.",
			needs: accesslog.FieldResponseTime, value: sumOf(responseTime),
		},
		{
			name: "nginx_http_upstream_connect_time_seconds", help: "Time needed to connect to upstream servers.",
			needs: accesslog.FieldConnectTime, value: sumOf(connectTime),
		},
		{
			name: "nginx_http_response_time_seconds", help: "Time needed by NGINX to handle requests.",
			needs: accesslog.FieldRequestTime, value: requestTime,
		},
	} {
		m.scale = s.durations
		histogram := m
		m.summary, histogram.name = true, m.name+"_hist"
		measures = append(measures, m, histogram)
	}
	labels := append(s.route[:len(s.route):len(s.route)], methodLabel(), codeLabel("status", false))
	return []group{{labels: labels, applies: always, measures: measures}}
}

func always(*line) bool { return true }

func requestHas(field accesslog.Field) func(*line) bool {
	return func(l *line) bool { return l.Record.Fields.Has(field) }
}

// attemptHas returns whether an attempt has any of the fields.
func attemptHas(fields accesslog.Field) func(*line) bool {
	return func(l *line) bool { return l.Attempt.Fields&fields != 0 }
}

// none is the value of a measure that a line does not have.
const none = -1

func one(*line) int64 { return 1 }

func serverError(l *line) int64 {
	if l.Record.Status >= firstError {
		return 1
	}
	return 0
}

func completed(l *line) int64 {
	if l.Completed {
		return 1
	}
	return 0
}

func bytesIn(l *line) int64 {
	if l.Record.Fields.Has(accesslog.FieldBytesIn) {
		return l.BytesIn
	}
	return none
}

func bytesOut(l *line) int64 {
	if l.Record.Fields.Has(accesslog.FieldBytesOut) {
		return l.BytesOut
	}
	return none
}

func requestTime(l *line) int64 {
	return milliseconds(l.Record.Fields.Has(accesslog.FieldRequestTime), l.RequestTime)
}

func connectTime(l *line) int64 {
	return milliseconds(l.Attempt.Fields.Has(accesslog.FieldConnectTime), l.ConnectTime)
}

func headerTime(l *line) int64 {
	return milliseconds(l.Attempt.Fields.Has(accesslog.FieldHeaderTime), l.HeaderTime)
}

func responseTime(l *line) int64 {
	return milliseconds(l.Attempt.Fields.Has(accesslog.FieldResponseTime), l.ResponseTime)
}

func milliseconds(has bool, d time.Duration) int64 {
	if !has {
		return none
	}
	return int64(d / time.Millisecond)
}

// sumOf returns the sum of a value of all attempts.
func sumOf(value func(*line) int64) func(*line) int64 {
	return func(l *line) int64 {
		sum := int64(none)
		for i := range l.Attempts {
			l.Attempt = &l.Attempts[i]
			if n := value(l); n >= 0 {
				sum = max(sum, 0) + n
			}
		}
		l.Attempt = nil
		return sum
	}
}
