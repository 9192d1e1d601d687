//go:build linux

package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// exporter is one side while it runs.
type exporter struct {
	side    side
	child   *child
	scraper *scraper
}

// startExporter starts one side on a port of its own and returns once its page
// says that nginx is up.
func startExporter(ctx context.Context, o options, s side, t target) (*exporter, error) {
	var last error
	for range portTries {
		addr, err := freeAddr(ctx)
		if err != nil {
			return nil, err
		}
		args := append([]string{"--web.listen-address=" + addr}, t.flags()...)
		e := &exporter{side: s, scraper: newScraper(addr, o)}
		if e.child, err = startChild(ctx, s.path, append(args, s.flags...)...); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		last = e.child.await(ctx, startWait, func(ctx context.Context) error {
			_, err := e.scraper.page(ctx)
			return err
		})
		if last == nil {
			return e, nil
		}
		e.stop()
		if !errors.Is(last, errChildEnded) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("%s: %w", s.name, last)
}

// stop ends the exporter.
func (e *exporter) stop() {
	e.scraper.close()
	e.child.stop()
}

// describe tells what a binary is: what it says of itself, and the Go that it
// was built with, which is half of what it costs.
func describe(ctx context.Context, s side) string {
	ctx, cancel := context.WithTimeout(ctx, versionWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.path, "--version")
	cmd.WaitDelay = versionWait
	said := "version unknown"
	if out, err := cmd.CombinedOutput(); err == nil && len(out) > 0 {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		said = fmt.Sprintf("%.160s", line)
	}
	built := "not a Go binary"
	if info, err := buildinfo.ReadFile(s.path); err == nil {
		built = "built with " + info.GoVersion
	}
	return fmt.Sprintf("%s (%s; %s)", s.path, said, built)
}
