package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/go-kit/log/level"

	"nginx-exporter/internal/config"
	"nginx-exporter/internal/web"
)

// signals are the signals that the program has received and not handled yet.
type signals struct {
	hangup chan os.Signal
	stop   chan os.Signal
}

func notifySignals() *signals {
	// Stop has room for a second signal, which ends the drain delay.
	s := &signals{hangup: make(chan os.Signal, 1), stop: make(chan os.Signal, 2)}
	signal.Notify(s.hangup, syscall.SIGHUP)
	signal.Notify(s.stop, syscall.SIGTERM, os.Interrupt)
	return s
}

// reset restores the default action of the signals, for commands other than
// serve. It applies to a signal that has been received meanwhile.
func (s *signals) reset() {
	signal.Reset(syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	select {
	case received := <-s.hangup:
		raise(received)
	case received := <-s.stop:
		raise(received)
	default:
	}
}

// raise sends a signal to this process, which ends it.
func raise(received os.Signal) {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Signal(received) // it may be handled otherwise by now
	}
}

// validate validates the configuration. It returns nil without an error if a
// signal to stop arrives first: reading a file may hang, such as on a network
// file system.
func (s *signals) validate(c *config.Config, logs *logs) (*config.Settings, error) {
	var settings *config.Settings
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		settings, err = c.Validate()
	}()
	select {
	case <-done:
		return settings, err
	case received := <-s.stop:
		_ = level.Info(logs.kit).Log("msg", "Received signal during startup, exiting", "signal", received)
		return nil, nil //nolint:nilnil // as the comment says
	}
}

// handle reloads on SIGHUP and shuts down on SIGTERM and SIGINT. The channel
// that it returns is closed when the server has shut down.
func (s *signals) handle(server *web.Server, loader *loader, systemd *notifier) <-chan struct{} {
	go func() {
		for range s.hangup {
			systemd.reloading()
			_ = loader.reload() // the loader logs the error
			systemd.notify(daemon.SdNotifyReady)
		}
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		received := <-s.stop
		began := time.Now()
		_ = level.Info(systemd.logger).Log("msg", "Received signal, shutting down", "signal", received)
		systemd.notify(daemon.SdNotifyStopping)
		skipDrain := make(chan struct{})
		go func() {
			received := <-s.stop
			_ = level.Warn(systemd.logger).Log("msg", "Received another signal, skipping the drain delay", "signal", received)
			close(skipDrain)
		}()
		server.Shutdown(skipDrain)
		_ = level.Info(systemd.logger).Log("msg", "Shutdown complete", "duration", time.Since(began).Round(time.Millisecond))
	}()
	return ended
}
