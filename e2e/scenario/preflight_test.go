package scenario

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/e2e/kube"
)

const (
	prometheusesPath = "/apis/monitoring.coreos.com/v1/prometheuses"
	apiServicePath   = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io"
	promQuery        = "/api/v1/namespaces/monitoring/services/prometheus-operated:web/proxy/api/v1/query"
	stackObject      = `{"metadata": {"namespace": "monitoring", "name": "k8s"}, "spec": {
		"podMonitorSelector": {"matchLabels": {"release": "stack"}}, "ruleSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["web", "db"]}]},
		"podMonitorNamespaceSelector": {"matchExpressions": [{"key": "monitored", "operator": "Exists"}]}}}`
)

// apiServer responds with texts by path, and with 404 to other paths. Permissions named
// denied, as VERB RESOURCE, are refused.
func apiServer(t *testing.T, texts map[string]string, denied ...string) *kube.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews") {
			var review struct {
				Spec struct {
					ResourceAttributes struct{ Verb, Resource string }
				}
			}
			if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
				t.Error(err)
			}
			a := review.Spec.ResourceAttributes
			review2 := object{"status": object{"allowed": !slices.Contains(denied, a.Verb+" "+a.Resource)}}
			if err := json.NewEncoder(w).Encode(review2); err != nil {
				t.Error(err)
			}
			return
		}
		text, found := texts[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNotFound)
			text = `{"message": "not found"}`
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return kube.NewClient(server.URL, &http.Transport{DisableKeepAlives: true})
}

// cluster has what the run needs.
func cluster() map[string]string {
	return map[string]string{
		"/version":                       `{"major": "1", "minor": "34+", "gitVersion": "v1.34.1"}`,
		"/apis/monitoring.coreos.com/v1": `{"resources": [{"name": "prometheuses"}, {"name": "podmonitors"}, {"name": "prometheusrules"}]}`,
		prometheusesPath:                 `{"items": [` + stackObject + `]}`,
		promQuery:                        `{"data": {"result": [{"value": [1, "1"]}]}}`,
	}
}

func checkCluster(t *testing.T, texts map[string]string, options Existing, denied ...string) (*Scenario, string, error) {
	t.Helper()
	var out strings.Builder
	s := NewExisting(Tools{}, &kube.Cluster{Client: apiServer(t, texts, denied...)}, &out)
	p := &preflight{scenario: s, options: options}
	err := p.check(t.Context())
	return s, out.String(), err
}

func TestRequirementsMet(t *testing.T) {
	t.Parallel()
	s, out, err := checkCluster(t, cluster(), Existing{Image: "registry:5000/team/nginx-exporter:1.2"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"v1.34.1", "16 allowed", "monitoring/k8s; labels of PodMonitors: release=stack, of namespaces: monitored=e2e", "free; the run registers"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	values := strings.Join(s.values, " ")
	for _, want := range []string{
		"image.repository=registry:5000/team/nginx-exporter", "image.tag=1.2",
		`monitor.labels={"release":"stack"}`, `prometheusRule.labels={"team":"web"}`, "http://prometheus-operated.monitoring.svc:9090",
	} {
		if !strings.Contains(values, want) {
			t.Errorf("no %q in %s", want, values)
		}
	}
}

func TestRequirementsMissing(t *testing.T) {
	t.Parallel()
	two := `{"items": [` + stackObject + `, ` + strings.Replace(stackObject, `"k8s"`, `"other"`, 1) + `]}`
	for name, c := range map[string]struct {
		change map[string]string // an empty text means 404
		denied []string
		want   string
	}{
		"old":              {map[string]string{"/version": `{"major": "1", "minor": "28", "gitVersion": "v1.28.0"}`}, nil, "1.29 or later"},
		"permissions":      {nil, []string{"create namespaces", "create apiservices"}, "not allowed: create namespaces, create apiservices.apiregistration.k8s.io"},
		"namespace exists": {map[string]string{"/api/v1/namespaces/" + ownSpace: "{}"}, nil, "delete it"},
		"no operator":      {map[string]string{"/apis/monitoring.coreos.com/v1": ""}, nil, "install prometheus-operator"},
		"one CRD missing":  {map[string]string{"/apis/monitoring.coreos.com/v1": `{"resources": [{"name": "prometheuses"}, {"name": "podmonitors"}]}`}, nil, "no CRD prometheusrules.monitoring.coreos.com"},
		"no object":        {map[string]string{prometheusesPath: `{"items": []}`}, nil, "no Prometheus object"},
		"several objects":  {map[string]string{prometheusesPath: two}, nil, "E2E_PROMETHEUS to one of monitoring/k8s, monitoring/other"},
		"selects nothing":  {map[string]string{prometheusesPath: `{"items": [{"metadata": {"namespace": "monitoring", "name": "k8s"}}]}`}, nil, "selects no PodMonitors"},
		"not supported": {
			map[string]string{prometheusesPath: strings.Replace(`{"items": [`+stackObject+`]}`, "Exists", "DoesNotExist", 1)},
			nil, "monitored DoesNotExist",
		},
		"no response":     {map[string]string{promQuery: ""}, nil, "prometheus-operated of monitoring/k8s"},
		"another adapter": {map[string]string{apiServicePath: `{"spec": {"service": {"namespace": "monitoring", "name": "adapter"}}}`}, nil, "served by monitoring/adapter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			texts := cluster()
			maps.Copy(texts, c.change)
			maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
			_, out, err := checkCluster(t, texts, Existing{Image: "nginx-exporter:0.1.0"}, c.denied...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(out, "missing: ") {
				t.Errorf("error %v, want %q; printed\n%s", err, c.want, out)
			}
		})
	}
}

func TestImageState(t *testing.T) {
	t.Parallel()
	const waiting = `{"phase": "Pending", "containerStatuses": [{"name": "version", "state": {"waiting": {"reason": %q, "message": "Back-off"}}}]}`
	for text, want := range map[string]string{
		`{"phase": "Succeeded"}`:                                 "",
		strings.Replace(waiting, "%q", `"ImagePullBackOff"`, 1):  "kind load docker-image x:1",
		strings.Replace(waiting, "%q", `"ContainerCreating"`, 1): "Pending: version: ContainerCreating",
	} {
		var status podStatus
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			t.Fatal(err)
		}
		err := imageState(&status, "x:1")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
