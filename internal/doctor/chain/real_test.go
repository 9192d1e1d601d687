package chain

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/doctor"
)

// Paths of clusters as others have them: kube-prometheus-stack, and
// prometheus-adapter from its own chart with its default rules.
const (
	promAPI     = "/api/v1/namespaces/monitoring/services/kps-prometheus:9090/proxy/api/v1/"
	podsPath    = "/api/v1/namespaces/shop/pods"
	webPath     = "/apis/apps/v1/namespaces/shop/deployments/web"
	customAPI   = "/apis/custom.metrics.k8s.io/v1beta1"
	valuePath   = customAPI + "/namespaces/shop/pods/*/nginx_http_requests"
	adapterPath = "/apis/apps/v1/namespaces/monitoring/deployments"
	rulesPath   = "/api/v1/namespaces/monitoring/configmaps/prometheus-adapter"
	pagePath    = podsPath + "/web-1:9113/proxy/metrics"
	externalAPI = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io"
	secret      = "hunter2hunter2"
)

const defaultRules = `
rules:
- seriesQuery: '{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  name: {matches: ^container_(.*)_seconds_total$}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>,container!="POD"}[5m])) by (<<.GroupBy>>)
- seriesQuery: '{namespace!="",__name__!~"^container_.*"}'
  seriesFilters: [{isNot: .*_total$}]
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
- seriesQuery: '{namespace!="",__name__!~"^container_.*"}'
  seriesFilters: [{isNot: .*_seconds_total}]
  resources: {template: <<.Resource>>}
  name: {matches: ^(.*)_total$}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)
`

// realSeries is the counter of one pod, with the labels that the operator sets.
const realSeries = `{"__name__": "nginx_http_requests_total", "namespace": "shop", "pod": "web-1", "service": "web", "job": "web", "instance": "10.0.0.1:9113", "container": "nginx-exporter", "endpoint": "metrics"}`

func vector(results ...string) string {
	return `{"status": "success", "data": {"resultType": "vector", "result": [` + strings.Join(results, ",") + `]}}`
}

func valued(labels, value string) string {
	return `{"metric": ` + labels + `, "value": [1795608000, "` + value + `"]}`
}

func realHPA(metrics, conditions string) string {
	return `{"items": [{"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {
		"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 5, "metrics": [` + metrics + `]},
		"status": {"currentReplicas": 1, "desiredReplicas": 1, "conditions": [` + conditions + `]}}]}`
}

const (
	podsMetric  = `{"type": "Pods", "pods": {"metric": {"name": "nginx_http_requests"}, "target": {"type": "AverageValue", "averageValue": "20"}}}`
	scalesWell  = `{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}`
	realTargets = `{"status": "success", "data": {"activeTargets": [
		{"scrapeUrl": "http://10.0.0.1:9113/metrics", "health": "up", "scrapeInterval": "30s", "scrapePool": "serviceMonitor/shop/web/0",
			"labels": {"namespace": "shop", "pod": "web-1", "job": "web", "instance": "10.0.0.1:9113"}, "discoveredLabels": {"__meta_kubernetes_pod_name": "web-1", "__meta_kubernetes_namespace": "shop"}},
		{"scrapeUrl": "http://10.0.0.9:8080/metrics", "health": "up", "scrapeInterval": "30s", "scrapePool": "serviceMonitor/monitoring/kps-kube-state-metrics/0",
			"labels": {"namespace": "monitoring", "pod": "ksm-1"}, "discoveredLabels": {"__meta_kubernetes_pod_name": "ksm-1", "__meta_kubernetes_namespace": "monitoring"}}]}}`
	noTargetsYet  = `{"status": "success", "data": {"activeTargets": [], "droppedTargets": []}}`
	realAdapter   = `{"name": "prometheus-adapter", "image": "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0", "args": ["/adapter", "--secure-port=6443", "--prometheus-url=http://kps-prometheus.monitoring.svc:9090/", "--metrics-relist-interval=1m", "--config=/etc/adapter/config.yaml", "--prometheus-header=Authorization=Bearer ` + secret + `"], "volumeMounts": [{"name": "config", "mountPath": "/etc/adapter"}]}`
	realContainer = `{"name": "nginx-exporter", "image": "nginx/nginx-prometheus-exporter:1.5.1", "ports": [{"containerPort": 9113, "name": "metrics"}]}`
)

func adapterWith(containers string) string {
	return `{"items": [{"metadata": {"name": "prometheus-adapter"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "adapter"}}, "template": {"metadata": {"labels": {"app": "adapter"}},
		"spec": {"serviceAccountName": "adapter", "containers": [` + containers + `], "volumes": [{"name": "config", "configMap": {"name": "prometheus-adapter"}}]}}}}]}`
}

