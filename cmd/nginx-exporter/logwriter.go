package main

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"
)

const (
	logQueue        = 1024        // lines that wait to be written
	logFlushTimeout = time.Second // how long Close waits for them
)

// logWriter writes log lines in the background, so that a slow log reader delays
// neither scrapes nor signals. When the queue is full it drops lines, and reports
// how many once it can write again.
type logWriter struct {
	to      io.Writer
	lines   chan []byte
	dropped atomic.Int64
	report  func(dropped int64)
	closing chan struct{}
	done    chan struct{}
}

// newLogWriter returns a writer that its caller must start and close.
func newLogWriter(to io.Writer) *logWriter {
	return &logWriter{to: to, lines: make(chan []byte, logQueue), closing: make(chan struct{}), done: make(chan struct{})}
}

// start begins to write. Report is called, in the background, after lines were
// dropped; it may write to w itself.
func (w *logWriter) start(report func(dropped int64)) {
	w.report = report
	go w.run()
}

// Write implements [io.Writer] for one line. It never blocks and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	select {
	case w.lines <- bytes.Clone(line):
	default:
		w.dropped.Add(1)
	}
	return len(line), nil
}

func (w *logWriter) run() {
	defer close(w.done)
	for {
		select {
		case line := <-w.lines:
			w.writeLine(line)
		case <-w.closing:
			w.drain()
			return
		}
	}
}

func (w *logWriter) drain() {
	for {
		select {
		case line := <-w.lines:
			w.writeLine(line)
		default:
			return
		}
	}
}

func (w *logWriter) writeLine(line []byte) {
	_, _ = w.to.Write(line) // an error cannot be reported anywhere else
	if dropped := w.dropped.Swap(0); dropped > 0 {
		w.report(dropped)
	}
}

// Close waits until all lines are written, at most [logFlushTimeout]. Lines
// that are written after it are lost.
func (w *logWriter) Close() {
	close(w.closing)
	timeout := time.NewTimer(logFlushTimeout)
	defer timeout.Stop()
	select {
	case <-w.done:
	case <-timeout.C:
	}
}
