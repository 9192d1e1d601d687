// Package cluster reads everything that autoscaling on nginx metrics depends on: the
// HPA and its target, the pods and their exporters, Prometheus and its scrapes, the
// metrics API and the adapter behind it.
//
// It sends each request when its response is first needed, and only once: to the API
// server through the user's kubectl, to Prometheus over HTTP. Only [Observation.Apply] and
// its siblings change anything. It reports facts and leaves their meaning to its callers. It must not
// import anything of Kubernetes, nor of the scraping side of this program.
package cluster

import (
	"context"
	"strings"
	"time"
)

// Options say what to observe, and how.
type Options struct {
	// Namespace and Name are those of an HPA or a ScaledObject. An empty namespace
	// selects that of the kubeconfig.
	Namespace, Name string
	// Workload selects what is observed by what is scaled, instead of by Name.
	Workload Reference
	// Kubectl is the name or path of kubectl; Arguments are added to each of its
	// command lines, such as --context=NAME.
	Kubectl   string
	Arguments []string
	// PrometheusURL is the URL of Prometheus, as reachable from here. If it is empty,
	// Prometheus is discovered and queried through the API server.
	PrometheusURL string

	// Run and Write replace Kubectl, Fetch replaces HTTP and Now the clock, for tests; nil
	// for the real ones.
	Run   Runner
	Write Writer
	Fetch Fetcher
	Now   func() time.Time
}

// Observation has the facts about one HPA. Tests may replace a fact before it is
// observed.
type Observation struct {
	Namespace Fact[string]
	HPAs      Fact[[]HPA] // of the namespace
	Scaler    Fact[Scaler]
	Target    Fact[Workload]
	Scale     Fact[Workload] // that of the target
	Pods      Fact[Pods]

	PrometheusServices Fact[PrometheusServices]
	PrometheusLookup   Fact[PrometheusLookup]
	PrometheusObjects  Fact[[]PrometheusObject]
	Targets            Fact[Targets]
	Series             Fact[[]Sample] // the request counters of the pods
	Monitors           Fact[Monitors]

	CustomAPI   Fact[*APIService] // nil if there is none
	ExternalAPI Fact[*APIService]
	Adapter     Fact[*Adapter]
	Metrics     Fact[[]string] // names in the list of the custom metrics API
	RuleResults Fact[[]RuleResult]
	Values      Fact[Values]

	Groups Fact[[]string] // API groups of the cluster

	ctx     context.Context
	options Options
	kubectl kubectl
	now     time.Time
}

// New prepares an observation, and requests nothing yet.
func New(ctx context.Context, options Options) *Observation {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Run == nil {
		options.Run = program(options.Kubectl)
	}
	if options.Write == nil {
		options.Write = writer(options.Kubectl)
	}
	if options.Fetch == nil {
		options.Fetch = fetchDirectly
	}
	o := &Observation{
		ctx: ctx, options: options, now: options.Now(),
		kubectl: kubectl{args: options.Arguments, run: options.Run, responses: map[string]response{}},
	}
	o.Namespace = lazy(o.readNamespace)
	o.HPAs = lazy(o.readHPAs)
	o.Scaler = lazy(o.readScaler)
	o.Target = lazy(o.readTarget)
	o.Scale = lazy(o.readScale)
	o.Pods = lazy(o.readPods)
	o.PrometheusServices = lazy(o.readPrometheusServices)
	o.PrometheusLookup = lazy(o.lookUpPrometheus)
	o.PrometheusObjects = lazy(o.readPrometheusObjects)
	o.Targets = lazy(o.readTargets)
	o.Series = lazy(o.readSeries)
	o.Monitors = lazy(o.readMonitors)
	o.CustomAPI = lazy(func() (*APIService, error) { return o.apiService(CustomMetrics, "v1beta1", "v1beta2") })
	o.ExternalAPI = lazy(func() (*APIService, error) { return o.apiService(ExternalMetrics, "v1beta1") })
	o.Adapter = lazy(o.readAdapter)
	o.Metrics = lazy(o.readMetrics)
	o.RuleResults = lazy(o.readRuleResults)
	o.Values = lazy(o.readValues)
	o.Groups = lazy(o.readGroups)
	return o
}

// read decodes the response of the API server to a path.
func read[T any](o *Observation, path string) (value T, err error) {
	err = o.kubectl.get(o.ctx, "", path, &value)
	return value, err
}

// Read decodes the response of the API server to a path.
func (o *Observation) Read(path string, into any) error { return o.kubectl.get(o.ctx, "", path, into) }

// readList decodes the items of a list.
func readList[T any](o *Observation, path string) ([]T, error) {
	all, err := read[list[T]](o, path)
	return all.Items, err
}

func (o *Observation) readNamespace() (string, error) {
	if o.options.Namespace != "" {
		return o.options.Namespace, nil
	}
	return o.kubectl.namespace(o.ctx)
}

// corePath is a path of the core API in the namespace.
func (o *Observation) corePath(path string) string {
	return "/api/v1/namespaces/" + o.Namespace.Value() + "/" + path
}

// Name is the name of the HPA or ScaledObject that is observed.
func (o *Observation) Name() string { return o.options.Name }

// Now is the time by the clock of the cluster, as far as that is known.
func (o *Observation) Now() time.Time { return o.now }

// Age is the time since an event, in whole seconds. An event in the future means that
// the clock of the cluster is ahead of ours, which is then advanced.
func (o *Observation) Age(at time.Time) time.Duration {
	if at.After(o.now) {
		o.now = at
	}
	return o.now.Sub(at).Truncate(time.Second)
}

// syncClock sets the clock to that of Prometheus if they differ noticeably. A
// difference of a day means that the clock of Prometheus is wrong.
func (o *Observation) syncClock(prometheus time.Time) {
	const noticeable, tooLarge = 10 * time.Second, 24 * time.Hour
	if off := prometheus.Sub(o.now).Abs(); off > noticeable && off < tooLarge {
		o.now = prometheus
	}
}

// Service reads a Service.
func (o *Observation) Service(namespace, name string) (Service, error) {
	return read[Service](o, "/api/v1/namespaces/"+namespace+"/services/"+name)
}

// IsLocal reports whether an error is due to kubectl, permissions or the API server,
// as opposed to a server behind the API server that does not respond, or rejects what the
// API server forwards.
func (o *Observation) IsLocal(err error) bool {
	switch reason := ReasonOf(err); {
	case reason == NoResponse, reason == Unauthorized:
		_, err = read[struct{}](o, "/version")
		return ReasonOf(err) == reason
	case reason == Forbidden && strings.Contains(err.Error(), Anonymous):
		return false
	}
	return IsClientSide(err)
}