func podWith(name, containers string) string {
	return `{"metadata": {"name": "` + name + `", "namespace": "shop", "labels": {"app": "web"}, "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {"containers": [` + containers + `]},
		"status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}}`
}

func items(all ...string) string { return `{"items": [` + strings.Join(all, ",") + `]}` }

// realCluster works.
func realCluster() answers {
	rules, err := json.Marshal(defaultRules)
	if err != nil {
		panic(err)
	}
	return answers{
		hpaPath:  realHPA(podsMetric, scalesWell),
		webPath:  `{"metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [` + realContainer + `]}}}}`,
		podsPath: items(podWith("web-1", `{"name": "nginx", "image": "nginx"}, `+realContainer)),
		pagePath: "nginx_up 1\nnginx_http_requests_total 7\n",
		apiServices + "v1beta1.custom.metrics.k8s.io":               `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"}, "spec": {"service": {"name": "prometheus-adapter", "namespace": "monitoring", "port": 443}, "insecureSkipTLSVerify": true}}`,
		"/api/v1/namespaces/monitoring/services/prometheus-adapter": `{"metadata": {"name": "prometheus-adapter"}, "spec": {"selector": {"app": "adapter"}, "ports": [{"port": 443, "targetPort": "https"}]}}`,
		"/api/v1/namespaces/monitoring/services/kps-prometheus":     `{"metadata": {"name": "kps-prometheus"}, "spec": {"clusterIP": "10.1.1.1", "ports": [{"name": "http-web", "port": 9090}, {"name": "reloader-web", "port": 8080}]}}`,
		adapterPath:                          adapterWith(realAdapter),
		"/api/v1/namespaces/monitoring/pods": `{"items": [{"metadata": {"name": "prometheus-adapter-1", "namespace": "monitoring", "creationTimestamp": "2026-11-25T10:00:00Z"}, "status": {"phase": "Running", "containerStatuses": [{"name": "prometheus-adapter", "state": {"running": {"startedAt": "2026-11-25T10:00:00Z"}}}]}}]}`,
		rulesPath:                            `{"metadata": {"name": "prometheus-adapter"}, "data": {"config.yaml": ` + string(rules) + `}}`,
		customAPI:                            `{"resources": [{"name": "pods/nginx_http_requests"}, {"name": "services/nginx_http_requests"}]}`,
		valuePath:                            `{"items": [{"value": "200m", "describedObject": {"kind": "Pod", "name": "web-1"}}]}`,
		promAPI + "targets":                  realTargets,
		operatorAPI + "podmonitors":          items(),
		operatorAPI + "prometheuses":         items(`{"metadata": {"name": "kps", "namespace": "monitoring"}, "spec": {"serviceMonitorSelector": {"matchLabels": {"release": "kps"}}, "serviceMonitorNamespaceSelector": {}, "podMonitorSelector": {"matchLabels": {"release": "kps"}}, "podMonitorNamespaceSelector": {}}}`),
		operatorAPI + "servicemonitors": items(`{"metadata": {"name": "web", "namespace": "shop", "labels": {"release": "kps"}, "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "metrics"}]}}`,
			`{"metadata": {"name": "kps-kube-state-metrics", "namespace": "monitoring", "labels": {"release": "kps"}}, "spec": {"selector": {"matchLabels": {"app": "ksm"}}, "endpoints": [{"port": "http"}]}}`),
		"/api/v1/namespaces/shop/services": items(`{"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]}}`,
			`{"metadata": {"name": "web-metrics", "labels": {"app": "web"}}, "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"name": "metrics", "port": 9113, "targetPort": "metrics"}]}}`),
		"/api/v1/namespaces/shop":       `{"metadata": {"name": "shop"}}`,
		"/api/v1/namespaces/monitoring": `{"metadata": {"name": "monitoring"}}`,
	}
}

// series are answers of Prometheus, by a part of the question; a question that
// none has in it is answered with the counter of the pod.
type series map[string]string

