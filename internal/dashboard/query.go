package dashboard

import (
	"fmt"
	"strings"
)

// The placeholder SELECT in expressions is replaced by the label matchers of the
// dashboard.
const (
	bySelector = `namespace=~"$namespace",job=~"$job"`
	byInstance = bySelector + `,instance=~"$instance"`

	// An nginx, whichever jobs scrape it. Without Kubernetes there is no pod; several
	// targets of an exporter differ by addr.
	identity = "cluster, namespace, pod, instance, addr"
)

// What all status interfaces have in common, by target: stub_status and VTS, which has the
// same metrics, NGINX Plus and Angie. Angie counts requests only by zone.
const (
	requestRate = `(rate(nginx_http_requests_total{SELECT}[$__rate_interval]) or rate(nginxplus_http_requests_total{SELECT}[$__rate_interval])` +
		` or sum without (zone) (rate(angie_http_server_zones_requests_total{SELECT}[$__rate_interval])))`
	acceptedRate = `(rate(nginx_connections_accepted{SELECT}[$__rate_interval]) or rate(nginxplus_connections_accepted{SELECT}[$__rate_interval])` +
		` or rate(angie_connections_accepted{SELECT}[$__rate_interval]))`
	droppedRate = `(rate(nginx_connections_accepted{SELECT}[$__rate_interval]) - rate(nginx_connections_handled{SELECT}[$__rate_interval])` +
		` or rate(nginxplus_connections_dropped{SELECT}[$__rate_interval]) or rate(angie_connections_dropped{SELECT}[$__rate_interval]))`
	handledRate = `(` + acceptedRate + ` - ` + droppedRate + `)`

	openConnections = `nginx_connections_active{SELECT} or nginxplus_connections_active{SELECT} + nginxplus_connections_idle{SELECT}` +
		` or angie_connections_active{SELECT} + angie_connections_idle{SELECT}`
	// NGINX Plus and Angie do not distinguish reading and writing.
	readingConnections = `nginx_connections_reading{SELECT}`
	writingConnections = `nginx_connections_writing{SELECT} or nginxplus_connections_active{SELECT} or angie_connections_active{SELECT}`
	idleConnections    = `nginx_connections_waiting{SELECT} or nginxplus_connections_idle{SELECT} or angie_connections_idle{SELECT}`

	// Requests in progress without the exporter's own.
	inProgress = `clamp_min(avg_over_time(nginx_connections_writing{SELECT}[$__rate_interval]) - 1, 0)` +
		` or clamp_min(avg_over_time(nginxplus_http_requests_current{SELECT}[$__rate_interval]) - 1, 0)` +
		` or clamp_min(avg_over_time(angie_connections_active{SELECT}[$__rate_interval]) - 1, 0)`

	// Resets of counters: a reload keeps them.
	restartsInRange = `resets(nginx_http_requests_total{SELECT}[$__range]) or resets(nginxplus_http_requests_total{SELECT}[$__range])` +
		` or resets(angie_connections_accepted{SELECT}[$__range])`

	versions = `nginx_server_info{SELECT} or nginxplus_build_info{SELECT} or angie_build_info{SELECT} or nginx_vts_info{SELECT}`
)

// each counts every nginx once, even if several jobs scrape it.
func each(expr string) string { return fmt.Sprintf("max by (%s) (%s)", identity, expr) }

func sum(expr string) string { return fmt.Sprintf("sum(%s)", expr) }

// ratio divides two aggregations; without anything to divide by there is no value,
// instead of NaN.
func ratio(part, whole string) string { return fmt.Sprintf("%s / (%s > 0)", part, whole) }

// top limits the series of a graph to the ten that are largest over the whole time
// range. topk alone selects others at each step: 128 series for topk(5) over 500 pods.
// The labels are those of the result.
func top(labels, expr string) string {
	return fmt.Sprintf("(%s) and on (%s) topk(10, %s)", expr, labels, overRange(expr))
}

// overRange replaces rates at each step by those over the whole time range.
func overRange(expr string) string {
	return strings.ReplaceAll(expr, "[$__rate_interval]", "[$__range] @ end()")
}

// topGauge does the same for an aggregation of a gauge. by is the aggregation, such as
// "sum by (upstream)", and gauge a selector.
func topGauge(labels, by, gauge string) string {
	return fmt.Sprintf("%s (%s) and on (%s) topk(10, %s (max_over_time(%s[$__range] @ end())))", by, gauge, labels, by, gauge)
}

// quantile is a quantile of a histogram, classic or native, by additional labels.
func quantile(q string, by, histogram string) string {
	grouped := func(labels string) string {
		if labels == "" {
			return "sum"
		}
		return fmt.Sprintf("sum by (%s)", labels)
	}
	le := "le"
	if by != "" {
		le += ", " + by
	}
	// The comparison removes NaN, the result without observations.
	return fmt.Sprintf("(histogram_quantile(%s, %s (rate(%s_bucket{SELECT}[$__rate_interval]))) or histogram_quantile(%s, %s (rate(%s{SELECT}[$__rate_interval])))) >= 0",
		q, grouped(le), histogram, q, grouped(by), histogram)
}

// topQuantile limits quantiles by label to the ten with most observations above them
// over the time range.
func topQuantile(q, label, histogram string) string {
	return top(label, quantile(q, label, histogram))
}

// withSelector replaces the label matchers of the dashboard by others.
func withSelector(expr, selector string) string { return strings.ReplaceAll(expr, "SELECT", selector) }
