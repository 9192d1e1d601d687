// Package collector scrapes nginx instances and exposes what they report as
// Prometheus metrics.
//
// It is the engine: it runs the sources of all targets, shares scrapes that
// overlap, counts and logs what fails, and puts the series of all targets into
// one exposition. Which sources and metrics there are is the matter of the
// packages source and metric. It must not import anything below internal or
// cmd.
package collector