// examineReal looks at the cluster that works, with changes.
func examineReal(t testing.TB, change answers, replies series) *doctor.Report {
	t.Helper()
	all := realCluster()
	maps.Copy(all, change)
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	kubectl := func(ctx context.Context, args []string) ([]byte, error) {
		path, query, _ := strings.Cut(args[2], "?")
		user := args[len(args)-1]
		if _, found := all[user+" "+path]; found {
			path = user + " " + path
		}
		q, _ := url.ParseQuery(query) // it is ours
		asked := q.Get("query")
		if _, known := all[path]; known || !strings.HasSuffix(path, "/api/v1/query") {
			return all.run(ctx, []string{"", "", path})
		}
		for _, part := range slices.Sorted(maps.Keys(replies)) {
			if strings.Contains(asked, part) {
				return answers{"": replies[part]}.run(ctx, []string{"", "", ""})
			}
		}
		switch {
		case asked == "vector(1)":
			return []byte(vector(valued("{}", "1"))), nil
		case strings.Contains(asked, "container_.*\",container"):
			return []byte(vector()), nil
		}
		return []byte(vector(valued(realSeries, "7"))), nil
	}
	nobody := func(address string) *prometheus {
		return &prometheus{name: withoutLogin(address), ask: func(context.Context, string) (int, []byte, error) { return 0, nil, &refusal{promDown, "refused"} }}
	}
	return Examine(context.Background(), Options{Namespace: "shop", Name: "web", kubectl: kubectl, direct: nobody, now: func() time.Time { return at }})
}

func inWords(r *doctor.Report) string {
	var text strings.Builder
	_ = r.WriteText(&text, false) // into memory
	return text.String()
}

// real is a cluster as others have it, and what is to be said of it: no code
// for one that works.
type real struct {
	name    string
	change  answers
	replies series
	verdict doctor.Verdict
	want    doctor.Code
	says    string // pattern of the report
}

func (tt *real) check(t *testing.T) {
	t.Helper()
	report := examineReal(t, tt.change, tt.replies)
	codes := report.Codes()
	if report.Verdict() != tt.verdict || tt.want == "" && len(codes) > 0 || tt.want != "" && !slices.Contains(codes, tt.want) {
		t.Errorf("%v; want %q in a report that is %s\n%s", codes, tt.want, tt.verdict, inWords(report))
	}
	if text := inWords(report); !regexp.MustCompile(tt.says).MatchString(text) {
		t.Errorf("it does not say %q:\n%s", tt.says, text)
	}
	var document bytes.Buffer
	if err := report.WriteJSON(&document); err != nil || !json.Valid(document.Bytes()) || strings.Contains(document.String(), secret) {
		t.Errorf("%v: %s", err, document.String())
	}
}

func TestRealClusters(t *testing.T) {
	for _, tt := range slices.Concat([]real{{name: "one that works", verdict: doctor.Healthy}}, realPrometheus(), realScrapes(), realRules(), realPods(), realMetrics(), realRights(), realKEDA()) {
		t.Run(tt.name, tt.check)
	}
}

func adapterAt(address string, more ...string) string {
	return adapterWith(strings.Join(append([]string{strings.ReplaceAll(realAdapter, "http://kps-prometheus.monitoring.svc:9090/", address)}, more...), ","))
}

func realPrometheus() []real {
	const query = promAPI + "query"
	other := "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/"
	operated := answers{other + "query": vector(valued(realSeries, "1")), other + "targets": realTargets}
	at := func(address string, more ...string) answers {
		a := maps.Clone(operated)
		a[adapterPath] = adapterAt(address, more...)
		return a
	}
	external := at("http://prometheus.monitoring.svc:9090")
	external["/api/v1/namespaces/monitoring/services/prometheus"] = `{"spec": {"type": "ExternalName", "externalName": "prometheus.example.com"}}`
	tls := maps.Clone(operated)
	tls[adapterPath], tls[operatorAPI+"prometheuses"] = adapterAt("https://prometheus.example.com"), items(`{"metadata": {"namespace": "monitoring"}, "spec": {"web": {"tlsConfig": {"cert": {}}}}}`)
	delete(tls, other+"query")
	https := strings.Replace(other, "services/", "services/https:", 1)
	tls[https+"query"], tls[https+"targets"] = operated[other+"query"], realTargets
	return []real{
		{"a network that keeps the API server away", answers{query: "Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.0.0.7:9090: i/o timeout"}, nil, doctor.Unseen, codePrometheusAway, ""},
		{"a proxy that says no", answers{query: "Error from server (Forbidden): Forbidden (user=system:anonymous, verb=get, resource=prometheuses, subresource=api)"}, nil, doctor.Unseen, codePrometheusLogin, ""},
		{"TLS at that port", answers{query: "Error from server (BadRequest): the server rejected our request for an unknown reason"}, nil, doctor.Ill, codePrometheusStrange, ""},
		{"a port that the Service does not have", at("http://kps-prometheus.monitoring.svc:80"), nil, doctor.Ill, codePrometheusURL, "http-web 9090"},
		{"a Service without endpoints", answers{query: `Error from server (NotFound): endpoints "kps-prometheus" not found`}, nil, doctor.Ill, codePrometheusDown, ""},
		{"a sidecar that signs", at("http://localhost:8005", `{"name": "sigv4", "image": "aws-sigv4-proxy"}`), nil, doctor.Healthy, "", ""},
		{"no sidecar", at("http://127.0.0.1:9090"), nil, doctor.Ill, codePrometheusURL, "no other container"},
		{"a Service with a name of outside", external, nil, doctor.Healthy, "", ""},
		{"Prometheus with TLS", tls, nil, doctor.Healthy, "", "https://prometheus-operated"},
		{"no right to look for it", answers{
			adapterPath:                  "Error from server (Forbidden): deployments is forbidden: User \"me\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"monitoring\"",
			operatorAPI + "prometheuses": "Error from server (Forbidden): prometheuses is forbidden: User \"me\" cannot list resource \"prometheuses\"",
		}, nil, doctor.Unseen, codeForbidden, "--prometheus.url"},
	}
}

