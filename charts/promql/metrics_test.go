package promql

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// root is the directory of the project.
const root = "../.."

// metric is what is known of a metric.
type metric struct {
	counter bool
	labels  []string
	// values of a label, if they are known.
	values map[string][]string
	// raw is for counters that are also read as they are.
	raw bool
	// recorded is for results of recording rules, which have no further labels.
	recorded bool
}

// targetLabels returns labels that may be on every series: Prometheus, prometheus-operator and --nginx.addr-label set them; team is a label in
// examples of the configuration file.
func targetLabels() []string {
	return []string{
		"__name__", "addr", "cluster", "container", "endpoint", "instance", "job", "log", "namespace", "node", "pod",
		"service", "team",
	}
}

// metrics are those of the exporter by docs/metrics.md, which is generated from the program, then recorded ones, and those of others.
func metrics(t *testing.T) map[string]metric {
	t.Helper()
	all := exporterMetrics(t)
	for name, m := range otherMetrics() {
		all[name] = m
	}
	for _, file := range ruleFiles(t) {
		for _, r := range file.rules() {
			if r.Record == "" {
				continue
			}
			labels, _ := checkExpr(all, r.Expr)
			all[r.Record] = metric{labels: labels, recorded: true}
		}
	}
	return all
}

var (
	tableRow    = regexp.MustCompile("(?m)^\\| (`nginx[^|]+`|`angie[^|]+`|`process[^|]+`) \\| (counter|gauge|histogram) \\| ([^|]*) \\|")
	tableMetric = regexp.MustCompile("`([a-z_0-9]+)(?:{([a-z_,]+)})?`")
)

// The table of reasons names a metric in the first of its rows.
var reasonRow = regexp.MustCompile("(?m)^\\| (?:`(nginx_exporter_[a-z_]+)` )?\\| `([a-z_]+)` \\|")

func exporterMetrics(t *testing.T) map[string]metric {
	t.Helper()
	doc := read(t, "docs/metrics.md")
	all, sources := map[string]metric{}, sourceNames(t)
	for _, row := range tableRow.FindAllStringSubmatch(doc, -1) {
		for _, found := range tableMetric.FindAllStringSubmatch(row[1], -1) {
			var labels []string
			if found[2] != "" {
				labels = strings.Split(found[2], ",")
			}
			addMetric(all, found[1], row[2], metric{labels: labels, values: labelValues(found[1], row[3], labels, sources)})
		}
	}
	if len(all) < 200 {
		t.Fatalf("docs/metrics.md has %d metrics", len(all))
	}
	name := ""
	for _, row := range reasonRow.FindAllStringSubmatch(doc, -1) {
		if row[1] != "" {
			name = row[1]
		}
		all[name].values["reason"] = append(all[name].values["reason"], row[2])
	}
	// The number of the configuration, and failures that have no series before the first one.
	for _, name := range []string{"nginxplus_config_reloads_total", "nginxplus_slab_slots_fails_total"} {
		m := all[name]
		m.raw = true
		all[name] = m
	}
	return all
}

// addMetric adds a metric, with the series of a histogram.
func addMetric(all map[string]metric, name, kind string, m metric) {
	m.counter = kind != "gauge"
	all[name] = m // of a histogram: native
	if kind != "histogram" {
		return
	}
	all[name+"_count"], all[name+"_sum"] = m, m
	m.labels = append(slices.Clone(m.labels), "le")
	if strings.HasPrefix(name, "nginx_http_") {
		m.values = map[string][]string{"le": {
			"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf",
			// As Prometheus 3 stores them.
			"1.0", "5.0", "10.0",
		}}
	}
	all[name+"_bucket"] = m
}

// labelValues returns the values that labels of a metric can have, as far as they are fixed.
func labelValues(name, help string, labels, sources []string) map[string][]string {
	values := map[string][]string{}
	if !regexp.MustCompile("^(nginx|nginxplus|angie)_").MatchString(name) {
		return values
	}
	if strings.HasPrefix(name, "nginx_vts_") {
		return vtsValues(name)
	}
	for _, label := range labels {
		switch {
		case label == "code" && strings.Contains(help, "status code class"):
			values[label] = []string{"1xx", "2xx", "3xx", "4xx", "5xx"}
		case label == "code":
			values[label] = []string{"000"}
			for code := 100; code < 600; code++ {
				values[label] = append(values[label], strconv.Itoa(code))
			}
		case label == "state" && strings.HasPrefix(name, "angie_"):
			values[label] = []string{"up", "down", "unavailable", "recovering", "unhealthy", "checking", "draining", "busy", "unknown"}
		case label == "status" && strings.HasPrefix(name, "angie_"):
			values[label] = angieStatus(name)
		case label == "state":
			values[label] = []string{"up", "draining", "down", "unavail", "checking", "unhealthy"}
		case label == "status":
			values[label] = []string{"MISS", "BYPASS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "HIT"}
		case label == "method":
			values[label] = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "other"}
		case label == "source":
			values[label] = sources
		}
	}
	return values
}

