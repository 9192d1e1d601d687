package hpa

import (
	"context"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// replay is a conversation with some other responses. Requests that the recording does not
// have are forbidden: what they would have returned is not known.
type replay struct {
	*conversation

	changed  map[string]record // by request
	requests map[string]bool   // those that were sent
}

const denied = `Error from server (Forbidden): things is forbidden: User "me" cannot get resource "things" in API group "" in the namespace "x"`

func (r *replay) run(_ context.Context, args []string) ([]byte, error) {
	key := request(args)
	r.requests[key] = true
	if other, found := r.changed[key]; found {
		return other.kubectlResponse.result()
	}
	if a, found := r.kubectl[key]; found {
		return a.result()
	}
	if strings.HasSuffix(key, " /version") {
		return []byte("{}"), nil
	}
	return nil, cluster.ErrorOf(denied)
}

func (r *replay) fetch(_ context.Context, address, path string) (int, []byte, error) {
	switch {
	case strings.HasPrefix(address, replayed):
	case r.Want == "adapter-prometheus-url":
		return (&promResponse{}).result()
	default: // the adapter reaches it, from elsewhere
		return 0, nil, &cluster.Error{Reason: cluster.Unreachable, Message: "i/o timeout"}
	}
	r.requests[path] = true
	if other, found := r.changed[path]; found {
		return other.promResponse.result()
	}
	if a, found := r.proms[path]; found {
		return a.result()
	}
	return 0, nil, &cluster.Error{Reason: cluster.Unreachable, Message: errNotRecorded.Error()}
}

// replayWith replays a conversation with other responses.
func replayWith(t *testing.T, c *conversation, changed map[string]record) (*doctor.Report, *replay) {
	t.Helper()
	r := &replay{conversation: c, changed: changed, requests: map[string]bool{}}
	return Examine(t.Context(), c.options(r.run, r.fetch)), r
}

// notObserved are codes that name no fault of the cluster.
func notObserved() []doctor.Code {
	return []doctor.Code{unknown, "right-missing", "cluster-unreachable", "cluster-unauthorized", "prometheus-out-of-reach", "prometheus-not-found"}
}

// kubectlFailures are failures of a request that say nothing about its object.
func kubectlFailures(a *kubectlResponse) map[string]record {
	fails := func(stderr string) record { return record{kubectlResponse: kubectlResponse{Exit: 1, Stderr: stderr}} }
	return map[string]record{
		"forbidden":    fails(denied),
		"hangs":        {kubectlResponse: kubectlResponse{Exit: -1}},
		"refused":      fails("The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?"),
		"unauthorized": fails("error: You must be logged in to the server (Unauthorized)"),
		"internal":     fails("Error from server (InternalError): Internal error occurred: etcdserver: leader changed"),
		"throttled":    fails("Error from server (TooManyRequests): the server has received too many requests and has asked us to try again later"),
		"unavailable":  fails("Error from server (ServiceUnavailable): the server is currently unable to handle the request"),
		"a page":       {kubectlResponse: kubectlResponse{Stdout: "<html><title>Sign in</title></html>"}},
		"cut off":      {kubectlResponse: kubectlResponse{Stdout: a.Stdout[:len(a.Stdout)/2], Stderr: a.Stderr, Exit: a.Exit}},
		"of version 9": fails("Error from server (NotAcceptable): the body is not of a supported version"),
	}
}

// promFailures are the same for requests to Prometheus.
func promFailures(a *promResponse) map[string]record {
	const failed = `{"status":"error","errorType":"execution","error":"query timed out in expression evaluation"}`
	all := map[string]record{}
	for how, r := range map[string]promResponse{
		"refused": {}, "500": {500, "x"}, "503": {503, failed}, "422": {422, failed}, "401": {401, ""}, "429": {429, "Too many outstanding requests"},
		"cut off": {200, a.Body[:len(a.Body)/2]},
	} {
		all[how] = record{promResponse: r}
	}
	return all
}

// responders are servers behind the API server, and Prometheus: that a request to them fails
// is a fault of the cluster, with these codes.
func responders() map[*regexp.Regexp][]doctor.Code {
	return map[*regexp.Regexp][]doctor.Code{
		regexp.MustCompile(`custom\.metrics\.k8s\.io/v1beta\d$`):      {"adapter-front-proxy", "adapter-unreachable"},
		regexp.MustCompile(`custom\.metrics\.k8s\.io/v1beta\d/`):      {"adapter-front-proxy", "adapter-prometheus-down"},
		regexp.MustCompile(`external\.metrics\.k8s\.io/v1beta1$`):     {"adapter-front-proxy", "keda-api-down"},
		regexp.MustCompile(`external\.metrics\.k8s\.io/v1beta1/`):     {"adapter-front-proxy", "keda-no-value"},
		regexp.MustCompile(`^/apis/metrics\.k8s\.io`):                 {"metrics-server", "hpa-metric-failing"},
		regexp.MustCompile(`query\?query=vector`):                     {"prometheus-down", "prometheus-other-program", "prometheus-login"},
		regexp.MustCompile(`/services/.*/proxy/api/v1/query`):         {"prometheus-login", "prometheus-down"},
		regexp.MustCompile(`/pods/[^/]*/proxy/metrics`):               {"exporter-other-program"},               // only a page is
		regexp.MustCompile(`^/apis$|/kube-system/configmaps/|/log\?`): {"prometheus-login", "adapter-crashing"}, // only details depend on these
	}
}

// consequences are codes that a missing object, or an empty list, may lead to.
func consequences() map[*regexp.Regexp][]doctor.Code {
	monitors := []doctor.Code{"monitor-missing", "monitor-ignored", "monitor-not-loaded", "monitor-service-missing", "scrape-job-missing", "prometheus-finds-no-pods", "monitor-port"}
	return map[*regexp.Regexp][]doctor.Code{
		regexp.MustCompile(`horizontalpodautoscalers$`):              {"hpa-missing"},
		regexp.MustCompile(`/scaledobjects/`):                        {"hpa-missing"},
		regexp.MustCompile(`shop/deployments/`):                      {"hpa-target-missing"},
		regexp.MustCompile(`shop/deployments$`):                      {"adapter-missing", "adapter-unreachable"},
		regexp.MustCompile(`pods\?labelSelector=app%3Dweb`):          {"pods-none"},
		regexp.MustCompile(`pods\?labelSelector=app.kubernetes.io`):  {"adapter-crashing"},
		regexp.MustCompile(`endpointslices`):                         {"adapter-missing", "adapter-crashing", "adapter-service-selector"},
		regexp.MustCompile(`apiservices/v1beta1.custom`):             {"api-missing"},
		regexp.MustCompile(`apiservices/v1beta2.custom`):             {"api-missing"},
		regexp.MustCompile(`apiservices/v1beta1.external`):           {"api-missing", "keda-missing"},
		regexp.MustCompile(`services/shop-nginx-exporter-adapter$`):  {"adapter-service-missing"},
		regexp.MustCompile(`services/(prometheus-operated|web)$`):    {"adapter-prometheus-url"},
		regexp.MustCompile(`services/.*/proxy/api/v1/query`):         {"adapter-prometheus-url", "prometheus-down", "prometheus-other-program"},
		regexp.MustCompile(`services/web-rate$`):                     {"keda-rate-service"},
		regexp.MustCompile(`proxy/rate/`):                            {"keda-rate-window"},
		regexp.MustCompile(`shop/services$`):                         monitors,
		regexp.MustCompile(`(pod|service)monitors|prometheuses$`):    append(monitors, "prometheus-not-found"),
		regexp.MustCompile(`configmaps/shop-nginx-exporter-adapter`): {"adapter-crashing"}, // since of its rules nothing is known
		regexp.MustCompile(`configmaps/extension-apiserver`):         {"adapter-crashing"},
		regexp.MustCompile(`/v1/targets`):                            append(monitors, "monitor-selector", "monitor-namespace", "monitor-relabelings"),
		regexp.MustCompile(`query\?query=vector`):                    {"prometheus-other-program"},
		// The series are those of the pods, of a rule, of a target, or of a trigger.
		regexp.MustCompile(`/v1/query\?`):      {"series-missing", "series-relabelled", "series-dropped", "rule-missing", "rule-series-query-labels", "query-empty", "keda-query-empty", "metric-name", "adapter-prometheus-down"},
		regexp.MustCompile(`/v1/scrape_pools`): monitors,
	}
}

// gone are responses without the object, or without items.
func gone(a *kubectlResponse) map[string]record {
	all := map[string]record{"not found": {kubectlResponse: kubectlResponse{Exit: 1, Stderr: "Error from server (NotFound): the server could not find the requested resource"}}}
	if strings.Contains(a.Stdout, `"items":[`) {
		all["no items"] = record{kubectlResponse: kubectlResponse{Stdout: `{"items":[]}`}}
	}
	return all
}

// mutants checks and counts mutated conversations.
type mutants struct {
	t               *testing.T
	faults, missing map[*regexp.Regexp][]doctor.Code
	sample          *sample
	count           int
}

// A request that fails must never lead to a cause that its response would have to prove, nor
// make what works look broken. An object that is gone may only lead to its own consequences.
func TestMutatedResponses(t *testing.T) {
	m := &mutants{t: t, faults: responders(), missing: consequences(), sample: newSample()}
	for _, file := range conversations(t) {
		c := load(t, file)
		if strings.Contains(strings.Join(c.Args, " "), "--kubectl") {
			continue // it sends no requests
		}
		whole, base := replayWith(t, c, nil)
		for _, key := range slices.Sorted(maps.Keys(base.requests)) {
			m.mutate(c, key, whole)
		}
	}
	t.Logf("%d mutated conversations", m.count)
	const enough = 500
	if m.count < enough {
		t.Errorf("only %d mutated conversations", m.count)
	}
}

// mutate mutates the response to one request. If it is from a server behind the API server, a
// failure is a fault of that server.
func (m *mutants) mutate(c *conversation, key string, whole *doctor.Report) {
	path := strings.TrimPrefix(key, "get --raw ")
	faults, missing := matching(m.faults, path), matching(m.missing, path)
	allowed := slices.Concat(notObserved(), whole.Codes(), faults)
	failures, without := map[string]record{}, map[string]record{}
	if a, found := c.kubectl[key]; found {
		failures, without = kubectlFailures(&a), gone(&a)
	}
	if a, found := c.proms[key]; found {
		failures, without = promFailures(&a), map[string]record{"empty": {promResponse: promResponse{200, success}}}
	}
	for how, r := range failures {
		report := m.check(c, key, how, r, allowed)
		if report != nil && faults == nil && whole.Verdict() == doctor.Healthy && report.Verdict() == doctor.Unhealthy {
			m.t.Errorf("%s: %s for %s:\n%s", c.Fault, how, path, reportText(report))
		}
	}
	for how, r := range without {
		m.check(c, key, how, r, slices.Concat(allowed, missing))
	}
}

// check replays with one other response, if that is in the sample.
func (m *mutants) check(c *conversation, key, how string, r record, allowed []doctor.Code) *doctor.Report {
	if !m.sample.has(c.Fault, key, how) {
		return nil
	}
	m.count++
	report, _ := replayWith(m.t, c, map[string]record{key: r})
	for _, code := range report.Codes() {
		if !slices.Contains(allowed, code) {
			m.t.Errorf("%s: %s for %s: %s, which is not one of %v\n%s", c.Fault, how, key, code, allowed, reportText(report))
		}
	}
	return report
}

// matching lists the codes of all patterns that match a path; nil if none does.
func matching(table map[*regexp.Regexp][]doctor.Code, path string) (all []doctor.Code) {
	for pattern, codes := range table {
		if pattern.MatchString(path) {
			all = append(all, codes...)
		}
	}
	return all
}

// sample selects some of all mutations, and those that once had a wrong result. With the flag
// -update it has all, which are 18,000.
type sample struct{ found *regexp.Regexp }

func newSample() *sample {
	return &sample{regexp.MustCompile(
		`^rule-parenthesis-missing .*(deployments|configmaps/shop-nginx-exporter-adapter) forbidden$|` +
			`^rule-parenthesis-missing .*query=sum.* (refused|500)$|^adapter-target-port .*deployments no items$|` +
			`^adapter-max-age-short .*extension-apiserver.* forbidden$|^adapter-certificate-other-ca .*endpointslices.* no items$|` +
			`^series-dropped .*_up.* 500$|^rule-old-labels .*query=count.* 500$|^rule-window-short .*targets.* 500$|` +
			`^healthy.* .*/query.* (422|cut off)$|^healthy .*proxy/metrics (refused|cut off)$|^healthy-keda.*external.* (internal|throttled|not found|a page)$|` +
			`^monitor-missing .*monitors not found$|^prometheus-out-of-reach .*proxy.*query.* (throttled|internal|a page)$|^adapter-max-age-short .*/v1 no items$`,
	)}
}

func (s *sample) has(parts ...string) bool {
	const share = 25
	text := strings.Join(parts, " ")
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // it does not fail
	return *update || h.Sum32()%share == 0 || s.found.MatchString(text)
}
