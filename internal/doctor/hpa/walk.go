// Package hpa examines the way from pods with nginx to their autoscaling: the
// HPA, its target, the pods, nginx, Prometheus, the scrape, the series, the
// adapter and what the HPA makes of it.
//
// It owns the questions, their order, and what the answers mean. It asks the
// cluster through the user's kubectl and Prometheus over HTTP; it changes
// nothing, ever. It must not import anything of Kubernetes, nor of the scraping
// side of this program.
package hpa

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// Options say whom to ask and what for.
type Options struct {
	// Namespace and Name are those of an HPA or a ScaledObject. Without a
	// namespace it is the one of the kubeconfig.
	Namespace, Name string
	// Kubectl is the program, Arguments what it is always given: context, user
	// and so on.
	Kubectl   string
	Arguments []string
	// PrometheusURL is the address of Prometheus as seen from here. Without it
	// Prometheus is asked through the API server.
	PrometheusURL string

	now     func() time.Time // that of tests; nil for that of the machine
	kubectl runner           // in place of Kubectl
	direct  func(address string) *prometheus
}

// walk is one examination: what is known so far.
type walk struct {
	ctx     context.Context
	options Options
	cluster *cluster
	now     time.Time

	namespace string
	hpa       *hpa
	siblings  []hpa // all of the namespace
	scaled    *scaledObject
	wanted    wanted
	target    workload
	hidden    error // a right that is missing to see all monitors
	pods      []pod
	exporters []exporterPort // one a pod that has one

	prometheus *prometheus
	targets    []target
	interval   time.Duration   // of the scrapes
	busy       map[string]bool // jobs that scrape something else
	noList     bool            // targets are not to be seen
	series     []sample
	double     bool // a pod is there more than once

	api     *apiService
	adapter adapter
	listed  bool // the metric is among those of the API
	values  metricValues
}

// Types of metrics: with a value for each pod, of another object, and of
// something outside of the cluster.
const (
	podsKind     = "Pods"
	objectKind   = "Object"
	externalKind = "External"
)

// wanted is the metric that the HPA asks for.
type wanted struct {
	kind     string // Pods, Object or External
	name     string
	selector *selector
	average  string
	each     bool // average is that of each pod
	object   reference
}

// link is a part of the way, and how to look at it. A state that is empty means
// that there is nothing to be seen.
type link struct {
	name string
	look func(*walk) doctor.Step
}

// The links, in the order in which they depend on each other.
func links() []link {
	return []link{
		{"HPA", (*walk).lookHPA},
		{"KEDA", (*walk).lookScaledObject},
		{"target", (*walk).lookTarget},
		{"pods", (*walk).lookPods},
		{"nginx", (*walk).lookNginx},
		{"Prometheus", (*walk).lookPrometheus},
		{"scrapes", (*walk).lookScrapes},
		{"series", (*walk).lookSeries},
		{"rate", (*walk).lookRate},
		{"metrics API", (*walk).lookAPI},
		{"rule", (*walk).lookRule},
		{"value", (*walk).lookValue},
		{"decision", (*walk).lookDecision},
	}
}

// Examine looks at one link after the other, and stops at the first that is
// broken, not there yet, or out of sight.
func Examine(ctx context.Context, options Options) *doctor.Report {
	now := time.Now
	if options.now != nil {
		now = options.now
	}
	if options.direct == nil {
		options.direct = direct
	}
	w := &walk{
		ctx: ctx, options: options, now: now(), namespace: options.Namespace,
		cluster: &cluster{args: options.Arguments, run: process(options.Kubectl), known: map[string]answer{}},
	}
	if options.kubectl != nil {
		w.cluster.run = options.kubectl
	}
	report := &doctor.Report{Subject: strings.TrimPrefix(options.Namespace+"/"+options.Name, "/")}
	for _, l := range links() {
		seen := l.look(w)
		if seen.State == "" {
			continue
		}
		seen.Name = l.name
		scrub(&seen)
		report.Steps = append(report.Steps, seen)
		if seen.State != doctor.OK && seen.State != doctor.Warning {
			break
		}
	}
	if w.namespace != "" {
		report.Subject = w.namespace + "/" + options.Name
	}
	return report
}

// fine is a link that works.
func fine(format string, args ...any) doctor.Step {
	return doctor.Step{State: doctor.OK, Message: fmt.Sprintf(format, args...)}
}

// nothing is a link that this way does not have.
func nothing() doctor.Step { return doctor.Step{} }

// with adds findings; a link that was fine has a warning now.
func with(l doctor.Step, findings ...*doctor.Finding) doctor.Step {
	if len(findings) == 0 {
		return l
	}
	if l.State == doctor.OK {
		l.State = doctor.Warning
	}
	for _, f := range findings {
		l.Findings = append(l.Findings, *f)
	}
	return l
}

// broken is a link with what is wrong with it.
func broken(says string, f *doctor.Finding) doctor.Step {
	return doctor.Step{State: doctor.Failed, Message: says, Findings: []doctor.Finding{*f}}
}

// sightless is a link at which nobody can look.
func sightless(says string, f *doctor.Finding) doctor.Step {
	return doctor.Step{State: doctor.Unknown, Message: says, Findings: []doctor.Finding{*f}}
}

// waiting is a link that will be there in a while.
func waiting(format string, args ...any) doctor.Step {
	return doctor.Step{State: doctor.Waiting, Message: "waiting, normal until " + fmt.Sprintf(format, args...)}
}

// found is a finding without evidence yet.
func found(code doctor.Code, format string, args ...any) *doctor.Finding {
	return &doctor.Finding{Code: code, Message: fmt.Sprintf(format, args...)}
}

// seen adds evidence, if there is any.
func seen(f *doctor.Finding, name, format string, args ...any) *doctor.Finding {
	if value := fmt.Sprintf(format, args...); value != "" {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: name, Value: value})
	}
	return f
}

// mend adds a line of what to do.
func mend(f *doctor.Finding, format string, args ...any) *doctor.Finding {
	f.Fix = append(f.Fix, fmt.Sprintf(format, args...))
	return f
}

// age is how long ago something was, to the second. What comes from the future
// comes from a cluster whose clock is before ours, and which is right.
func (w *walk) age(at time.Time) time.Duration {
	if at.After(w.now) {
		w.now = at
	}
	return w.now.Sub(at).Truncate(time.Second)
}

// follow goes by the clock of Prometheus from now on where it differs from ours:
// all times are of the cluster. A day is no clock that is wrong, but an answer.
func (w *walk) follow(clock time.Time) {
	const usual, most = 10 * time.Second, 24 * time.Hour
	if off := clock.Sub(w.now).Abs(); off > usual && off < most {
		w.now = clock
	}
}

// clock writes a time of day.
func clock(at time.Time) string {
	if at.IsZero() {
		return "no time"
	}
	return at.UTC().Format("15:04:05 UTC")
}

// list writes names, but not too many of them.
func names(all []string) string {
	const most = 12
	if len(all) == 0 {
		return "none"
	}
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}