func realScrapes() []real {
	const targets = promAPI + "targets"
	none := vector()
	target := func(url, health, pool, labels string) string {
		return `{"scrapeUrl": "` + url + `", "health": "` + health + `", "scrapeInterval": "30s", "scrapePool": "` + pool + `", "labels": ` + labels + `}`
	}
	active := func(all ...string) string {
		return `{"status": "success", "data": {"activeTargets": [` + strings.Join(all, ",") + `]}}`
	}
	const web1 = `{"namespace": "shop", "pod": "web-1", "instance": "10.0.0.1:9113", "job": "web"}`
	six := strings.Replace(podWith("web-1", realContainer), "10.0.0.1", "fd00::1", 1)
	monitors := func(all ...string) answers {
		return answers{targets: noTargetsYet, operatorAPI + "servicemonitors": items(all...)}
	}
	const unlabelled = `{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "metrics"}]}}`
	ingress := `{"metadata": {"name": "nginx-front", "namespace": "shop", "labels": {"release": "kps"}}, "spec": {"selector": {"matchLabels": {"app": "front"}}, "endpoints": [{"port": "metrics"}]}}`
	front := monitors(ingress)
	front[targets] = active(target("http://10.0.0.3:9113/metrics", "up", "serviceMonitor/shop/nginx-front/0", `{"namespace": "shop", "pod": "front-1"}`))
	app := monitors(`{"metadata": {"name": "app", "namespace": "shop", "labels": {"release": "kps"}}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "http"}]}}`)
	app[targets] = active(target("http://10.0.0.1:80/metrics", "up", "serviceMonitor/shop/app/0", web1))
	oneMore := items(podWith("web-1", realContainer), strings.NewReplacer("10:00:00Z", "11:59:50Z", `"True"`, `"False"`).Replace(podWith("web-2", realContainer)))
	old := `{"__name__": "nginx_http_requests_total", "kubernetes_namespace": "shop", "kubernetes_pod_name": "web-1", "instance": "10.0.0.1:9113", "job": "web"}`
	byOld, _ := json.Marshal(strings.NewReplacer("template: <<.Resource>>", `overrides: {kubernetes_namespace: {resource: namespace}, kubernetes_pod_name: {resource: pod}}`).Replace(defaultRules)) // a text
	forbid := "Error from server (Forbidden): podmonitors.monitoring.coreos.com is forbidden: User \"me\" cannot list resource \"podmonitors\""
	return []real{
		{"Thanos, which has no targets", answers{targets: noTargetsYet}, nil, doctor.Healthy, "", "no targets"},
		{"VictoriaMetrics, which does not know them", answers{targets: "Error from server (BadRequest): the server rejected our request"}, nil, doctor.Healthy, "", ""},
		{"a proxy before the exporter", answers{targets: active(target("https://10.0.0.1:9443/metrics", "up", "serviceMonitor/shop/web/0", web1))}, nil, doctor.Healthy, "", ""},
		{"IPv6, and a job that sets no labels", answers{podsPath: items(six), targets: active(target("http://[fd00::1]:9113/metrics", "up", "static", `{"instance": "x"}`))}, nil, doctor.Healthy, "", "1 of 1 pods"},
		{"a label that Prometheus wants", monitors(unlabelled), series{"nginx": none}, doctor.Ill, codeMonitorIgnored, "release=kps"},
		{"a monitor of other pods", front, series{"nginx": none}, doctor.Ill, codeNoMonitor, ""},
		{"a monitor of another port", app, series{"nginx": none}, doctor.Ill, codeNoMonitor, ":80/metrics by"},
		{"no list of jobs", answers{targets: noTargetsYet}, series{"nginx": none}, doctor.Unseen, codeUnknown, "its jobs"},
		{"a pod that has just come", answers{podsPath: oneMore, targets: active(target("http://10.0.0.1:9113/metrics", "up", "x", web1), target("http://10.0.0.2:9113/metrics", "down", "x", `{"namespace": "shop", "pod": "web-2"}`))},
			nil, doctor.Healthy, "", ""},
		{"labels of old jobs, and a rule for them", answers{rulesPath: `{"data": {"config.yaml": ` + string(byOld) + `}}`},
			series{`namespace="shop",pod=~`: none, "nginx": vector(valued(old, "7"))}, doctor.Healthy, "", "labels of their own"},
		{"labels of old jobs, and no rule for them", nil, series{`namespace="shop",pod=~`: none, "nginx": vector(valued(old, "7"))}, doctor.Ill, codeRelabelled, ""},
		{"a right that is missing to see monitors", answers{targets: noTargetsYet, operatorAPI + "podmonitors": forbid, operatorAPI + "namespaces/shop/podmonitors": items(), operatorAPI + "servicemonitors": items()},
			series{"nginx": none}, doctor.Unseen, codeForbidden, "podmonitors"},
		{"no right to see any monitors of a kind", answers{targets: noTargetsYet, operatorAPI + "podmonitors": forbid, operatorAPI + "namespaces/shop/podmonitors": forbid},
			series{"nginx": none}, doctor.Unseen, codeForbidden, "podmonitors"},
	}
}

