package proctest

import "time"

// Patience is how long a test waits for something that must happen. It is generous,
// so that tests do not fail on a busy machine.
const Patience = 5 * time.Minute

// interval is the time between two checks of a condition.
const interval = 5 * time.Millisecond

// TB is the part of [testing.TB] that is used here, so that scripts and programs,
// which have no testing.TB, can implement it.
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

// until waits for a condition until ended is closed, and reports whether it became
// true.
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
			return condition() // it may have become true just before
		case <-deadline.C:
			tb.Fatalf("waited %s for %s", Patience, what)
		}
	}
	return true
}
