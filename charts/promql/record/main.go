// Command record writes quiet.yaml, a promtool test in which no alert fires: four hours of a normal run. It records the
// exporter on nginx with an upstream and an access log, and on stand-ins of NGINX Plus, nginx-module-vts and Angie. nginx
// and the exporters reload their configuration after an hour; all servers are restarted after two, the exporters after three.
//
//	go -C charts/promql run ./record -every 20s
//
// Each scrape counts as one a minute. With -every 1m that is true; with 20s, rates are a third of what was measured, and
// durations are as measured.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	scrapes = 241
	output  = "quiet.yaml"
)

func main() {
	every := flag.Duration("every", time.Second, "real `time` between scrapes, at most 1m")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *every); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, every time.Duration) error {
	if every < time.Second || every > time.Minute {
		return errors.New("-every: not from 1s to 1m")
	}
	names, err := ruleMetrics("../nginx-exporter/rules/*.yaml")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return fmt.Errorf("temporary directory: %w", err)
	}
	stage := &stage{dir: dir, every: every}
	defer stage.close()
	if err := stage.start(ctx); err != nil {
		return err
	}
	var runs []*recording
	for _, exporter := range stage.exporters {
		runs = append(runs, &recording{job: exporter.name, url: exporter.url, names: names, series: map[string][]string{}})
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for i := range scrapes {
		if err := stage.event(ctx, i); err != nil {
			return err
		}
		for _, r := range runs {
			r.scrape(ctx, i)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.New("interrupted")
		}
	}
	var text bytes.Buffer
	writeTest(&text, runs, every)
	if err := os.WriteFile(filepath.Clean(output), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the test: %w", err)
	}
	return nil
}
