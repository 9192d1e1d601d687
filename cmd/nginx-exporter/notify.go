package main

import (
	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// notify reports the state of the service to systemd, for units with Type=notify. Without systemd it does nothing.
//
// See https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.
func notify(logger log.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		_ = level.Warn(logger).Log("msg", "Notifying systemd failed; the unit must allow AF_UNIX in RestrictAddressFamilies=", "err", err)
	}
}

// notifyReloading reports the beginning of a reload. The caller reports the end with [daemon.SdNotifyReady]. The time is for
// units with Type=notify-reload.
func notifyReloading(logger log.Logger) {
	notify(logger, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec())
}
