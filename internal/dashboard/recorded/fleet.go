package recorded

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fleet is a number of nginx pods that are made of the recordings, with what
// kube-state-metrics, KEDA and Prometheus itself would have stored beside them.
//
// What is made up: the series of kube-state-metrics and KEDA and the alerts, which follow
// the same plan as the load of the recordings; the documents of NGINX Plus, Angie and
// nginx-module-vts, which the exporter really scraped; and that pods of one workload are
// copies whose counters grow by a factor.
type Fleet struct {
	Pods  int       // at the peak, beside NGINX Plus, Angie and nginx-module-vts
	Every int       // takes each n-th scrape, 1 for all
	Start time.Time // of the first scrape
}

// End returns the time of the last scrape.
func (f Fleet) End() time.Time { return f.Start.Add((Scrapes - 1) * Interval) }

// pod is one target with the labels of Prometheus.
type pod struct {
	namespace, job, name, instance string
	run                            Run
	factor                         float64 // of its counters
	shift                          float64 // of its timestamps, in seconds
	exists                         func(scrape int) bool
}

// scale is the number of pods per replica of the plan.
func (f Fleet) scale() int { return max(1, f.Pods*2/3/peak()) }

// peak is the largest number of replicas of the plan.
func peak() int {
	most := 0
	for scrape := range Scrapes {
		most = max(most, Replicas(scrape))
	}
	return most
}

// WriteOpenMetrics writes all series for promtool tsdb create-blocks-from openmetrics.
func (f Fleet) WriteOpenMetrics(w io.Writer) error {
	pods, err := f.pods()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for i, p := range pods {
		p.shift = float64(f.Start.Unix()) - recordedAt(p.run)
		for _, s := range p.run.Series {
			// All access logs of a large fleet would be a gigabyte of text.
			if f.Pods > 100 && i%10 != 0 && ofAccessLog(s.Name) {
				continue
			}
			f.series(out, s.Name, p.labels(s.Labels), func(scrape int) float64 { return p.value(s, scrape) })
		}
	}
	f.cluster(out)
	fmt.Fprint(out, "# EOF\n")
	return out.Flush()
}

func ofAccessLog(name string) bool {
	return strings.HasPrefix(name, "nginx_exporter_log_") ||
		strings.HasPrefix(name, "nginx_http_") && !strings.HasPrefix(name, "nginx_http_requests_")
}

func (f Fleet) series(out *bufio.Writer, name, labels string, value func(scrape int) float64) {
	for scrape := 0; scrape < Scrapes; scrape += f.Every {
		v := value(scrape)
		if math.IsNaN(v) {
			continue
		}
		at := f.Start.Add(time.Duration(scrape) * Interval).Unix()
		fmt.Fprint(out, name, "{", labels, "} ", strconv.FormatFloat(v, 'g', -1, 64), " ", strconv.FormatInt(at, 10), "\n")
	}
}

func (f Fleet) pods() ([]pod, error) {
	runs := map[string]Run{}
	for _, name := range Names() {
		run, err := Load(name)
		if err != nil {
			return nil, err
		}
		runs[name] = run
	}
	always := func(int) bool { return true }
	if f.Pods == 1 {
		return []pod{
			newPod("shop", "web", 0, runs["bad"], always),
			newPod("edge", "gateway", 0, runs["plus"], always),
			newPod("blog", "site", 0, runs["angie"], always),
			newPod("", "intranet", 0, runs["vts"], always),
		}, nil
	}
	var all []pod
	scale := f.scale()
	for i := range peak() * scale {
		p := newPod("shop", "web", i, runs[[]string{"web1", "web2"}[i%2]], func(scrape int) bool { return i < Replicas(scrape)*scale })
		if i%150 == 0 {
			p.run, p.factor = runs["bad"], 1
		}
		all = append(all, p)
	}
	rest := f.Pods - len(all)
	for i := range rest {
		workload := []string{"api", "images"}[i%2]
		all = append(all, newPod([]string{"shop", "media"}[i%2], workload, i, runs["web2"], always))
	}
	for i := range 2 {
		all = append(all,
			newPod("edge", "gateway", i, runs["plus"], always),
			newPod("blog", "site", i, runs["angie"], always),
			newPod("", "intranet", i, runs["vts"], always))
	}
	return all, nil
}

