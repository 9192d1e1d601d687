package suggest

import (
	"fmt"
	"strings"
)

// Workload names the pods of a workload for queries.
type Workload struct {
	Namespace string
	Pods      string // regular expression of their names, anchored
	Container string // of nginx
}

// Queries are the queries of PromQL for the averages over the pods of a workload. Each
// returns one series.
type Queries struct {
	Rate string // requests per second of a pod
	CPU  string // CPU usage as a share of the request
	// Latency is the 95th percentile of the request duration of all pods, in seconds. It
	// has no value without requests, and no series where no access log is read.
	Latency string
}

// Queries returns the queries with metrics of this exporter, cAdvisor and
// kube-state-metrics.
//
// See https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/pod-metrics.md.
func (w Workload) Queries() Queries {
	pods := fmt.Sprintf("namespace=%s,pod=~%s", quote(w.Namespace), quote(w.Pods))
	container := pods + ",container=" + quote(w.Container)
	return Queries{
		Rate: "avg(sum by (pod) (rate(nginx_http_requests_total{" + pods + "}[5m])))",
		CPU: "sum(rate(container_cpu_usage_seconds_total{" + container + "}[5m])) / " +
			"sum(kube_pod_container_resource_requests{" + container + `,resource="cpu"})`,
		Latency: "histogram_quantile(0.95, sum by (le) (rate(nginx_http_request_duration_seconds_bucket{" + pods + "}[5m]))) >= 0",
	}
}

// quote returns a string of PromQL.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}
