package hpa

import (
	"math"
	"slices"
	"testing"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

func TestQuantity(t *testing.T) {
	for text, want := range map[string]float64{"12": 12, "250m": 0.25, "2k": 2000, "1M": 1e6, "x": math.NaN(), "": math.NaN(), "xm": math.NaN()} {
		if got := quantity(text); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestPermission(t *testing.T) {
	for message, want := range map[string]string{
		`pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "shop"`:                                                             "list pods in namespace shop",
		`horizontalpodautoscalers.autoscaling is forbidden: User "x" cannot list resource "horizontalpodautoscalers" in API group "autoscaling" in the namespace "a"`: "list horizontalpodautoscalers.autoscaling in namespace a",
		`nodes is forbidden: User "x" cannot get resource "nodes" in API group "" at the cluster scope`:                                                               "get nodes in all namespaces",
		"something else": "do this: something else",
	} {
		if got := permission(message); got != want {
			t.Errorf("%s is %q", message, got)
		}
	}
}

// Judges find the causes of their rows, or that a fact cannot be observed or explained.
func TestRows(t *testing.T) {
	for _, file := range conversations(t) {
		c := load(t, file)
		d := &diagnosis{Observation: cluster.New(t.Context(), c.options(c.run, c.fetch))}
		for _, s := range steps() {
			if (s.applies == nil || s.applies(d)) && !checkRows(t, d, &s) {
				break
			}
		}
	}
}

// checkRows reports whether a step works.
func checkRows(t *testing.T, d *diagnosis, s *step) bool {
	t.Helper()
	for _, g := range s.groups {
		if g.when != nil && !g.when(d) {
			continue
		}
		for _, r := range g.rows {
			f := g.judge(d, r)
			if f == nil {
				continue
			}
			if f.Message != "" && !slices.Contains(append(anyStep(), r.codes...), f.Code) {
				t.Errorf("%s: %q is not a code of its row, %v", s.name, f.Code, r.codes)
			}
			if f.state != doctor.Warning {
				return false
			}
		}
	}
	return true
}
