// Package doctor reports why something does not work: the steps that were
// checked, the first one that fails, the evidence, and the fix.
//
// It owns the report with its two forms, text and JSON. The packages below it do
// the checking: status examines the status page of nginx, hpa the path from pods
// to their autoscaler. Package doctor must not import collector, web or config,
// nor anything of Kubernetes.
package doctor

// Code identifies a cause; docs/troubleshooting.md describes each. Codes are stable, since
// scripts may use them.
type Code string

// State is the result of a step.
type State string

const (
	// OK means that the step works.
	OK State = "ok"
	// Warning means that the step works and has a finding.
	Warning State = "warning"
	// Waiting means that the step does not work yet, which is normal for a while.
	Waiting State = "waiting"
	// Failed means that the step does not work.
	Failed State = "failed"
	// Unknown means that the step could not be checked.
	Unknown State = "unknown"
)

// Evidence is one observed fact.
type Evidence struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Finding is one cause that was found.
type Finding struct {
	Code Code `json:"code"`
	// Message is one line that names the problem and the objects involved.
	Message string `json:"message"`
	// Evidence is what was observed, the most relevant first.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Fix has the commands or configuration lines that fix it, or instructions
	// where the exact ones cannot be known.
	Fix []string `json:"fix,omitempty"`
}

// Step is one checked part: a target, or a step of the path to the autoscaler.
type Step struct {
	Name     string    `json:"name"`
	State    State     `json:"state"`
	Message  string    `json:"message"`
	Findings []Finding `json:"findings,omitempty"`
}

// Verdict is the result of all steps together.
type Verdict string

const (
	// Healthy means that everything works; there may be warnings.
	Healthy Verdict = "healthy"
	// Pending means that a step does not work yet, which is normal for a while.
	Pending Verdict = "pending"
	// Unhealthy means that a step fails.
	Unhealthy Verdict = "unhealthy"
	// Inconclusive means that a step could not be checked.
	Inconclusive Verdict = "inconclusive"
)

// ExitCode is the exit status of the program: 0 if healthy, 2 if inconclusive,
// else 1.
func (v Verdict) ExitCode() int {
	switch v {
	case Healthy:
		return 0
	case Inconclusive:
		return 2
	case Pending, Unhealthy:
	}
	return 1
}

// Report is the result of an examination.
type Report struct {
	// Subject is what was examined.
	Subject string `json:"subject"`
	// Steps are in the order in which they were checked. The first one that is
	// failed, unknown or waiting is the last.
	Steps []Step `json:"steps"`
	// Independent means that the steps do not depend on each other: all are
	// checked, even after a failed one.
	Independent bool `json:"-"`
}

// Verdict summarizes the steps.
func (r *Report) Verdict() Verdict {
	verdict := Healthy
	for _, step := range r.Steps {
		switch step.State {
		case Failed:
			return Unhealthy
		case Unknown:
			verdict = Inconclusive
		case Waiting:
			if verdict == Healthy {
				verdict = Pending
			}
		case OK, Warning:
		}
	}
	if len(r.Steps) == 0 {
		return Inconclusive
	}
	return verdict
}

// Codes lists the causes that were found.
func (r *Report) Codes() []Code {
	var codes []Code
	for _, step := range r.Steps {
		for i := range step.Findings {
			codes = append(codes, step.Findings[i].Code)
		}
	}
	return codes
}
