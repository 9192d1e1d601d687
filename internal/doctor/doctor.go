// Package doctor tells why something does not work: links of a chain, what is
// wrong with the first that is broken, the evidence, and what mends it.
//
// It owns the list of causes, the report and its two forms, text for people and
// JSON for programs. What looks for the causes lives below it: status looks at
// nginx and its status page, hpa at the way from pods to their autoscaling.
// It must not import collector, web or config, nor anything of Kubernetes.
package doctor

// State is what a link looks like.
type State string

const (
	// OK is a link that works.
	OK State = "ok"
	// Warning is a link that works, with a finding beside it.
	Warning State = "warning"
	// Waiting is a link that does not work yet, which is normal for a while.
	Waiting State = "waiting"
	// Broken is a link that does not work.
	Broken State = "broken"
	// Blind is a link at which nobody could look.
	Blind State = "blind"
)

// Evidence is something that was seen: a name for it, and the thing itself.
type Evidence struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Finding is one cause that was found.
type Finding struct {
	// Code names the cause; see [Causes].
	Code Code `json:"code"`
	// Says is what is wrong, in one line, with the names of what it is about.
	Says string `json:"says"`
	// Evidence is what was seen, the most telling first.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Fix has the commands or lines that mend it, or sentences where a program
	// cannot know them.
	Fix []string `json:"fix,omitempty"`
}

// Link is one part of the way, and what was found there.
type Link struct {
	Name     string    `json:"name"`
	State    State     `json:"state"`
	Says     string    `json:"says"`
	Findings []Finding `json:"findings,omitempty"`
}

// Verdict is what all links together mean.
type Verdict string

const (
	// Healthy means that everything works; there may be warnings.
	Healthy Verdict = "healthy"
	// Pending means that something is not there yet, which is normal for a while.
	Pending Verdict = "waiting"
	// Ill means that something does not work.
	Ill Verdict = "broken"
	// Unseen means that nobody could look.
	Unseen Verdict = "blind"
)

// ExitCode is the exit status of the program: 0 healthy, 1 broken or not there
// yet, 2 could not look.
func (v Verdict) ExitCode() int {
	switch v {
	case Healthy:
		return 0
	case Unseen:
		return 2
	case Pending, Ill:
	}
	return 1
}

// Report is what one examination found.
type Report struct {
	// Subject is what was examined.
	Subject string `json:"subject"`
	// Links are the parts that were looked at, in order. The first that is
	// broken, blind or waited for is the last.
	Links []Link `json:"links"`
	// Apart says that the links do not build on each other: each was looked at,
	// whatever the others are.
	Apart bool `json:"-"`
}

// Verdict sums the links up.
func (r *Report) Verdict() Verdict {
	verdict := Healthy
	for _, link := range r.Links {
		switch link.State {
		case Broken:
			return Ill
		case Blind:
			verdict = Unseen
		case Waiting:
			if verdict == Healthy {
				verdict = Pending
			}
		case OK, Warning:
		}
	}
	if len(r.Links) == 0 {
		return Unseen
	}
	return verdict
}

// Codes lists the causes that were found.
func (r *Report) Codes() []Code {
	var codes []Code
	for _, link := range r.Links {
		for i := range link.Findings {
			codes = append(codes, link.Findings[i].Code)
		}
	}
	return codes
}
