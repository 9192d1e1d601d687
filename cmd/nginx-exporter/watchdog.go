package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/go-kit/log/level"
)

const (
	// watchdogShare is the part of WatchdogSec= after which the server is checked. A check takes at most as long, so two fit.
	watchdogShare = 3
	// shortestCheck is for a WatchdogSec= too short for any program.
	shortestCheck = 100 * time.Millisecond
)

// watchdog notifies systemd as long as the server is alive: it handles connections. If it does not until WatchdogSec= is over, systemd
// ends the process with SIGABRT, which logs what each goroutine is doing, and starts it again.
func watchdog(ctx context.Context, alive func(context.Context) error, systemd *notifier) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		_ = level.Warn(systemd.logger).Log("msg", "No watchdog: the variables of systemd are not valid", "err", err)
	}
	if err != nil || limit == 0 {
		return
	}
	interval := max(limit/watchdogShare, shortestCheck)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	wasAlive := true
	for {
		checkCtx, cancel := context.WithTimeout(ctx, interval)
		err := alive(checkCtx)
		cancel()
		if err == nil {
			systemd.notify(daemon.SdNotifyWatchdog)
		} else if wasAlive && ctx.Err() == nil {
			_ = level.Warn(systemd.logger).Log("msg", "The exporter does not respond to itself; systemd restarts it unless it recovers", "err", err)
		}
		wasAlive = err == nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
