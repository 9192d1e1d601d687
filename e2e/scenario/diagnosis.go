package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"nginx-exporter/e2e/process"
)

// awaitCode waits until doctor reports a cause.
func (s *Scenario) awaitCode(ctx context.Context, code string) error {
	return s.await(ctx, findLimit, func(ctx context.Context) error {
		report, err := s.runDoctor(ctx)
		if err == nil && !report.has(code) {
			err = fmt.Errorf("doctor does not report %q: %s", code, report.text)
		}
		return err
	})
}

// runDoctor diagnoses the HPA of the release.
func (s *Scenario) runDoctor(ctx context.Context) (*doctorReport, error) {
	kubectl, err := s.cluster.Binary("kubectl")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, s.tools.Exporter, "doctor", "hpa", s.namespace+"/"+s.release+"-nginx-exporter", "--output=json", "--kubectl="+kubectl)
	cmd.Env = s.cluster.Env()
	text, err := process.Output(cmd)
	report := &doctorReport{text: text, exit: cmd.ProcessState.ExitCode()}
	if invalid := json.Unmarshal([]byte(text), report); invalid != nil {
		return nil, errors.Join(err, fmt.Errorf("doctor printed %q: %w", text, invalid))
	}
	return report, nil
}
