package plan

import (
	"fmt"

	"nginx-exporter/internal/doctor/cluster"
)

// Apply carries out the steps in their order, and reports each one before it. A dry run
// sends them to the API server, which checks them and changes nothing.
func (p *Plan) Apply(o *cluster.Observation, dryRun bool, report func(*Step)) error {
	for _, s := range p.Steps {
		if s.Action == Keep || s.Action == Manual {
			continue
		}
		report(&s)
		if err := s.apply(o, dryRun); err != nil {
			return fmt.Errorf("%s: %w", s.Object, err)
		}
	}
	return nil
}

func (s *Step) apply(o *cluster.Observation, dryRun bool) error {
	switch {
	case s.Action == Remove:
		return o.Delete(s.Object.Namespace, s.Object.reference(), dryRun)
	case s.patch != "":
		return o.Patch(s.Object.Namespace, s.Object.reference(), s.patchType, s.patch, dryRun)
	}
	return o.Apply(s.Manifest, dryRun)
}
