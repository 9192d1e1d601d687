package collector

import (
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client"
)

// stateGood is the state of a source that was read. The other states are the
// reasons of failures; the empty one is that of a source never read.
const stateGood = "good"

// health tells the log when the state of a source changes, and keeps silent
// while it stays. It is guarded by the lock of its target.
type health struct {
	logger log.Logger
	budget budget
	state  string // what the last scrape found
	told   string // what the log was last told
	silent int    // changes that the log was not told
	// quiet leaves out the line that says that the source was read for the
	// first time.
	quiet bool
}

func (h *health) good() {
	h.change(stateGood)
	if h.quiet && h.told == "" {
		h.told = stateGood
	}
	if h.told == stateGood || !h.budget.take() {
		return
	}
	h.tell(level.Info(h.logger), "msg", "nginx answers")
}

func (h *health) bad(reason client.Reason, err error) {
	h.change(string(reason))
	if h.told == string(reason) || !h.budget.take() {
		_ = level.Debug(h.logger).Log("msg", "nginx cannot be read", "reason", reason, "err", err)
		return
	}
	h.tell(level.Warn(h.logger), "msg", "nginx cannot be read", "reason", reason, "err", err, "advice", client.AdviceOf(err))
}

func (h *health) change(state string) {
	if h.state != h.told && h.state != state {
		h.silent++
	}
	h.state = state
}

func (h *health) tell(logger log.Logger, keyvals ...any) {
	if h.silent > 0 {
		keyvals = append(keyvals, "untold_changes", h.silent)
	}
	_ = logger.Log(keyvals...)
	h.told, h.silent = h.state, 0
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
