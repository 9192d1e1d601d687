package main

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/collector"
	"nginx-exporter/collector/source/exporter"
	"nginx-exporter/internal/config"
)

// loader brings the configuration into the running program, again and again.
type loader struct {
	config    *config.Config
	collector *collector.Collector
	logger    log.Logger

	timeouts config.Timeouts // those in effect since the start

	mu      sync.Mutex // one load at a time
	current atomic.Pointer[config.Probes]
}

// probes returns what /probe may do at this moment.
func (l *loader) probes() *config.Probes { return l.current.Load() }

// apply makes settings the current ones.
func (l *loader) apply(settings *config.Settings) error {
	if err := l.collector.SetTargets(settings.Targets()); err != nil {
		return err
	}
	l.current.Store(settings.Probes())
	l.collector.SetReload(exporter.Reload{Success: true, Time: float64(time.Now().Unix())})
	for _, warning := range settings.Warnings() {
		_ = level.Warn(l.logger).Log("msg", warning)
	}
	return nil
}

// reload reads the configuration file again. A bad one changes nothing but
// what log and page say.
func (l *loader) reload() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.config.File == "" {
		_ = level.Info(l.logger).Log("msg", "nothing to load: there is no --config.file")
		return nil
	}
	settings, err := l.config.Validate()
	if err == nil {
		err = l.apply(settings)
	}
	if err != nil {
		l.collector.SetReload(exporter.Reload{Time: l.collector.LastReload().Time})
		_ = level.Error(l.logger).Log("msg", "the configuration stays as it was", "err", err)
		return err
	}
	if settings.Web().Timeouts != l.timeouts {
		_ = level.Warn(l.logger).Log("msg", "Changes to web in the configuration file take effect at the next start", "file", l.config.File)
	}
	_ = level.Info(l.logger).Log("msg", "the configuration is loaded", "file", l.config.File, "targets", len(settings.Targets()))
	return nil
}

// watchInterval is how often the configuration file is looked at. Looking
// costs a microsecond, and works where notifications do not: symbolic links
// that Kubernetes swaps, network file systems, exhausted inotify limits.
const watchInterval = 500 * time.Millisecond

// watch reloads when the configuration file has changed and has then stayed
// the same for one interval, so that nobody reads half a file. Loaded is the
// stamp from before the file was first read: a change since then counts.
func (l *loader) watch(ctx context.Context, loaded os.FileInfo) {
	if l.config.File == "" {
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	seen := loaded
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := stamp(l.config.File)
		settled := same(now, seen)
		seen = now
		if settled && !same(now, loaded) {
			loaded = now
			_ = l.reload() // the loader tells the log
		}
	}
}

// stamp returns what tells one version of a file from another, nil if there is
// no file.
func stamp(path string) os.FileInfo {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
