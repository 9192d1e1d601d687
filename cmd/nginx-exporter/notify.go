package main

import (
	"sync/atomic"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// notifier reports the state of the service to systemd, for units with Type=notify. Without systemd it does nothing.
//
// See https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.
type notifier struct {
	logger  log.Logger
	failing atomic.Bool
}

// notify reports a state. It logs the first of several failures: a watchdog reports every few seconds.
func (n *notifier) notify(state string) {
	_, err := daemon.SdNotify(false, state)
	if wasFailing := n.failing.Swap(err != nil); err != nil && !wasFailing {
		_ = level.Warn(n.logger).Log("msg", "Notifying systemd failed; the unit must allow AF_UNIX in RestrictAddressFamilies=", "err", err)
	}
}

// reloading reports the beginning of a reload. The caller reports the end with [daemon.SdNotifyReady]. The time is for
// units with Type=notify-reload.
func (n *notifier) reloading() {
	n.notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}
