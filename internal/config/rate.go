package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rate holds the --rate flags.
type Rate struct {
	Windows []time.Duration // if empty, nothing is scraped in the background
}

// Bounds of --rate.window.
const (
	shortestWindow = time.Second
	longestWindow  = 10 * time.Minute
	mostWindows    = 8
)

// RatePath is the path of rates, with a window below it.
const RatePath = "/rate"

func (r *Rate) validate(telemetryPath string) error {
	if len(r.Windows) > mostWindows {
		return fmt.Errorf("--rate.window: %d windows given, at most %d are supported", len(r.Windows), mostWindows)
	}
	for i, window := range r.Windows {
		switch {
		case window < shortestWindow || window > longestWindow:
			return fmt.Errorf("--rate.window: %s is not between %s and %s", window, shortestWindow, longestWindow)
		case window%time.Second != 0:
			return fmt.Errorf("--rate.window: %s is not a whole number of seconds", window)
		case slices.Contains(r.Windows[:i], window):
			return fmt.Errorf("--rate.window: %s is given twice", window)
		}
	}
	if len(r.Windows) > 0 && (telemetryPath == RatePath || strings.HasPrefix(telemetryPath, RatePath+"/")) {
		return fmt.Errorf("--web.telemetry-path: with --rate.window, %s is reserved", RatePath)
	}
	return nil
}
