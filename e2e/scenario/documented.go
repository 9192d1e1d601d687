package scenario

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"nginx-exporter/e2e/process"
)

// shell runs documented commands with the kubectl and helm of the run. Files that they
// write are in a directory of their own, beside the examples and charts.
func (s *Scenario) shell(ctx context.Context, commands string) error {
	dir, err := os.MkdirTemp(s.tools.TempDir, "shell")
	if err != nil {
		return err
	}
	for _, name := range []string{"examples", "charts"} {
		if err := os.Symlink(s.file(name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	kubectl, err := s.cluster.Binary("kubectl")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir = dir
	cmd.Env = append(s.cluster.Env(), "PATH="+filepath.Dir(kubectl)+":"+filepath.Dir(s.tools.Helm)+":"+os.Getenv("PATH"))
	if _, err = process.Output(cmd); err != nil {
		return fmt.Errorf("%w\n%s", err, commands)
	}
	return nil
}

// paragraph returns the lines around a text, up to blank ones, without indentation.
func paragraph(text, part string) (string, error) {
	for block := range strings.SplitSeq(text, "\n\n") {
		if strings.Contains(block, part) {
			return block, nil
		}
	}
	return "", fmt.Errorf("no paragraph has %q:\n%s", part, text)
}

// fence returns the fenced block of a Markdown text that has a part.
func fence(text, part string) (string, error) {
	for i, block := range strings.Split(text, "```") {
		if _, code, found := strings.Cut(block, "\n"); found && i%2 == 1 && strings.Contains(code, part) {
			return code, nil
		}
	}
	return "", fmt.Errorf("no block has %q", part)
}
