package hpa

import (
	"math"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
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

// Each code that the table has is documented once, in sentences.
func TestTable(t *testing.T) {
	documented := map[doctor.Code]bool{}
	for _, c := range Causes() {
		if documented[c.Code] {
			t.Errorf("%s is documented twice", c.Code)
		}
		documented[c.Code] = true
		for _, text := range []string{c.Meaning, c.Fix} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is not a sentence", c.Code, text)
			}
		}
	}
	for _, s := range steps() {
		for _, g := range s.groups {
			for _, c := range g.causes {
				if c.code != "" && !documented[c.code] {
					t.Errorf("%s: %s is not documented", s.name, c.code)
				}
			}
		}
	}
}
