package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/status"
)

// Apply makes the changes of the plan. If nginx rejects the new configuration, its files are restored.
func (p *Plan) Apply(ctx context.Context) error {
	restore, err := p.changeFiles()
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: run this as root", err)
	}
	if err != nil {
		return err
	}
	if p.reload {
		if err := p.reloadNginx(ctx); err != nil {
			return errors.Join(err, restore())
		}
	}
	for _, args := range p.systemctl() {
		if err := systemctl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// changeFiles writes and removes the files. The function that it returns restores them.
func (p *Plan) changeFiles() (restore func() error, err error) {
	var undo []func() error
	restore = func() error {
		var failed error
		for _, f := range undo {
			failed = errors.Join(failed, f())
		}
		return failed
	}
	for _, f := range p.files {
		if err := os.MkdirAll(filepath.Dir(f.path), searchable); err != nil { //nolint:gosec // nginx and systemd search it
			return nil, errors.Join(err, restore())
		}
		if err := writeNew(f.path, f.text); err != nil {
			return nil, errors.Join(err, restore())
		}
		undo = append(undo, func() error { return os.Remove(f.path) })
	}
	for _, path := range p.removed {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			return nil, errors.Join(err, restore())
		}
		undo = append(undo, func() error { return writeNew(path, string(text)) })
	}
	return restore, nil
}

// writeNew writes a file that must not exist.
func writeNew(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, readFiles) //nolint:gosec // it has no secrets
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// reloadNginx checks the configuration, and reloads or starts nginx.
func (p *Plan) reloadNginx(ctx context.Context) error {
	if output, err := command(ctx, p.nginx, "-t"); err != nil {
		reason := status.ConfigError(output)
		if reason == "" {
			reason = err.Error()
		}
		return fmt.Errorf("nginx rejects the configuration, nothing was changed: %s", reason)
	}
	if _, err := command(ctx, p.nginx, "-s", "reload"); err == nil {
		return nil
	}
	if _, err := command(ctx, "systemctl", "start", "nginx.service"); err == nil {
		return nil
	}
	if output, err := command(ctx, p.nginx); err != nil {
		reason := status.ConfigError(output)
		if reason == "" {
			reason = err.Error()
		}
		return fmt.Errorf("nginx can neither be reloaded nor started: %s", reason)
	}
	return nil
}

// serviceInstalled reports whether systemd runs here and knows the service.
func serviceInstalled(ctx context.Context) bool {
	_, err := command(ctx, "systemctl", "cat", service)
	return err == nil
}

func serviceActive(ctx context.Context) bool {
	_, err := command(ctx, "systemctl", "is-active", "--quiet", service)
	return err == nil
}

func systemctl(ctx context.Context, args ...string) error {
	if output, err := command(ctx, "systemctl", args...); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(output), "\n")
		return fmt.Errorf("systemctl %s failed: %s; see: journalctl -u %s", strings.Join(args, " "), first, service)
	}
	return nil
}

// command runs a command and returns what it printed.
func command(ctx context.Context, name string, args ...string) (string, error) {
	const limit = time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var output bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr, c.WaitDelay = &output, &output, time.Second
	err := c.Run()
	return output.String(), err
}
