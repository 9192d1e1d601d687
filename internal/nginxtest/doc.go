// Package nginxtest runs a real nginx for tests, with their configuration, and
// creates certificates.
//
// Tests and internal/bench import it. It knows nothing of the exporter.
package nginxtest
