package setup

import (
	"bytes"
	"cmp"
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

// errOtherFault means that nginx rejects its configuration before and after an undo.
var errOtherFault = errors.New("the files were removed, but nginx was not reloaded and keeps the configuration that it has loaded, since it rejects another file")

// Apply makes the changes of the plan. If nginx rejects the new configuration or does not serve the new page, its files are
// restored. An undo of a page is complete if nginx rejects its configuration for another reason than this page; the error says so.
func (p *Plan) Apply(ctx context.Context) error {
	restore, err := p.changeFiles()
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: run this as root", err)
	}
	if err != nil {
		return err
	}
	incomplete := p.partial
	if p.reload {
		err := p.reloadNginx(ctx)
		if errors.Is(err, errOtherFault) {
			incomplete = err
		} else if err != nil {
			return errors.Join(err, restore())
		}
		if err := p.awaitPage(ctx); err != nil {
			err = errors.Join(err, restore())
			_, _ = command(context.WithoutCancel(ctx), p.nginx, "-s", "reload") // it may have loaded the page
			return err
		}
	}
	for _, args := range p.systemctl() {
		if err := systemctl(ctx, args...); err != nil {
			return errors.Join(incomplete, err)
		}
	}
	return incomplete
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
		takeBack, err := f.write()
		if err != nil {
			return nil, errors.Join(err, restore())
		}
		undo = append(undo, takeBack)
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

// write writes the file. The function that it returns takes that back.
func (f *file) write() (takeBack func() error, err error) {
	if f.before == "" {
		return func() error { return os.Remove(f.path) }, writeNew(f.path, f.text)
	}
	replace := func(text string) error { return os.WriteFile(f.path, []byte(text), readFiles) } //nolint:gosec // it has no secrets
	return func() error { return replace(f.before) }, replace(f.text)
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
		reason := cmp.Or(status.ConfigError(output), err.Error())
		if p.rejects != "" && ctx.Err() == nil {
			return fmt.Errorf("%w: %s; correct it, then: nginx -t && (nginx -s reload || nginx)", errOtherFault, reason)
		}
		return fmt.Errorf("nginx rejects the configuration, nothing was changed: %s", reason)
	}
	output, err := command(ctx, p.nginx, "-s", "reload")
	switch {
	case err == nil:
		return nil
	case p.undo && ctx.Err() == nil && isStopped(output):
		return nil // it stays so
	case p.undo:
		return fmt.Errorf("nginx cannot be reloaded, nothing was changed: %w", err)
	}
	if _, err := command(ctx, "systemctl", "start", "nginx.service"); err == nil {
		return nil
	}
	if output, err := command(ctx, p.nginx); err != nil {
		return fmt.Errorf("nginx can neither be reloaded nor started: %s", cmp.Or(status.ConfigError(output), err.Error()))
	}
	return nil
}

// isStopped reports whether nginx -s has failed because nginx does not run.
func isStopped(output string) bool {
	for _, reason := range []string{"No such file or directory", "No such process", "invalid PID number"} {
		if strings.Contains(output, reason) {
			return true
		}
	}
	return false
}

// awaitPage waits until nginx serves the new page. It does not if the port was taken in the meantime, or is forbidden to it:
// nginx then keeps its old configuration, and would not start again.
func (p *Plan) awaitPage(ctx context.Context) error {
	if p.page == nil {
		return nil
	}
	const pause = 50 * time.Millisecond
	limited, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for !p.page(limited) {
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return errors.New("interrupted: the status page was taken back")
			}
			return fmt.Errorf("nginx does not serve the status page %s, which was taken back: see the error log of nginx", p.URI)
		case <-ticker.C:
		}
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
