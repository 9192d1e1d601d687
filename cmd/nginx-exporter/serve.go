package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"

	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/web"
)

// serve runs the exporter until a signal ends it.
func serve(c *config.Config, logs *logs) error {
	read := stamp(c.File)
	settings, err := c.Validate()
	if err != nil {
		return err
	}
	options := settings.CollectorOptions()
	options.Logger = logs.kit
	scraper := collector.New(options)
	defer scraper.Close()
	loader := &loader{config: c, collector: scraper, logger: logs.kit, timeouts: settings.Web().Timeouts}
	if err := loader.apply(settings); err != nil {
		return err
	}
	server, err := web.New(web.Options{
		Settings: settings, Collector: scraper,
		Probes: loader.probes, Reload: loader.reload,
		Logger: logs.kit, Slog: logs.slog,
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	// Before the port is open: whatever can connect may also send a signal.
	signals := notifySignals()
	if err := server.Listen(ctx); err != nil {
		return err
	}
	_ = level.Info(logs.kit).Log("msg", "Starting nginx-exporter", "version", version.Version, "revision", version.GetRevision(),
		"targets", targetNames(settings.Targets()))
	tuneRuntime()
	go loader.watch(ctx, read)
	ended := signals.handle(server, loader, logs)
	if err := server.Serve(); err != nil {
		return err
	}
	<-ended
	return nil
}

// targetNames lists targets for the log, without credentials. Of a long list it
// names the first ones only.
func targetNames(targets []collector.TargetOptions) string {
	const most = 10
	var names []string
	for _, target := range targets[:min(len(targets), most)] {
		names = append(names, target.Client.Target.String())
	}
	if more := len(targets) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ",")
}

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

// handle reloads on SIGHUP and shuts down on SIGTERM and SIGINT. The channel
// that it returns is closed when the server has shut down.
func (s *signals) handle(server *web.Server, loader *loader, logs *logs) <-chan struct{} {
	go func() {
		for range s.hangup {
			_ = loader.reload() // the loader logs the error
		}
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		received := <-s.stop
		began := time.Now()
		_ = level.Info(logs.kit).Log("msg", "Received signal, shutting down", "signal", received)
		skipDrain := make(chan struct{})
		go func() {
			received := <-s.stop
			_ = level.Warn(logs.kit).Log("msg", "Received another signal, skipping the drain delay", "signal", received)
			close(skipDrain)
		}()
		server.Shutdown(skipDrain)
		_ = level.Info(logs.kit).Log("msg", "Shutdown complete", "duration", time.Since(began).Round(time.Millisecond))
	}()
	return ended
}
