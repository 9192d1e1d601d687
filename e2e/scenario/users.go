package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/process"
)

// tryScript runs the script of the examples as its user does, and checks that it leaves
// nothing.
func (s *Scenario) tryScript(ctx context.Context) error {
	kubectl, err := s.cluster.Binary("kubectl")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.file("examples", "kubernetes", "try.sh"), "--yes", "--context=e2e")
	cmd.Env = append(s.cluster.Env(), "EXPORTER="+s.tools.Exporter,
		"PATH="+filepath.Dir(kubectl)+":"+filepath.Dir(s.tools.Helm)+":"+os.Getenv("PATH"))
	output, err := process.Output(cmd)
	s.printf("   %s", strings.ReplaceAll(strings.TrimSpace(output), "\n", "\n   "))
	if err != nil {
		return errors.Join(err, s.problems(ctx))
	}
	return s.gone(ctx, "nginx-exporter-try")
}

// gone returns an error if a namespace exists, or an adapter is registered.
func (s *Scenario) gone(ctx context.Context, namespace string) error {
	for _, path := range []string{"/api/v1/namespaces/" + namespace, "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io"} {
		if err := s.cluster.Client.Get(ctx, path, nil); !kube.IsNotFound(err) {
			return fmt.Errorf("%s is left: %w", path, err)
		}
	}
	return nil
}

// onExisting runs this program on its own cluster through a kubeconfig: once to the end,
// and once with an interrupt under load. Both must leave nothing.
func (s *Scenario) onExisting(ctx context.Context) error {
	if output, err := s.runOnExisting(ctx, func(*exec.Cmd, string) error { return nil }); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	output, err := s.runOnExisting(ctx, func(cmd *exec.Cmd, log string) error {
		err := process.Await(ctx, 5*time.Minute, func(context.Context) error {
			text, err := os.ReadFile(log)
			if err == nil && !strings.Contains(string(text), "  load ") {
				err = errors.New("no load yet")
			}
			return err
		})
		return errors.Join(err, cmd.Process.Signal(syscall.SIGINT))
	})
	if err == nil || !strings.Contains(output, "== cleanup") {
		return fmt.Errorf("no cleanup after an interrupt: %w\n%s", err, output)
	}
	return s.gone(ctx, ownSpace)
}

// runOnExisting starts the program, runs the function, and waits for its end.
func (s *Scenario) runOnExisting(ctx context.Context, meanwhile func(cmd *exec.Cmd, log string) error) (output string, err error) {
	dir, err := os.MkdirTemp(s.tools.TempDir, "existing")
	if err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	kubectl, err := s.cluster.Binary("kubectl")
	if err != nil {
		return "", err
	}
	log, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		return "", err
	}
	defer log.Close() //nolint:errcheck // read below
	cmd := exec.CommandContext(ctx, self, "-root", s.tools.Root, "-tmp", filepath.Join(dir, "tmp"), "-exporter", s.tools.Exporter,
		"-helm", s.tools.Helm, "-kubeconfig", s.cluster.Config, "-context", "e2e", "-image", "nginx-exporter:e2e")
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return "", err
	}
	err = errors.Join(meanwhile(cmd, log.Name()), cmd.Wait())
	text, readErr := os.ReadFile(log.Name())
	s.printf("   %s", strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n   "))
	return string(text), errors.Join(err, readErr, s.gone(ctx, ownSpace))
}
