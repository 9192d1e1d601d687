package proctest

import "time"

// Patience is how long a test waits for something that must happen. It is far
// more than anything takes, so that a busy machine fails no test.
const Patience = time.Minute

// interval is the time between two checks of a condition.
const interval = 5 * time.Millisecond

// TB is the part of [testing.TB] that is used here. Scripts and programs, which
// have no testing.TB, bring their own.
type TB interface {
	Helper()
	Cleanup(f func())
	Failed() bool
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	TempDir() string
}

// Until waits for a condition and fails the test after [Patience].
func Until(tb TB, what string, condition func() bool) {
	tb.Helper()
	until(tb, what, nil, condition)
}

// until waits for a condition as long as ended is open, and reports whether it
// has come true.
func until(tb TB, what string, ended <-chan struct{}, condition func() bool) bool {
	tb.Helper()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-ended:
			return condition() // it may have come true at the very end
		case <-deadline.C:
			tb.Fatalf("waited %s for %s", Patience, what)
		}
	}
	return true
}