// angieStatus are values of the label status of Angie, whose meaning depends on the metric.
func angieStatus(name string) []string {
	switch {
	case strings.HasPrefix(name, "angie_http_caches_"):
		return []string{"hit", "stale", "updating", "revalidated", "miss", "expired", "bypass"}
	case strings.Contains(name, "_limit_"):
		return []string{"passed", "skipped", "delayed", "rejected", "exhausted"}
	case strings.HasPrefix(name, "angie_resolvers_"):
		return []string{"success", "timedout", "format_error", "server_failure", "not_found", "unimplemented", "refused", "other"}
	default: // sessions of streams
		return []string{"success", "invalid", "forbidden", "internal_error", "bad_gateway", "service_unavailable"}
	}
}

// vtsValues are those of nginx-module-vts, which counts responses by class, but for one metric.
func vtsValues(name string) map[string][]string {
	if name == "nginx_vts_main_connections" {
		return map[string][]string{"status": {"accepted", "active", "handled", "reading", "requests", "waiting", "writing"}}
	}
	values := map[string][]string{
		"direction": {"in", "out"},
		"status":    {"bypass", "expired", "hit", "miss", "revalidated", "scarce", "stale", "updating"},
	}
	if name != "nginx_vts_status_code_requests_total" {
		values["code"] = []string{"1xx", "2xx", "3xx", "4xx", "5xx"}
	}
	return values
}

// sourceNames are the values of the label source: the collectors, the API of NGINX Plus, and access logs with and without a name.
func sourceNames(t *testing.T) []string {
	t.Helper()
	names := []string{"api", "access_log", "access_log_name"}
	for _, flag := range regexp.MustCompile(`--\[no-\]collector\.([a-z_]+)`).FindAllStringSubmatch(read(t, "docs/flags.md"), -1) {
		names = append(names, flag[1])
	}
	if len(names) < 10 {
		t.Fatalf("docs/flags.md has the collectors %s", names)
	}
	return names
}

// otherMetrics are those of other programs, by owner.
func otherMetrics() map[string]metric {
	all := map[string]metric{}
	add := func(labels string, counter bool, names ...string) {
		for _, name := range names {
			all[name] = metric{counter: counter, labels: strings.Fields(labels)}
		}
	}
	// Prometheus.
	add("", false, "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added")
	add("alertname alertstate severity", false, "ALERTS")
	// kube-state-metrics.
	hpa := "horizontalpodautoscaler"
	add(hpa, false, "kube_horizontalpodautoscaler_status_current_replicas", "kube_horizontalpodautoscaler_status_desired_replicas",
		"kube_horizontalpodautoscaler_spec_min_replicas", "kube_horizontalpodautoscaler_spec_max_replicas")
	add(hpa+" condition status", false, "kube_horizontalpodautoscaler_status_condition")
	add(hpa+" metric_name metric_target_type", false, "kube_horizontalpodautoscaler_spec_target_metric",
		"kube_horizontalpodautoscaler_status_target_metric")
	add(hpa+" scaletargetref_kind scaletargetref_name scaletargetref_api_version", false, "kube_horizontalpodautoscaler_info")
	add("deployment", false, "kube_deployment_status_replicas_ready", "kube_deployment_spec_replicas")
	add("daemonset", false, "kube_daemonset_status_desired_number_scheduled")
	add("uid", false, "kube_pod_container_status_ready", "kube_pod_init_container_status_ready")
	// KEDA.
	keda := "exported_namespace metric scaledObject scaledResource scaler triggerIndex triggerName type"
	add(keda, false, "keda_scaler_active", "keda_scaler_metrics_value", "keda_scaler_metrics_latency_seconds")
	add(keda, true, "keda_scaler_detail_errors_total", "keda_scaled_object_errors_total")
	// The Go runtime and promhttp, with --web.exporter-metrics=full.
	add("", false, "go_goroutines", "go_memstats_alloc_bytes")
	// Other applications, in examples.
	add("code method", true, "http_requests_total")
	return all
}

// file is a file of rules.
type file struct {
	path   string
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Record      string            `json:"record"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func (f file) rules() []rule {
	var all []rule
	for _, group := range f.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// ruleFiles reads the rules of the chart.
func ruleFiles(t *testing.T) []file {
	t.Helper()
	var files []file
	for _, path := range glob(t, "charts/nginx-exporter/rules/*.yaml") {
		f := file{path: path}
		if err := yaml.Unmarshal([]byte(read(t, path)), &f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		files = append(files, f)
	}
	return files
}

// glob returns the files of the project that match, relative to its root. There is at least one.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	for i := range paths {
		paths[i], err = filepath.Rel(root, paths[i])
		if err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
