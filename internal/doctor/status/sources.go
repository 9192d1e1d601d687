package status

import (
	"context"
	"fmt"
	"slices"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// Source is the result of reading one source of a target, such as a document of
// the NGINX Plus API.
type Source struct {
	Name string // the label source of metrics
	Err  error  // nil if it was read
}

// ReadSources reads all sources of a target that the exporter reads. The target is
// an index of [Options].Targets.
type ReadSources func(ctx context.Context, target int) ([]Source, error)

// examineSources reads the sources of a target that has several: the target can be
// read although a part of it cannot.
func (o *observation) examineSources(step *doctor.Step, target int) {
	if o.dialect.parts == "" || o.ReadSources == nil {
		return
	}
	sources, err := o.ReadSources(o.ctx, target)
	f := &doctor.Finding{Code: o.dialect.failed}
	for _, s := range sources {
		switch {
		case s.Err == nil:
		case client.ReasonOf(s.Err) == client.ReasonCanceled:
			err = fmt.Errorf("%s was not read within the time of the diagnosis", s.Name)
		default:
			f.Evidence = append(f.Evidence, doctor.Evidence{Name: s.Name, Value: errorText(s.Err)})
			if advice := client.AdviceOf(s.Err); advice != "" && !slices.Contains(f.Fix, advice) {
				f.Fix = append(f.Fix, advice)
			}
		}
	}
	switch {
	case len(f.Evidence) > 0:
		f.Message = fmt.Sprintf("%d of %d %s of %s cannot be read; their metrics are missing.",
			len(f.Evidence), len(sources), o.dialect.parts, o.dialect.name)
		step.State, step.Findings = doctor.Failed, []doctor.Finding{*f}
	case err != nil:
		step.State, step.Message = doctor.Unknown, step.Message+"; "+err.Error()
	default:
		step.Message += fmt.Sprintf(", %d %s", len(sources), o.dialect.parts)
	}
}
