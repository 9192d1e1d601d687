package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"

	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/web"
)

// serve scrapes and serves until a signal ends it.
func serve(c *config.Config, logs *logs) error {
	read := stamp(c.File)
	settings, err := c.Validate()
	if err != nil {
		return err
	}
	show := settings.Show()
	show.Logger = logs.kit
	scraper := collector.New(show)
	defer scraper.Close()
	loader := &loader{config: c, collector: scraper, logger: logs.kit}
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
	if err := server.Listen(ctx); err != nil {
		return err
	}
	_ = level.Info(logs.kit).Log("msg", "nginx-exporter starts", "version", version.Version, "revision", version.GetRevision(),
		"targets", len(settings.Targets()))
	tuneRuntime()
	go loader.watch(ctx, read)
	ended := handleSignals(server, loader, logs)
	if err := server.Serve(); err != nil {
		return err
	}
	<-ended
	return nil
}

// handleSignals reloads on SIGHUP and shuts down on SIGTERM and SIGINT. The
// channel it returns is closed when the server has shut down.
func handleSignals(server *web.Server, loader *loader, logs *logs) <-chan struct{} {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for range hangup {
			_ = loader.reload() // the loader tells the log
		}
	}()
	// Room for a second signal, which ends the patience.
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		received := <-stop
		began := time.Now()
		_ = level.Info(logs.kit).Log("msg", "received a signal, shutting down", "signal", received)
		hurry := make(chan struct{})
		go func() {
			received := <-stop
			_ = level.Warn(logs.kit).Log("msg", "received another signal, not waiting for new scrapes", "signal", received)
			close(hurry)
		}()
		server.Shutdown(hurry)
		_ = level.Info(logs.kit).Log("msg", "shut down", "after", time.Since(began).Round(time.Millisecond))
	}()
	return ended
}
