// Package nginxtest runs a real nginx for tests, with a configuration of their
// own, and makes certificates.
//
// Tests and internal/bench import it. It knows nothing of the exporter.
package nginxtest