// newPod returns a pod, or without a namespace a virtual machine.
func newPod(namespace, workload string, index int, run Run, exists func(int) bool) pod {
	hash := fnv.New32a()
	fmt.Fprintf(hash, "%s/%s/%d", namespace, workload, index)
	h := hash.Sum32()
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	suffix := make([]byte, 5)
	for i := range suffix {
		suffix[i] = letters[h>>(5*i)%uint32(len(letters))]
	}
	job := strings.TrimPrefix(namespace+"/"+workload, "/")
	// Addresses are unique: 200 for each subnet, every sixth subnet for a workload.
	workloads := []string{"web", "api", "images", "gateway", "site", "intranet"}
	subnet := 1 + slices.Index(workloads, workload) + index/200*len(workloads)
	return pod{
		namespace: namespace, job: job, name: workload + "-7d4b9c6f58-" + string(suffix),
		instance: fmt.Sprintf("10.244.%d.%d:9113", subnet, index%200+10), run: run,
		factor: 0.8 + 0.4*float64(h%1000)/1000, exists: exists,
	}
}

// labels returns the labels of a series with those of the target.
func (p pod) labels(own string) string {
	target := fmt.Sprintf(`job="%s",instance="%s"`, p.job, p.instance)
	if p.namespace != "" {
		target += fmt.Sprintf(`,namespace="%s",pod="%s"`, p.namespace, p.name)
	}
	if own != "" {
		target += "," + own
	}
	return target
}

// value returns the value at a scrape. Counters of different pods grow differently.
func (p pod) value(s Series, scrape int) float64 {
	v := s.Values[scrape]
	if !p.exists(scrape) {
		return math.NaN()
	}
	if strings.HasSuffix(s.Name, "start_time_seconds") || strings.HasSuffix(s.Name, "timestamp_seconds") {
		return v + p.shift
	}
	if counter(s.Name) {
		return math.Round(v*p.factor*1000) / 1000
	}
	return v
}

// recordedAt returns when a recording began, in Unix time: when its exporter started.
func recordedAt(run Run) float64 {
	i := slices.IndexFunc(run.Series, func(s Series) bool { return s.Name == "process_start_time_seconds" })
	return run.Series[i].Values[0] // each recording has it
}

func counter(name string) bool {
	for _, suffix := range []string{"_total", "_bucket", "_sum", "_count", "_accepted", "_handled"} {
		if strings.HasSuffix(name, suffix) {
			return strings.HasPrefix(name, "nginx_") && !strings.HasPrefix(name, "nginx_exporter_")
		}
	}
	return false
}

// cluster writes the series of kube-state-metrics, KEDA and alerts.
func (f Fleet) cluster(out *bufio.Writer) {
	scale := float64(f.scale())
	current := func(s int) float64 { return float64(Replicas(s)) * scale }
	desired := func(s int) float64 { return float64(Desired(s)) * scale }
	constant := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	if f.Pods == 1 {
		current, desired = constant(1), constant(1)
	}
	const hpa = `namespace="shop",horizontalpodautoscaler="web",job="kube-state-metrics",instance="10.244.0.5:8080"`
	const prefix = "kube_horizontalpodautoscaler_"
	f.series(out, prefix+"status_current_replicas", hpa, current)
	f.series(out, prefix+"status_desired_replicas", hpa, desired)
	f.series(out, prefix+"spec_min_replicas", hpa, constant(min(current(0), MinReplicas*scale)))
	f.series(out, prefix+"spec_max_replicas", hpa, constant(MaxReplicas*scale))
	f.series(out, prefix+"spec_target_metric", hpa+`,metric_name="nginx_http_requests_per_second",metric_target_type="average"`, constant(PerPod))
	for status, v := range map[string]float64{"true": 1, "false": 0, "unknown": 0} {
		f.series(out, prefix+"status_condition", hpa+`,condition="ScalingActive",status="`+status+`"`, constant(v))
	}
	const keda = `namespace="shop",scaledObject="web",scaler="prometheusScaler",metric="s0-prometheus",job="keda-operator",instance="10.244.0.6:8080"`
	f.series(out, "keda_scaler_metrics_value", keda, func(s int) float64 { return current(s) * Rate(s) })
	f.series(out, "keda_scaler_detail_errors_total", keda, func(s int) float64 { return float64(min(max(s-StatusFails[0], 0), 4)) })
	alert := func(name, severity, namespace, job string, incident [2]int) {
		labels := fmt.Sprintf(`alertname="%s",alertstate="firing",severity="%s",namespace="%s",job="%s"`, name, severity, namespace, job)
		f.series(out, "ALERTS", labels, func(s int) float64 {
			if During(incident, s) {
				return 1
			}
			return math.NaN()
		})
	}
	alert("NginxDropsConnections", "warning", "shop", "shop/web", [2]int{NoConnections[0] + 4, NoConnections[1] + 6})
	alert("NginxDown", "critical", "shop", "shop/web", [2]int{StatusFails[0] + 1, StatusFails[1]})
	alert("NginxPlusUpstreamDegraded", "warning", "edge", "edge/gateway", [2]int{ServerErrors[0] + 6, Scrapes})
}
