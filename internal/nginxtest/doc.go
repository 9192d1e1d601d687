// Package nginxtest runs a real nginx for tests, with a configuration of their
// own, and makes the certificates that it shows.
//
// Only tests import it. It knows nothing of the exporter.
package nginxtest
