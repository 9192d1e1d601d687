// Package proctest runs processes for tests: it starts them, keeps what they
// log, signals them by their process id and ends them with the test.
//
// Tests and internal/bench import it. It knows nothing of the exporter and of
// nginx.
package proctest
