package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/internal/accesslog"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/doctor"
	nginxstatus "nginx-exporter/internal/doctor/status"
	"nginx-exporter/internal/web"
)

// serve runs the exporter until a signal ends it.
func serve(c *config.Config, logs *logs, signals *signals) error {
	read := stamp(c.File)
	settings, err := signals.validate(c, logs)
	if settings == nil || err != nil {
		return err
	}
	options := settings.CollectorOptions()
	options.Logger = logs.kit
	scraper := collector.New(options)
	loader := &loader{config: c, collector: scraper, logs: accesslog.NewSet(logs.kit), logger: logs.kit, limits: settings.Web().Limits}
	defer loader.close()
	if err := loader.apply(settings); err != nil {
		return err
	}
	server, err := web.New(web.Options{
		Settings: settings, Collector: scraper,
		Probes: loader.probes, Reload: loader.reload, Examine: examine(c, settings.FromFile()),
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
	_ = level.Info(logs.kit).Log("msg", "Starting nginx-exporter", "version", version.Version, "revision", version.GetRevision(),
		"targets", targetNames(settings.Targets()))
	tuneRuntime()
	go loader.watch(ctx, read)
	systemd := &notifier{logger: logs.kit}
	go watchdog(ctx, server.Alive, systemd)
	ended := signals.handle(server, loader, systemd)
	systemd.notify(daemon.SdNotifyReady)
	if err := server.Serve(); err != nil {
		return err
	}
	<-ended
	return nil
}

// examine returns what doctor does for one target, without starting processes.
func examine(c *config.Config, fromFile bool) func(context.Context, client.Options) *doctor.Report {
	return func(ctx context.Context, target client.Options) *doctor.Report {
		return nginxstatus.Examine(ctx, nginxstatus.Options{
			Targets: []client.Options{target}, FromFile: fromFile, Listen: c.Web.Listen,
			TargetOptions: func(uri string) (client.Options, error) { return targetOptions(c, uri) },
		})
	}
}

// targetNames lists targets for the log, without credentials. A long list is
// truncated.
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
