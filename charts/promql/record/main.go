// Command record writes quiet.yaml, a promtool test in which no alert fires: four hours of a normal run. It records the
// exporter on nginx with light load, an upstream and an access log, and on the NGINX Plus API of
// internal/bench/plusserver. nginx is reloaded after an hour and restarted after two, the exporter after three.
//
//	go -C charts/promql run ./record
//
// A scrape a second counts as one a minute, so that rates are a sixtieth of what was measured; durations are as measured.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

const (
	scrapes = 241
	every   = time.Second
	output  = "quiet.yaml"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	names, err := ruleMetrics("../nginx-exporter/rules/*.yaml")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return fmt.Errorf("temporary directory: %w", err)
	}
	stage := &stage{dir: dir}
	defer stage.close()
	if err := stage.start(ctx); err != nil {
		return err
	}
	runs := []*recording{
		{job: "web", url: stage.web, names: names, series: map[string][]string{}},
		{job: "plus", url: stage.plus, names: names, series: map[string][]string{}},
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
	writeTest(&text, runs)
	if err := os.WriteFile(filepath.Clean(output), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the test: %w", err)
	}
	return nil
}
