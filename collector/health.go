package collector

import (
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client"
)

// stateGood is the state of a source that was read. The other states are the
// reasons of failures, with the names of the sources if only some failed; the
// empty one is that of a source never read.
const stateGood = "good"

// health makes a line for the log when the state of a source changes, and none
// while it stays. It is guarded by the lock of its target.
type health struct {
	logger     log.Logger
	budget     budget
	state      string // of the last scrape
	logged     string // the state that was logged last
	suppressed int    // changes that were not logged
}

// logLine is a line that is written once no lock is held.
type logLine struct {
	logger  log.Logger
	keyvals []any
}

func (l *logLine) write() { _ = l.logger.Log(l.keyvals...) }

// update notes the outcome of a scrape, and returns a line if that is to be
// logged. A first success is not, if it is quiet.
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

// partly notes that these sources failed and others did not. The line has the
// error of the first one.
func (h *health) partly(sources []failedSource) *logLine {
	var names, states []string
	for _, s := range sources {
		names = append(names, s.name)
		states = append(states, s.name+" "+string(client.ReasonOf(s.err)))
	}
	return h.failed(strings.Join(states, ", "), sources[0].err, "msg", "Scrape failed in part", "failed", strings.Join(names, ","))
}

// failed returns the line of a failure, for level debug if the state is known.
func (h *health) failed(state string, err error, keyvals ...any) *logLine {
	h.change(state)
	keyvals = append(keyvals, "reason", client.ReasonOf(err), "err", err)
	if h.logged == state || !h.budget.take() {
		return &logLine{level.Debug(h.logger), keyvals}
	}
	return h.line(level.Warn(h.logger), append(keyvals, "advice", client.AdviceOf(err))...)
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
	budgetLines  = 6           // as many lines at once
	budgetRefill = time.Minute // and one more each minute
)

// budget bounds the lines of a source that goes up and down all the time.
type budget struct {
	lines  int
	filled time.Time
}

func newBudget() budget { return budget{lines: budgetLines, filled: time.Now()} }

// take reports whether a line may be written, and pays for it.
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
