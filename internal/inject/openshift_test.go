package inject

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

// TestOpenShift checks the rendered sidecar against the rules of the security context constraints restricted-v2, see
// https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/authentication_and_authorization/managing-pod-security-policies.
// Without --openshift they must not be satisfied.
func TestOpenShift(t *testing.T) {
	for _, openShift := range []bool{true, false} {
		for _, native := range []string{sidecar.NativeAuto, sidecar.NativeNever} {
			o := Defaults("")
			o.OpenShift, o.Native = openShift, native
			out, outcomes, err := inject(onePod, o)
			if err != nil || outcomes[0].Status != Injected {
				t.Fatalf("%+v: %v", outcomes, err)
			}
			var root yaml.Node
			if err := yaml.Unmarshal([]byte(out), &root); err != nil {
				t.Fatal(err)
			}
			spec := get(root.Content[0], "spec")
			// The sidecar must not need a context of the pod, such as fsGroup.
			if get(spec, "securityContext") != nil {
				t.Error("the pod has a security context")
			}
			container, _ := (&pod{spec: spec}).sidecar()
			violations := violations(t, get(container, "securityContext"))
			if openShift != (len(violations) == 0) {
				t.Errorf("with --openshift=%v and --native=%s the violations are %q", openShift, native, violations)
			}
		}
	}
}

// violations returns the fields of a security context that testdata/restricted-v2.tsv does not allow.
func violations(t *testing.T, context *yaml.Node) (all []string) {
	t.Helper()
	table, err := os.ReadFile("testdata/restricted-v2.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rules := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	known := map[string]bool{}
	for _, rule := range rules {
		cells := strings.Split(rule, "\t")
		field := strings.Split(cells[0], ".")
		known[field[0]] = true
		value := get(context, field...)
		given := []string{"unset"}
		if value != nil && value.Kind == yaml.ScalarNode {
			given = []string{value.Value}
		} else if value != nil {
			given = nil
			for _, item := range value.Content {
				given = append(given, item.Value)
			}
		}
		for _, v := range given {
			if !slices.Contains(strings.Split(cells[1], ","), v) {
				all = append(all, fmt.Sprintf("%s is %s: %s", cells[0], v, cells[2]))
			}
		}
	}
	for key := range entries(context) {
		if !known[key.Value] {
			all = append(all, key.Value+" has no rule")
		}
	}
	return all
}
