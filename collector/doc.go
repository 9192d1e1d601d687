// Package collector scrapes nginx instances and exposes what they report as
// Prometheus metrics.
//
// It is the engine: it runs the sources of all targets, shares overlapping
// scrapes, counts and logs failures, and puts the series of all targets into one
// exposition. The packages below source define the sources and their metrics. It
// must not import anything below internal or cmd.
package collector
