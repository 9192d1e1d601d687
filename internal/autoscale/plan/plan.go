package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/inject"
)

// Engines, as values of --engine.
const (
	EngineAuto    = "auto"
	EngineAdapter = "adapter"     // HPA, prometheus-adapter
	EngineKEDA    = "keda"        // KEDA, which queries Prometheus
	EngineDirect  = "keda-direct" // KEDA, which queries the exporters
	EngineGKE     = "gke"         // HPA, metrics of Google's agent
)

// Engines lists the values of --engine.
func Engines() []string {
	return []string{EngineAuto, EngineAdapter, EngineKEDA, EngineDirect, EngineGKE}
}

// Request is what the user wants.
type Request struct {
	Ref cluster.Reference
	// RequestsPerSecond is the target for each pod, Min and Max bound the replicas.
	RequestsPerSecond float64
	Min, Max          int32
	Engine            string
	// PrometheusName is NAMESPACE/NAME of the Prometheus that scrapes the pods; empty to choose
	// one.
	PrometheusName string
	Inject         inject.Options // of the sidecar
	// StatusPage is the URI of a status page that nginx has already; empty to add one.
	StatusPage string
}

// Validate returns an error that describes the first invalid value.
func (r *Request) Validate() error {
	const most = 1e9
	switch rate := r.RequestsPerSecond; {
	case math.IsNaN(rate) || rate < 0.001 || rate > most:
		return fmt.Errorf("--requests-per-second=%v is not between 0.001 and 1000000000: it is the target for each pod", rate)
	case r.Min < 1:
		return fmt.Errorf("--min=%d is not at least 1: pods that do not exist have no request rate", r.Min)
	case r.Max < r.Min:
		return fmt.Errorf("--max=%d is less than --min=%d", r.Max, r.Min)
	case !slices.Contains(Engines(), r.Engine):
		return fmt.Errorf("--engine=%s is not one of %s", r.Engine, strings.Join(Engines(), ", "))
	}
	return r.Inject.Validate()
}

// InputError is input that cannot be used: nothing was planned.
type InputError struct{ text string }

// Error implements [error].
func (e *InputError) Error() string { return e.text }

func invalid(format string, args ...any) error { return &InputError{fmt.Sprintf(format, args...)} }

// Action is what a step does.
type Action string

const (
	// Add creates an object.
	Add Action = "add"
	// Change changes an object.
	Change Action = "change"
	// Keep leaves an object as it is.
	Keep Action = "keep"
	// Remove deletes an object.
	Remove Action = "remove"
	// Manual is what the program cannot do.
	Manual Action = "manual"
)

// Mark is the sign of the action in the text.
func (a Action) Mark() string {
	return map[Action]string{Add: "+", Change: "~", Keep: "=", Remove: "-", Manual: "!"}[a]
}

// Object names an object; its namespace is empty if it has none.
type Object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String is KIND [NAMESPACE/]NAME.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

func (o Object) reference() cluster.Reference {
	return cluster.Reference{APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Name}
}

// Step is one part of a plan.
type Step struct {
	Action Action `json:"action"`
	Object Object `json:"object"`
	// Reason is one sentence.
	Reason string `json:"reason"`
	// Diff has the lines of a change, which begin with +, - or a space.
	Diff []string `json:"diff,omitempty"`
	// Do has the commands or lines of configuration of a Manual step.
	Do []string `json:"do,omitempty"`
	// Manifest is the object of a step that adds or changes it by server-side apply.
	Manifest string `json:"manifest,omitempty"`

	// brief is Diff without those fields of the sidecar that are the same in all pods.
	brief            []string
	patchType, patch string // of a step that changes an object of others
	// overlay is the change of an object of others as a patch for kustomize, and values are
	// those for a release of Helm.
	overlay, values string
	// blocks is set if nothing else can be applied before it is done.
	blocks bool
}

// Fact is one line of what was observed.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Plan is what has to be done.
type Plan struct {
	Workload Object `json:"workload"`
	Goal     string `json:"goal"`
	Observed []Fact `json:"observed"`
	Engine   string `json:"engine,omitempty"` // empty if none is possible
	Why      string `json:"why"`
	Steps    []Step `json:"steps"`
	// Scaler is the name of the HPA or ScaledObject, for the doctor.
	Scaler string `json:"scaler,omitempty"`
	// Notes concern the workload, whatever the engine.
	Notes []string `json:"notes,omitempty"`
}

// Count counts the steps of some actions.
func (p *Plan) Count(actions ...Action) int {
	n := 0
	for _, s := range p.Steps {
		if slices.Contains(actions, s.Action) {
			n++
		}
	}
	return n
}

// Blocked lists the steps without which nothing else can be applied.
func (p *Plan) Blocked() []*Step {
	var all []*Step
	for _, s := range p.Steps {
		if s.blocks {
			all = append(all, &s)
		}
	}
	return all
}

func (p *Plan) add(steps ...Step) { p.Steps = append(p.Steps, steps...) }
