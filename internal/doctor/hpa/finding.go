package hpa

import (
	"fmt"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// finding is what a judge concludes: the state of the step, and the reason.
type finding struct {
	state doctor.State
	step  string // about the step as a whole
	// Finding has the code of the row unless the judge sets another. A step that
	// waits has none.
	doctor.Finding

	also *doctor.Finding // a second one
}

// failed is a step that does not work, and what is wrong.
func failed(step, format string, args ...any) *finding {
	return &finding{state: doctor.Failed, step: step, Finding: doctor.Finding{Message: fmt.Sprintf(format, args...)}}
}

// unchecked is a step that cannot be checked, and why.
func unchecked(step, format string, args ...any) *finding {
	return &finding{state: doctor.Unknown, step: step, Finding: doctor.Finding{Message: fmt.Sprintf(format, args...)}}
}

// warning is a step that works all the same.
func warning(format string, args ...any) *finding {
	return &finding{state: doctor.Warning, Finding: doctor.Finding{Message: fmt.Sprintf(format, args...)}}
}

// waiting is a step that will work soon.
func waiting(format string, args ...any) *finding {
	return &finding{state: doctor.Waiting, step: "waiting: " + fmt.Sprintf(format, args...)}
}

// waitingUntil is a step that should work at a time.
func waitingUntil(at time.Time, format string, args ...any) *finding {
	return &finding{state: doctor.Waiting, step: "waiting (normal until " + clock(at) + "): " + fmt.Sprintf(format, args...)}
}

// evidence adds something that was observed, if it is not empty.
func (f *finding) evidence(name, format string, args ...any) *finding {
	if value := fmt.Sprintf(format, args...); value != "" {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: name, Value: value})
	}
	return f
}

// fix adds a command or a sentence.
func (f *finding) fix(format string, args ...any) *finding {
	f.Fix = append(f.Fix, fmt.Sprintf(format, args...))
	return f
}

// as sets the code, where it is not that of the row.
func (f *finding) as(code doctor.Code) *finding {
	f.Code = code
	return f
}

// clock writes a time of day.
func clock(at time.Time) string {
	if at.IsZero() {
		return "an unknown time"
	}
	return at.UTC().Format("15:04:05 UTC")
}

// names lists names, but not too many of them.
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

// errorText is the text of an error; empty if there is none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
