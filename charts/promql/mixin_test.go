package promql

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
	"github.com/prometheus/common/model"
)

// mixin is the output of mixin/mixin.libsonnet.
type mixin struct {
	Alerts     file           `json:"alerts"`
	Rules      file           `json:"rules"`
	Dashboards map[string]any `json:"dashboards"`
}

func evaluateMixin(t *testing.T, config string) mixin {
	t.Helper()
	vm := jsonnet.MakeVM()
	vm.Importer(&jsonnet.FileImporter{JPaths: []string{root}})
	out, err := vm.EvaluateAnonymousSnippet("test", `local m = (import "mixin/mixin.libsonnet") + { _config+:: `+config+` };
		{ alerts: m.prometheusAlerts, rules: m.prometheusRules, dashboards: m.grafanaDashboards }`)
	if err != nil {
		t.Fatal(err)
	}
	var m mixin
	if err := json.Unmarshal([]byte(out), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMixin requires that the mixin has all rules of the chart, and its dashboards.
func TestMixin(t *testing.T) {
	m := evaluateMixin(t, "{}")
	found := append(m.Alerts.rules(), m.Rules.rules()...)
	var want []rule
	for _, f := range ruleFiles(t) {
		want = append(want, f.rules()...)
	}
	for _, r := range want {
		if !slices.ContainsFunc(found, func(f rule) bool { return reflect.DeepEqual(f, r) }) {
			t.Errorf("%s%s is missing or differs", r.Alert, r.Record)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d rules, want %d", len(found), len(want))
	}
	boards := glob(t, "charts/nginx-exporter/dashboards/*.json")
	if len(m.Dashboards) != len(boards) {
		t.Errorf("%d dashboards, want %d", len(m.Dashboards), len(boards))
	}
	for _, path := range boards {
		var want any
		if err := json.Unmarshal([]byte(read(t, path)), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.Dashboards["nginx-"+filepath.Base(path)], want) {
			t.Errorf("%s is missing or differs", path)
		}
	}
}

// TestMixinConfig checks each expression with other selectors, a long scrape interval and other objectives.
func TestMixinConfig(t *testing.T) {
	m := evaluateMixin(t, `{ selector: 'job="edge",namespace="shop"', kubeSelector: 'namespace="shop"', scrapeInterval: 120,
		runbookURL: 'https://git.example/alerts.md', slo: { availability: 99, latency: 99.9, latencySeconds: 1 } }`)
	all := metrics(t)
	var expressions strings.Builder
	for _, r := range append(m.Alerts.rules(), m.Rules.rules()...) {
		report(t, all, "mixin", r.Expr, templates(r))
		expressions.WriteString(r.Expr + "\n")
		if r.Alert != "" && r.Annotations["runbook_url"] != "https://git.example/alerts.md#"+strings.ToLower(r.Alert) {
			t.Errorf("%s: %s", r.Alert, r.Annotations["runbook_url"])
		}
		for _, window := range ranges.FindAllStringSubmatch(r.Expr, -1) {
			if d, err := model.ParseDuration(window[1]); err != nil || d < model.Duration(480e9) {
				t.Errorf("%s%s: the window %s is below four scrapes", r.Alert, r.Record, window[1])
			}
		}
	}
	text := expressions.String()
	for _, wanted := range []string{`> 14.4 * 0.01`, `> 14.4 * 0.001`, `le=~"1|1.0"`} {
		if !strings.Contains(text, wanted) {
			t.Errorf("no expression has %s", wanted)
		}
	}
	for _, left := range []string{`job!=""`, `namespace!=""`, `le="0.5"`} {
		if strings.Contains(text, left) {
			t.Errorf("an expression still has %s", left)
		}
	}
}
