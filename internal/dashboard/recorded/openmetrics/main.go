// Command openmetrics writes a fleet of nginx pods, made of recorded runs, for promtool
// tsdb create-blocks-from openmetrics:
//
//	go run ./internal/dashboard/recorded/openmetrics -pods 30
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
)

func main() {
	pods := flag.Int("pods", 30, "number of pods: 1, or 30 and more")
	every := flag.Int("every", 1, "take each n-th scrape")
	start := flag.String("start", "2026-11-28T10:00:00Z", "time of the first scrape")
	flag.Parse()
	at, err := time.Parse(time.RFC3339, *start)
	if err == nil {
		err = recorded.Fleet{Pods: *pods, Every: *every, Start: at}.WriteOpenMetrics(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openmetrics:", err)
		os.Exit(1)
	}
}