func realRules() []real {
	hpa := answers{hpaPath: realHPA(strings.Replace(podsMetric, "nginx_http_requests", "nginx_http_requests_per_second", 1), scalesWell)}
	all := series{"connections": vector(valued(`{"__name__": "nginx_connections_active", "namespace": "shop", "pod": "web-1"}`, "1"), valued(`{"__name__": "up", "namespace": "shop", "pod": "web-1"}`, "1"), valued(realSeries, "1"))}
	return []real{
		{"another name than that of the default rules", hpa, all, doctor.Ill, codeMetricName, `makes nginx_http_requests of the series(?s:.*)ask for nginx_http_requests in`},
	}
}

// A rule for everything is tried with series of nginx alone.
func TestRuleOfEverything(t *testing.T) {
	for query, want := range map[string]string{
		`{namespace!="",__name__!~"^container_.*"}`: `{__name__=~"nginx(plus)?_(http_requests|connections)_.+",namespace!="",__name__!~"^container_.*"}`,
		`nginx_http_requests_total{pod!=""}`:        `nginx_http_requests_total{pod!=""} and ` + ourSeries,
		`{namespace!=,`:                             `{namespace!=, and ` + ourSeries,
	} {
		if got := (&rule{SeriesQuery: query}).ours(); got != want {
			t.Errorf("%s is asked as %s", query, got)
		}
	}
}

// Hundreds of pods are not all named in one address.
func TestManyPods(t *testing.T) {
	w := walk{}
	for range 700 {
		var p pod
		p.Metadata.Name = "web-7d9f8c6b5d-abcde"
		w.pods = append(w.pods, p)
	}
	if n := len(w.asked()); n < 100 || len(url.QueryEscape(w.seriesQuery())) > 4000 {
		t.Errorf("%d pods in %d bytes", n, len(url.QueryEscape(w.seriesQuery())))
	}
}

