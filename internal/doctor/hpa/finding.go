package hpa

import (
	"fmt"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// finding is the conclusion of a judge: the state of the step, and why.
type finding struct {
	state doctor.State
	step  string // message of the step
	// Finding has the code of the row, unless the judge sets another one. It is empty if
	// the step waits.
	doctor.Finding

	also *doctor.Finding // a second finding; usually nil
}

// failed returns the finding that a step does not work. Step is its message, for the
// report's overview; format describes the problem.
func failed(step, format string, args ...any) *finding {
	return &finding{state: doctor.Failed, step: step, Finding: doctor.Finding{Message: fmt.Sprintf(format, args...)}}
}

// unchecked returns the finding that a step cannot be checked.
func unchecked(step, format string, args ...any) *finding {
	return &finding{state: doctor.Unknown, step: step, Finding: doctor.Finding{Message: fmt.Sprintf(format, args...)}}
}

// warning returns a finding about a step that works.
func warning(format string, args ...any) *finding {
	return &finding{state: doctor.Warning, Finding: doctor.Finding{Message: fmt.Sprintf(format, args...)}}
}

// waiting returns the finding that a step does not work yet.
func waiting(format string, args ...any) *finding {
	return &finding{state: doctor.Waiting, step: "waiting: " + fmt.Sprintf(format, args...)}
}

// waitingUntil returns the finding that a step should work from a time on.
func waitingUntil(at time.Time, format string, args ...any) *finding {
	return &finding{state: doctor.Waiting, step: "waiting (normal until " + clock(at) + "): " + fmt.Sprintf(format, args...)}
}

// evidence adds an observed fact, unless its text is empty.
func (f *finding) evidence(name string, value any) *finding { return f.evidencef(name, "%v", value) }

// evidencef is evidence with a format.
func (f *finding) evidencef(name, format string, args ...any) *finding {
	if value := fmt.Sprintf(format, args...); value != "" {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: name, Value: value})
	}
	return f
}

// fix adds a command or an instruction.
func (f *finding) fix(format string, args ...any) *finding {
	f.Fix = append(f.Fix, fmt.Sprintf(format, args...))
	return f
}

// as sets the code, if it is not that of the row.
func (f *finding) as(code doctor.Code) *finding {
	f.Code = code
	return f
}

// clock formats a time of day.
func clock(at time.Time) string {
	if at.IsZero() {
		return "an unknown time"
	}
	return at.UTC().Format("15:04:05 UTC")
}

// names joins names, up to a limit.
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
