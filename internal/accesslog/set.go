// Package accesslog opens the access logs of the configuration, and keeps those
// that stay when it is reloaded. It connects inputs of client/accesslog/input with
// sources of collector/source/accesslog.
package accesslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"sync"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client"
	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/collector"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/accesslog"
	"nginx-exporter/internal/config"
)

// Set is the access logs that are open. It is not safe for concurrent use, except
// for its sources.
type Set struct {
	logger log.Logger
	open   []*openLog
}

// openLog is a log that is read.
type openLog struct {
	config.Log
	input  *loggedInput
	source *accesslog.Source

	cancel context.CancelFunc // nil before it runs
	ended  chan struct{}
}

// NewSet returns a set without logs. The caller closes it.
func NewSet(logger log.Logger) *Set { return &Set{logger: logger} }

// Change is a set of logs that was opened and is not current yet.
type Change struct {
	set  *Set
	next []*openLog
}

// Prepare opens the logs that are not open yet. Unchanged logs keep their sources,
// and those of the same address their inputs. The caller commits the change or
// aborts it.
func (s *Set) Prepare(logs []config.Log) (*Change, error) {
	c := &Change{set: s}
	for i := range logs {
		next, err := s.prepare(&logs[i])
		if err != nil {
			c.Abort()
			return nil, fmt.Errorf("access log %s: %w", logs[i].Address, err)
		}
		c.next = append(c.next, next)
	}
	return c, nil
}

func (s *Set) prepare(l *config.Log) (*openLog, error) {
	next := &openLog{Log: *l}
	for _, o := range s.open {
		if o.Address != l.Address || o.Settings.StateFile != l.Settings.StateFile {
			continue
		}
		next.input = o.input
		if reflect.DeepEqual(o.Settings, l.Settings) {
			next.source, next.cancel, next.ended = o.source, o.cancel, o.ended
			return next, nil
		}
	}
	if next.input == nil {
		opened, err := l.Address.Open(l.Settings.StateFile)
		if err != nil {
			return nil, err
		}
		next.input = &loggedInput{Input: opened, logger: log.With(s.logger, "access_log", l.Address.String())}
	}
	options := l.Options
	options.Logger = next.input.logger
	var err error
	if next.source, err = accesslog.New(next.input, options); err != nil {
		return nil, errors.Join(err, next.input.Close())
	}
	return next, nil
}

// Targets adds the sources to the options of their targets, which it copies.
func (c *Change) Targets(targets []collector.TargetOptions) []collector.TargetOptions {
	with := append([]collector.TargetOptions(nil), targets...)
	for _, l := range c.next {
		if l.Target >= 0 {
			t := &with[l.Target]
			t.Sources = append(append([]source.Source(nil), t.Sources...), l.source)
		}
	}
	return with
}

// Alone returns the sources without a target.
func (c *Change) Alone() []collector.SourceOptions {
	var alone []collector.SourceOptions
	for _, l := range c.next {
		if l.Target < 0 {
			alone = append(alone, collector.SourceOptions{Source: l.source, Labels: l.Labels, Timeout: l.Timeout})
		}
	}
	return alone
}

// Abort closes what was opened.
func (c *Change) Abort() {
	for _, l := range c.next {
		if !c.set.uses(l.input) {
			_ = l.input.Close() // nothing was read
		}
	}
}

func (s *Set) uses(in *loggedInput) bool {
	for _, o := range s.open {
		if o.input == in {
			return true
		}
	}
	return false
}

// Commit makes the change current: it reads new logs, and closes those that are
// not part of it. The collector must not use their sources any more.
func (c *Change) Commit() error {
	before := c.set.open
	c.set.open = c.next
	var err error
	for _, o := range before {
		kept := false
		for _, l := range c.next {
			kept = kept || l.source == o.source
		}
		if !kept {
			o.stop()
		}
		if !c.set.uses(o.input) {
			err = errors.Join(err, o.input.Close())
		}
	}
	for _, l := range c.next {
		if l.cancel == nil {
			l.run()
		}
	}
	return err
}

// run reads the log in the background.
func (l *openLog) run() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel, l.ended = cancel, make(chan struct{})
	go func() {
		defer close(l.ended)
		l.source.Run(ctx)
	}()
}

func (l *openLog) stop() {
	l.cancel()
	<-l.ended
}

// Close closes all logs. The collector must be closed before.
func (s *Set) Close() error { return (&Change{set: s}).Commit() }

// loggedInput logs the warning of an input when it changes, and sets the reason of
// its errors, which are not errors of nginx.
type loggedInput struct {
	input.Input
	logger log.Logger

	mu     sync.Mutex
	logged string // the last warning
}

// Read implements [input.Input].
func (l *loggedInput) Read(ctx context.Context, deliver func(input.Lines)) error {
	err := l.Input.Read(ctx, deliver)
	l.warn(l.Stats().Warning)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrClosed), errors.Is(err, net.ErrClosed):
		return source.ErrAbsent // a reload has removed the log during this scrape
	}
	return &client.Error{Reason: client.ReasonFile, Err: err}
}

func (l *loggedInput) warn(warning string) {
	l.mu.Lock()
	changed := warning != l.logged
	l.logged = warning
	l.mu.Unlock()
	if changed && warning != "" {
		_ = level.Warn(l.logger).Log("msg", "Access log warning", "warning", warning)
	}
}