func realPods() []real {
	pods := func(all ...string) answers { return answers{podsPath: items(all...)} }
	const fpm = `{"name": "php-fpm-exporter", "image": "hipages/php-fpm_exporter", "ports": [{"containerPort": 9253}]}, {"name": "nginx", "image": "nginx"}, `
	moved := pods(podWith("web-1", strings.Replace(realContainer, `"ports"`, `"args": ["--web.telemetry-path=/status/metrics"], "ports"`, 1)))
	moved[podsPath+"/web-1:9113/proxy/status/metrics"] = "nginx_up 1"
	moved[pagePath] = "Error from server (NotFound): the server could not find the requested resource"
	unreachable := answers{podsPath: items(podWith("web-1", realContainer), podWith("web-2", realContainer), podWith("web-3", realContainer), podWith("web-4", realContainer))}
	for _, name := range []string{"web-1", "web-2", "web-3"} {
		unreachable[podsPath+"/"+name+":9113/proxy/metrics"] = "error: kubectl had no answer"
	}
	unreachable[podsPath+"/web-4:9113/proxy/metrics"] = "nginx_up 0" // a fourth question is not asked
	young := func(p string) string { return strings.Replace(p, "10:00:00Z", "11:58:00Z", 1) }
	old := answers{hpaPath: strings.Replace(realHPA(podsMetric, scalesWell), "apps/v1", "apps/v1beta2", 1)}
	rollout := answers{
		hpaPath:                      strings.NewReplacer("apps/v1", "argoproj.io/v1alpha1", "Deployment", "Rollout").Replace(realHPA(podsMetric, scalesWell)),
		"/apis/argoproj.io/v1alpha1": `{"resources": [{"name": "rollouts", "kind": "Rollout"}, {"name": "rollouts/scale", "kind": "Rollout"}]}`,
		"/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web":       `{"metadata": {"name": "web"}, "spec": {"workloadRef": {"name": "web"}}}`,
		"/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/scale": `{"spec": {"replicas": 1}, "status": {"replicas": 1, "selector": "app=web"}}`,
	}
	return []real{
		{"another exporter beside it", pods(podWith("web-1", fpm+realContainer)), nil, doctor.Healthy, "", ""},
		{"a page at another path", moved, nil, doctor.Healthy, "", "nginx_up is 1"},
		{"pods that nobody gets through to", unreachable, nil, doctor.Healthy, codeSomeUnscraped, "not asked"},
		{"a rollout that adds the exporter", pods(podWith("web-0", `{"name": "nginx", "image": "nginx"}`), young(podWith("web-1", realContainer))), nil, doctor.Pending, "", "rollout"},
		{"pods that stay without", pods(podWith("web-0", `{"name": "nginx", "image": "nginx"}`), podWith("web-1", realContainer)), nil, doctor.Ill, codeNoExporter, ""},
		{"an older version in scaleTargetRef", old, nil, doctor.Healthy, "", ""},
		{"a Rollout of a Deployment", rollout, nil, doctor.Healthy, "", ""},
		{"an ingress controller", answers{pagePath: "nginx_ingress_controller_requests 7"}, nil, doctor.Ill, codeNotExporter, "no nginx_up"},
	}
}

func realMetrics() []real {
	object := func(described string) string {
		return `{"type": "Object", "object": {"metric": {"name": "nginx_http_requests"}, "target": {"type": "Value", "value": "20"}, "describedObject": ` + described + `}}`
	}
	listed := func(name string) answers {
		return answers{customAPI: `{"resources": [{"name": "` + name + `/nginx_http_requests"}]}`}
	}
	ingress, space := listed("ingresses.networking.k8s.io"), listed("namespaces")
	ingress[hpaPath] = realHPA(object(`{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}`), scalesWell)
	ingress[customAPI+"/namespaces/shop/ingresses.networking.k8s.io/web/nginx_http_requests"] = `{"items": [{"value": "3"}]}`
	space[hpaPath] = realHPA(object(`{"apiVersion": "v1", "kind": "Namespace", "name": "shop"}`), scalesWell)
	space[customAPI+"/namespaces/shop/metrics/nginx_http_requests"] = `{"items": [{"value": "3"}]}`
	const cpu = `{"type": "Resource", "resource": {"name": "cpu"}}, {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "nginx"}}, `
	datadog := answers{
		hpaPath:                                 realHPA(`{"type": "External", "external": {"metric": {"name": "nginx.net.request_per_s"}, "target": {"type": "AverageValue", "averageValue": "20"}}}`, scalesWell),
		externalAPI:                             `{"spec": {"service": {"name": "datadog-cluster-agent-metrics-api", "namespace": "datadog"}}}`,
		"/apis/external.metrics.k8s.io/v1beta1": `{}`,
		"/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/nginx.net.request_per_s": `{"items": [{"value": "3"}]}`,
	}
	empty, away := maps.Clone(datadog), maps.Clone(datadog)
	empty["/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/nginx.net.request_per_s"] = `{"items": []}`
	away["/apis/external.metrics.k8s.io/v1beta1"] = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
	nobody := maps.Clone(datadog)
	delete(nobody, externalAPI)
	google := answers{hpaPath: realHPA(`{"type": "Pods", "pods": {"metric": {"name": "prometheus.googleapis.com|nginx_http_requests_total|counter"}}}`, scalesWell)}
	picky := answers{hpaPath: realHPA(strings.Replace(podsMetric, `"name": "nginx_http_requests"`, `"name": "nginx_http_requests", "selector": {"matchLabels": {"addr": "x"}}`, 1), scalesWell), valuePath: `{"items": []}`}
	return []real{
		{"a metric of an Ingress", ingress, nil, doctor.Healthy, "", "wants nginx_http_requests of 20 for all pods"},
		{"a metric of a namespace", space, nil, doctor.Healthy, "", ""},
		{"several metrics", answers{hpaPath: realHPA(cpu+podsMetric, scalesWell)}, nil, doctor.Healthy, "", ""},
		{"Datadog", datadog, nil, doctor.Healthy, "", ""},
		{"Datadog without a value", empty, nil, doctor.Ill, codeUnknown, ""},
		{"Datadog that is down", away, nil, doctor.Ill, codeUnknown, ""},
		{"external metrics of nobody", nobody, nil, doctor.Ill, codeNoAPI, ""},
		{"Google's names", google, nil, doctor.Unseen, codeManaged, ""},
		{"a selector that no series has", picky, series{`addr=~"x"`: vector()}, doctor.Ill, codeQueryEmpty, ""},
		{"a tenant that has no series", answers{valuePath: `{"items": []}`}, nil, doctor.Ill, codeUnknown, "same tenant"},
	}
}

