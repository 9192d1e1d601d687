// Package cluster observes what autoscaling on nginx metrics is made of: the HPA
// and what it scales, the pods and their exporters, Prometheus and its scrapes, the
// metrics API and the adapter behind it.
//
// It owns the requests to the cluster and to Prometheus: each is sent when its
// response is first needed, and only once. It requests the cluster through the
// user's kubectl and Prometheus over HTTP, and changes nothing, ever. What the facts
// mean is decided by its callers. It must not import anything of Kubernetes, nor of
// the scraping side of this program.
package cluster

import (
	"context"
	"time"
)

// Options say what to observe, and how.
type Options struct {
	// Namespace and Name are those of an HPA or a ScaledObject. Without a
	// namespace it is the one of the kubeconfig.
	Namespace, Name string
	// Kubectl is the program, Arguments what it is always given: context, user
	// and so on.
	Kubectl   string
	Arguments []string
	// PrometheusURL is the address of Prometheus as seen from here. Without it
	// Prometheus is requested through the API server.
	PrometheusURL string

	// Run replaces Kubectl, Fetch replaces HTTP and Now the clock, for tests; nil
	// for the real ones.
	Run   Runner
	Fetch Fetcher
	Now   func() time.Time
}

// Observation is what is known of the cluster, as far as it concerns one HPA.
// Facts may be set before they are needed.
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
	o.CustomAPI = lazy(o.readCustomAPI)
	o.ExternalAPI = lazy(o.readExternalAPI)
	o.Adapter = lazy(o.readAdapter)
	o.Metrics = lazy(o.readMetrics)
	o.RuleResults = lazy(o.readRuleResults)
	o.Values = lazy(o.readValues)
	return o
}

// read decodes the response of the API server to a path.
func read[T any](o *Observation, path string) (value T, err error) {
	err = o.kubectl.get(o.ctx, "", path, &value)
	return value, err
}

// readList decodes a list.
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

// core is a path of the core API in the namespace.
func (o *Observation) core(path string) string {
	return "/api/v1/namespaces/" + o.Namespace.Value() + "/" + path
}

// Name is the name of the HPA or ScaledObject that is observed.
func (o *Observation) Name() string { return o.options.Name }

// Now is the time of the cluster, as far as it is known.
func (o *Observation) Now() time.Time { return o.now }

// Age is how long ago something was, to the second. A time in the future is of a
// cluster whose clock is ahead of ours, and sets ours.
func (o *Observation) Age(at time.Time) time.Duration {
	if at.After(o.now) {
		o.now = at
	}
	return o.now.Sub(at).Truncate(time.Second)
}

// syncClock sets the clock to that of Prometheus where they differ by more than
// the usual, but not by a day: such a clock is wrong itself.
func (o *Observation) syncClock(prometheus time.Time) {
	const usual, most = 10 * time.Second, 24 * time.Hour
	if off := prometheus.Sub(o.now).Abs(); off > usual && off < most {
		o.now = prometheus
	}
}

// Service is a Service of any namespace.
func (o *Observation) Service(namespace, name string) (Service, error) {
	return read[Service](o, "/api/v1/namespaces/"+namespace+"/services/"+name)
}

// Responds reports whether the API server responds at all.
func (o *Observation) Responds() bool {
	_, err := read[struct{}](o, "/version")
	return ReasonOf(err) != NoResponse
}

// IsLocal reports that an error is one of the client, and not of a server behind
// the API server that does not respond.
func (o *Observation) IsLocal(err error) bool {
	return IsClientSide(err) && (ReasonOf(err) != NoResponse || !o.Responds())
}
