package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/collector"
	"nginx-exporter/collector/source/exporter"
	"nginx-exporter/internal/accesslog"
	"nginx-exporter/internal/config"
)

// loader applies the configuration, at the start and at each reload. It owns the
// collector and the access logs.
type loader struct {
	config    *config.Config
	collector *collector.Collector
	logs      *accesslog.Set
	logger    log.Logger

	limits config.Limits // those in effect since the start

	mu      sync.Mutex // held during a reload
	failure string     // of the last reload, empty if it succeeded
	current atomic.Pointer[config.Probes]

	// applying is held while collector and access logs change, but not while the
	// file is read: that may hang, and must not keep the program from ending.
	applying sync.Mutex
	closed   bool
}

var errClosed = errors.New("the exporter is shutting down")

// probes returns the current rules of /probe.
func (l *loader) probes() *config.Probes { return l.current.Load() }

// apply makes settings the current ones.
func (l *loader) apply(settings *config.Settings) error {
	l.applying.Lock()
	defer l.applying.Unlock()
	if l.closed {
		return errClosed
	}
	change, err := l.logs.Prepare(settings.Logs())
	if err != nil {
		return err
	}
	err = l.collector.SetTargets(change.Targets(settings.Targets()))
	if err == nil {
		err = l.collector.SetSources(change.Alone())
	}
	if err != nil {
		change.Abort()
		return err
	}
	if err := change.Commit(); err != nil {
		_ = level.Warn(l.logger).Log("msg", "Closing an access log failed", "err", err)
	}
	l.current.Store(settings.Probes())
	if l.config.File != "" {
		l.collector.SetReload(exporter.Reload{Success: true, Time: float64(time.Now().Unix())})
	}
	for _, warning := range settings.Warnings() {
		_ = level.Warn(l.logger).Log("msg", "Configuration warning", "warning", warning)
	}
	return nil
}

// close closes the collector, then the access logs. A reload that is under way is
// applied before or not at all.
func (l *loader) close() {
	l.applying.Lock()
	defer l.applying.Unlock()
	l.closed = true
	l.collector.Close()
	_ = l.logs.Close() // they have been read as far as they were exposed
}

// reload reloads the configuration file. If that fails, only the log and the
// metrics of the reload change.
func (l *loader) reload() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.config.File == "" {
		_ = level.Info(l.logger).Log("msg", "Nothing to reload: --config.file is not set")
		return nil
	}
	l.failure = ""
	return l.load()
}

// retry repeats a reload that failed. What it needs may have changed without the
// file: its permissions, or a credentials file that is mounted later. An error is
// logged only if it differs from the previous one.
func (l *loader) retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure != "" {
		_ = l.load() // it logs the error
	}
}

// load loads the configuration file. The lock is held.
func (l *loader) load() error {
	settings, err := l.config.Validate()
	if err == nil {
		err = l.apply(settings)
	}
	if err != nil {
		l.collector.SetReload(exporter.Reload{Time: l.collector.LastReload().Time})
		if err.Error() != l.failure {
			_ = level.Error(l.logger).Log("msg", "Reloading the configuration failed; keeping the previous one", "err", err)
		}
		l.failure = err.Error()
		return err
	}
	l.failure = ""
	if settings.Web().Limits != l.limits {
		_ = level.Warn(l.logger).Log("msg", "Changes to web in the configuration file take effect at the next start", "file", l.config.File)
	}
	_ = level.Info(l.logger).Log("msg", "Configuration reloaded", "file", l.config.File, "targets", len(settings.Targets()))
	return nil
}

// watchInterval is how often the configuration file is checked. A check costs a
// microsecond, and works where inotify does not: with symbolic links that
// Kubernetes swaps, on network file systems, and when its limits are exhausted.
const watchInterval = 500 * time.Millisecond

// retryEvery is after how many checks a reload that failed is retried.
const retryEvery = 10

// watch reloads the configuration file when it has changed and then stayed the
// same for one interval, so that it is not read while it is written. Loaded is
// the state before it was first read.
func (l *loader) watch(ctx context.Context, loaded os.FileInfo) {
	if l.config.File == "" {
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	seen := loaded
	for checks := 1; ; checks++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := stamp(l.config.File)
		settled := same(now, seen)
		seen = now
		switch {
		case settled && !same(now, loaded):
			loaded = now
			_ = l.reload() // it logs the error
		case checks%retryEvery == 0:
			l.retry()
		}
	}
}

// stamp returns what distinguishes versions of a file, nil if there is none.
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