func realRights() []real {
	forbid := func(verb, what string) string {
		return `Error from server (Forbidden): ` + what + ` is forbidden: User "me" cannot ` + verb + ` resource "` + what + `" in API group "" in the namespace "monitoring"`
	}
	alone := answers{
		"--as=" + controller + " " + valuePath: `Error from server (Forbidden): users "x" is forbidden: User "me" cannot impersonate resource "serviceaccounts"`,
		valuePath:                              forbid("list", "pods.custom.metrics.k8s.io"),
	}
	const down = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
	far := answers{
		customAPI: down, apiServices + "v1beta1.custom.metrics.k8s.io": `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"}, "spec": {"service": {"name": "prometheus-adapter", "namespace": "monitoring", "port": 443}, "caBundle": "abc"},
			"status": {"conditions": [{"type": "Available", "status": "False", "message": "failing or missing response from https://10.0.0.5:6443/apis: Get: context deadline exceeded"}]}}`,
		"/apis/discovery.k8s.io/v1/namespaces/monitoring/endpointslices": items(`{"endpoints": [{"addresses": ["10.0.0.5"]}], "ports": [{"port": 6443}]}`),
	}
	const slow = "E1125 unable to update list of all metrics: unable to fetch metrics for query: Get http://me:" + secret + "@kps: dial tcp: i/o timeout"
	stays := answers{customAPI: `{"resources": [{"name": "pods/other"}]}`}
	logged := maps.Clone(stays)
	logged["/api/v1/namespaces/monitoring/pods/prometheus-adapter-1/log"] = slow
	return []real{
		{"no right to the value", alone, nil, doctor.Unseen, codeForbidden, "impersonate"},
		{"no right to the adapter, which is down", answers{customAPI: down, "/api/v1/namespaces/monitoring/pods": forbid("list", "pods")}, nil, doctor.Unseen, codeForbidden, "list pods"},
		{"no right to the rules", answers{rulesPath: forbid("get", "configmaps"), customAPI: `{"resources": []}`}, nil, doctor.Unseen, codeForbidden, "get configmaps"},
		{"an API server that does not get to the adapter", far, nil, doctor.Ill, codeAdapterUnreachable, ""},
		{"a list that stays without the metric", stays, nil, doctor.Ill, codeUnknown, ""},
		{"an adapter that says why", logged, nil, doctor.Ill, codeAdapterPrometheus, ""},
		{"a list that nobody may see, and no value", answers{customAPI: forbid("list", "custom metrics"), valuePath: "Error from server (NotFound): the server could not find the metric"}, nil, doctor.Ill, codeUnknown, ""},
	}
}

