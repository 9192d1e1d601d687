// Package promql has the tests of all PromQL in the project: expressions of rules, dashboards, examples and docs are
// parsed and compared with the metrics of the exporter, promtool's unit tests cover each alert, and docs/alerts.md and
// mixin/rules are generated.
package promql
