package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/go-kit/log/level"

	"nginx-exporter/internal/web"
)

// watchdogShare is the part of WatchdogSec= after which the server is checked. A check takes at most as long, so two fit.
const watchdogShare = 3

// watchdog notifies systemd as long as the server handles connections. If it does not until WatchdogSec= is over, systemd ends
// the process with SIGABRT, which logs what each goroutine is doing, and starts it again.
func watchdog(ctx context.Context, server *web.Server, systemd *notifier) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		_ = level.Warn(systemd.logger).Log("msg", "No watchdog: the variables of systemd are not valid", "err", err)
	}
	if err != nil || limit == 0 {
		return
	}
	ticker := time.NewTicker(limit / watchdogShare)
	defer ticker.Stop()
	for {
		checkCtx, cancel := context.WithTimeout(ctx, limit/watchdogShare)
		err := server.Alive(checkCtx)
		cancel()
		if err == nil {
			systemd.notify(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			_ = level.Warn(systemd.logger).Log("msg", "The exporter does not respond to itself; systemd restarts it unless it recovers", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