func realKEDA() []real {
	const value = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/"
	const prom = `{"type": "prometheus", "metadata": {"serverAddress": "http://kps-prometheus.monitoring.svc:9090", "query": "sum(rate(nginx_http_requests_total[1m]))"}}`
	hpa := func(names ...string) string {
		var all []string
		for _, name := range names {
			all = append(all, `{"type": "External", "external": {"metric": {"name": "`+name+`"}, "target": {"type": "AverageValue", "averageValue": "20"}}}`)
		}
		return strings.NewReplacer(`"name": "web", "namespace": "shop", `, `"name": "keda-hpa-web", "namespace": "shop", "labels": {"scaledobject.keda.sh/name": "web"}, `).Replace(realHPA(strings.Join(all, ","), scalesWell))
	}
	scaled := func(triggers, status string) string {
		return `{"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {"triggers": [` + triggers + `]}, "status": ` + status + `}`
	}
	keda := func(hpa, scaled string, more answers) answers {
		all := answers{hpaPath: hpa, soPath: scaled, externalAPI: `{"spec": {"service": {"name": "keda-metrics", "namespace": "keda"}}}`, "/apis/external.metrics.k8s.io/v1beta1": "{}"}
		maps.Copy(all, more)
		return all
	}
	const kafka = `{"type": "kafka", "metadata": {"topic": "orders"}}`
	const lag = `{"type": "prometheus", "metadata": {"serverAddress": "http://elsewhere.shop.svc", "query": "sum(lag)"}}`
	const rabbit = `{"type": "metrics-api", "metadata": {"url": "http://rabbit.queues.svc/api/stats"}}`
	two := keda(hpa("s0-kafka-orders", "s1-prometheus", "s2-prometheus"), scaled(kafka+","+lag+","+prom, ready), answers{value + "s2-prometheus": `{"items": [{"value": "3"}]}`})
	static := keda(hpa("s0-prometheus"), scaled(prom, ready), answers{value + "s0-prometheus": `{"items": [{"value": "3"}]}`})
	return []real{
		{"several triggers", two, nil, doctor.Healthy, "", "wants s2-prometheus"},
		{"a job that knows no pods", static, series{`namespace="shop",pod=~`: vector(), "instance=": vector(valued(`{"__name__": "nginx_http_requests_total", "instance": "x"}`, "7"))}, doctor.Healthy, "", ""},
		{"scaled to nothing", keda(hpa("s0-prometheus"), scaled(prom, ready), answers{
			webPath: `{"metadata": {"name": "web"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}}}`, podsPath: items(),
		}), nil, doctor.Pending, "", "scaled to 0"},
		{"figures of another program", keda(hpa("s0-rabbit"), scaled(rabbit, ready), answers{value + "s0-rabbit": `{"items": [{"value": "3"}]}`}), nil, doctor.Healthy, "", "not the exporter"},
		{"no figures of another trigger", keda(hpa("s0-kafka-orders"), scaled(kafka+","+prom, ready), nil), nil, doctor.Ill, codeExternalValue, ""},
		{"an address of one word", keda(hpa("s0-prometheus"), scaled(strings.Replace(prom, "kps-prometheus.monitoring.svc", "prometheus", 1), ready), answers{
			operatorAPI + "prometheuses": items(),
		}), nil, doctor.Unseen, codeNoPrometheus, ""},
	}
}

// Whatever is missing or odd in answers: the doctor does not crash, shows no
// login, and calls nothing healthy at which it could not look.
func FuzzExamine(f *testing.F) {
	paths := slices.Sorted(maps.Keys(realCluster()))
	for i := range paths {
		for at := range 40 {
			f.Add(uint8(i), uint16(at), uint8(at), uint8(i*7), uint16(at*3), uint8(i))
		}
	}
	known := map[doctor.Code]bool{}
	for _, c := range Causes() {
		known[c.Code] = true
	}
	odd := []any{nil, "", "x", secret, float64(-1), 1e300, true, []any{}, map[string]any{}, []any{nil}, "http://a:" + secret + "@[::1", "{{<<", "2026-11-25T12:00:01Z"}
	scenes := realKEDA()
	f.Fuzz(func(t *testing.T, which uint8, at uint16, how, second uint8, at2 uint16, how2 uint8) {
		change := answers{}
		if int(how)%3 == 0 {
			maps.Copy(change, scenes[int(second)%len(scenes)].change)
		}
		all := realCluster()
		maps.Copy(all, change)
		keys := slices.Sorted(maps.Keys(all))
		for _, m := range []struct {
			which uint8
			at    uint16
			how   uint8
		}{{which, at, how}, {second, at2, how2}} {
			path := keys[int(m.which)%len(keys)]
			var tree any
			if json.Unmarshal([]byte(all[path]), &tree) != nil {
				continue
			}
			n := int(m.at)
			tree = mutate(tree, &n, odd[int(m.how)%len(odd)])
			text, err := json.Marshal(tree)
			if err != nil {
				t.Skip(err)
			}
			change[path], all[path] = string(text), string(text)
		}
		report := examineReal(t, change, nil)
		var document bytes.Buffer
		if err := report.WriteJSON(&document); err != nil || !json.Valid(document.Bytes()) {
			t.Errorf("%v: %s", err, document.String())
		}
		if strings.Contains(document.String(), ":"+secret) || len(report.Links) == 0 {
			t.Errorf("%s", document.String())
		}
		for _, code := range report.Codes() {
			if !known[code] {
				t.Errorf("%q is no code", code)
			}
		}
		last := report.Links[len(report.Links)-1]
		if report.Verdict() == doctor.Healthy && last.Name != "decision" {
			t.Errorf("it ends at %s and calls it healthy", last.Name)
		}
	})
}

// mutate puts something odd in the n-th place of a tree.
func mutate(tree any, n *int, odd any) any {
	if *n--; *n == -1 {
		return odd
	}
	switch v := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if *n >= 0 {
				v[key] = mutate(v[key], n, odd)
			}
		}
	case []any:
		for i := range v {
			if *n >= 0 {
				v[i] = mutate(v[i], n, odd)
			}
		}
	}
	return tree
}
