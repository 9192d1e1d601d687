// Package hpa diagnoses why pods of nginx are not scaled on their requests: it
// follows the path from an HPA to its target, the pods, nginx, Prometheus, the
// scrapes, the series, the metrics API and back to the decision of the HPA.
//
// It owns the table of causes, which is in the order of the path, and what the facts
// mean. The facts are observed by package cluster. Each cause is one function from
// the observation to a finding; it requests nothing itself. The package must not
// import anything of Kubernetes, nor of the scraping side of this program.
package hpa

import (
	"context"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// diagnosis is what the judges work on: the observation, and a comparison that
// several of them need.
type diagnosis struct {
	*cluster.Observation

	candidates []candidate // see monitorCandidates
}

// step is a part of the path.
type step struct {
	name    string
	applies func(*diagnosis) bool // nil if every path has this step
	// causes are judged in this order, up to the first that is no warning.
	causes []cause
	// summary is shown if the step works; empty if there is nothing to show.
	summary func(*diagnosis) string
}

// Examine follows the path step by step, and ends at the first that does not work,
// is not ready yet, or cannot be observed.
func Examine(ctx context.Context, options cluster.Options) *doctor.Report {
	d := &diagnosis{Observation: cluster.New(ctx, options)}
	report := &doctor.Report{Subject: strings.TrimPrefix(d.namespace()+"/"+options.Name, "/")}
	redact := redactor()
	for _, s := range steps() {
		if s.applies != nil && !s.applies(d) {
			continue
		}
		result := s.examine(d)
		works := result.State == doctor.OK || result.State == doctor.Warning
		if works && result.Message == "" {
			continue
		}
		redactStep(&result, redact)
		report.Steps = append(report.Steps, result)
		if !works {
			break
		}
	}
	return report
}

func (s *step) examine(d *diagnosis) doctor.Step {
	result := doctor.Step{Name: s.name, State: doctor.OK}
	for _, c := range s.causes {
		f := c.judge(d)
		if f == nil {
			continue
		}
		if f.Code == "" {
			f.Code = c.code
		}
		result.State = f.state
		if f.Message != "" {
			result.Findings = append(result.Findings, f.Finding)
		}
		if f.also != nil {
			result.Findings = append(result.Findings, *f.also)
		}
		if f.state != doctor.Warning {
			result.Message = f.step
			return result
		}
	}
	result.Message = s.summary(d)
	return result
}

func (d *diagnosis) namespace() string { return d.Namespace.Value() }

// when restricts causes to a condition.
func when(applies func(*diagnosis) bool, causes []cause) []cause {
	for i := range causes {
		judge := causes[i].judge
		causes[i].judge = func(d *diagnosis) *finding {
			if !applies(d) {
				return nil
			}
			return judge(d)
		}
	}
	return causes
}

// decorated adds the same to each finding of causes for which the step fails.
func decorated(add func(*diagnosis, *finding), causes []cause) []cause {
	for i := range causes {
		judge := causes[i].judge
		causes[i].judge = func(d *diagnosis) *finding {
			f := judge(d)
			if f != nil && f.state == doctor.Failed {
				add(d, f)
			}
			return f
		}
	}
	return causes
}

// isYoung reports whether something is younger than a start takes.
func (d *diagnosis) isYoung(at time.Time, start time.Duration) bool { return d.Age(at) < start }
