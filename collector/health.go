package collector

import (
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client"
)

// stateGood is the state after a successful scrape. The other states are the
// reasons of failures, with the names of the sources if only some failed. The
// state is empty before the first scrape.
const stateGood = "good"

// health returns a log line when the state of a source changes. It is guarded by
// the lock of its target.
type health struct {
	logger     log.Logger
	budget     budget
	state      string // of the last scrape
	logged     string // the state that was logged last
	suppressed int    // changes that were not logged
}

// newHealth returns the health of a source that was not scraped yet.
func newHealth(logger log.Logger, source string) health {
	return health{logger: log.With(logger, "source", source), budget: newBudget()}
}

// logLine is a log line that is written after the lock is released.
type logLine struct {
	logger  log.Logger
	keyvals []any
}

func (l *logLine) write() { _ = l.logger.Log(l.keyvals...) }

// update records the outcome of a scrape, and returns a log line or nil. If
// quiet, the first success is not logged.
func (h *health) update(err error, quiet bool) *logLine {
	if err == nil {
		return h.good(quiet)
	}
	if reason := client.ReasonOf(err); reason != client.ReasonCanceled {
		return h.bad(reason, err)
	}
	return nil
}

func (h *health) good(quiet bool) *logLine {
	h.change(stateGood)
	first := h.logged == ""
	if first && quiet {
		h.logged = stateGood
	}
	if h.logged == stateGood || !h.budget.take() {
		return nil
	}
	msg := "Scrape recovered"
	if first {
		msg = "Scrape succeeded"
	}
	return h.line(level.Info(h.logger), "msg", msg)
}

func (h *health) bad(reason client.Reason, err error) *logLine {
	return h.failed(string(reason), err, "msg", "Scrape failed")
}

// partly records that these sources failed and others did not. The log line has
// the error of the first one.
func (h *health) partly(sources []failedSource) *logLine {
	var names, states []string
	for _, s := range sources {
		names = append(names, s.name)
		states = append(states, s.name+" "+string(client.ReasonOf(s.err)))
	}
	return h.failed(strings.Join(states, ", "), sources[0].err, "msg", "Scrape failed in part", "failed", strings.Join(names, ","))
}

// failed returns the log line of a failure, at level debug if its state was logged
// before.
func (h *health) failed(state string, err error, keyvals ...any) *logLine {
	h.change(state)
	keyvals = append(keyvals, "reason", client.ReasonOf(err), "err", err)
	if h.logged == state || !h.budget.take() {
		return &logLine{level.Debug(h.logger), keyvals}
	}
	if advice := client.AdviceOf(err); advice != "" {
		keyvals = append(keyvals, "advice", advice)
	}
	return h.line(level.Warn(h.logger), keyvals...)
}

func (h *health) change(state string) {
	if h.state != h.logged && h.state != state {
		h.suppressed++
	}
	h.state = state
}

func (h *health) line(logger log.Logger, keyvals ...any) *logLine {
	if h.suppressed > 0 {
		keyvals = append(keyvals, "suppressed_changes", h.suppressed)
	}
	h.logged, h.suppressed = h.state, 0
	return &logLine{logger, keyvals}
}

const (
	budgetLines  = 6           // lines in a burst
	budgetRefill = time.Minute // time until there is one more
)

// budget bounds the log lines of a source that flaps.
type budget struct {
	lines  int
	filled time.Time
}

func newBudget() budget { return budget{lines: budgetLines, filled: time.Now()} }

// take reports whether a line may be written, and counts it.
func (b *budget) take() bool {
	if n := int(time.Since(b.filled) / budgetRefill); n > 0 {
		b.lines = min(budgetLines, b.lines+n)
		b.filled = b.filled.Add(time.Duration(n) * budgetRefill)
	}
	if b.lines == 0 {
		return false
	}
	b.lines--
	return true
}
