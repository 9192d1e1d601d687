// Package hpa diagnoses why pods of nginx are not scaled on their requests. It follows
// the path from the HPA to its target, the pods, nginx, Prometheus, the scrapes, the
// series, the metrics API and back to the decision of the HPA.
//
// Package cluster observes the facts; this package judges them. Its table lists the
// causes in the order of the path. A judge is a function from the facts to a finding,
// and sends no requests itself. The package must not import anything of Kubernetes, nor
// of the scraping side of this program.
package hpa

import (
	"context"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// diagnosis has the facts for the judges.
type diagnosis struct {
	*cluster.Observation

	candidates []candidate // see monitorCandidates
}

// step is a part of the path.
type step struct {
	name    string
	applies func(*diagnosis) bool // nil: always
	groups  []group
	summary func(*diagnosis) string // of a step that works; if empty, the step is not shown
}

// group is a number of rows that are judged in order, up to the first finding that is not a
// warning.
type group struct {
	when func(*diagnosis) bool      // the causes are possible; nil: always
	add  func(*diagnosis, *finding) // adds evidence to a finding of a step that fails; may be nil
	rows []row
}

// Examine checks step by step, up to the first that does not work, is not ready yet, or
// cannot be checked.
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
	for _, g := range s.groups {
		if g.when != nil && !g.when(d) {
			continue
		}
		if g.examine(d, &result); result.State != doctor.OK && result.State != doctor.Warning {
			return result
		}
	}
	result.Message = s.summary(d)
	return result
}

// examine adds the findings to the step.
func (g *group) examine(d *diagnosis, result *doctor.Step) {
	for _, r := range g.rows {
		f := g.judge(d, r)
		if f == nil {
			continue
		}
		result.State, result.Message = f.state, f.step
		if f.Message != "" {
			result.Findings = append(result.Findings, f.Finding)
		}
		if f.also != nil {
			result.Findings = append(result.Findings, *f.also)
		}
		if f.state != doctor.Warning {
			return
		}
	}
}

// judge returns the finding of a row, with its code and the evidence of the group; nil if
// there is none.
func (g *group) judge(d *diagnosis, r row) *finding {
	f := r.judge(d)
	if f == nil {
		return nil
	}
	if f.Code == "" && len(r.codes) > 0 {
		f.Code = r.codes[0]
	}
	if g.add != nil && f.state == doctor.Failed {
		g.add(d, f)
	}
	return f
}

func (d *diagnosis) namespace() string { return d.Namespace.Value() }

// isYoung reports whether something may still be starting.
func (d *diagnosis) isYoung(at time.Time, start time.Duration) bool { return d.Age(at) < start }

// starting waits for something that began at a time and takes a while; nil if that has
// passed.
func (d *diagnosis) starting(at time.Time, start time.Duration, format string, args ...any) *finding {
	if !d.isYoung(at, start) {
		return nil
	}
	return waitingUntil(at.Add(start), format, args...)
}
