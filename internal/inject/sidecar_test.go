package inject

import (
	"os"
	"strings"
	"testing"
)

// TestGoldenSidecar compares the files that are generated from the definition of the sidecar: one that the Helm chart and
// its tests read, and the patch of the kustomize component.
func TestGoldenSidecar(t *testing.T) {
	version, err := os.ReadFile("../../VERSION")
	if err != nil {
		t.Fatal(err)
	}
	options := Defaults(strings.TrimSpace(string(version)))
	container := encode(options.Options.Container())
	two := layout{step: 2, dash: 2, item: 2, eol: "\n"}

	chart := blockWriter{layout: two}
	chart.line(0, "# The sidecar that inject adds. Generated from internal/sidecar by \"make golden\".")
	chart.fields(container, 0, false)
	golden(t, "../../charts/nginx-exporter/files/sidecar.yaml", chart.String())

	patch := blockWriter{layout: two}
	patch.WriteString(`# The container is generated from internal/sidecar by "make golden".
# kustomize replaces kind and name by those of the target.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: any
spec:
  template:
    spec:
      initContainers:
`)
	patch.items(sequence(container), 8)
	golden(t, "../../examples/kubernetes/kustomize/component/sidecar.yaml", patch.String())
}

// golden compares a text with a file, or with -update writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is out of date, run make golden. got\n%s\nwant\n%s", file, got, want)
	}
}
