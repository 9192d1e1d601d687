package inject

import (
	"os"
	"strings"
	"testing"
)

const sidecarPatch = "../../examples/kubernetes/kustomize/component/sidecar.yaml"

// TestGoldenKustomize holds the patch of the kustomize component to the
// container that inject adds.
func TestGoldenKustomize(t *testing.T) {
	golden, err := os.ReadFile(containerGolden)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(sidecarPatch)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(have), "      initContainers:\n")
	if !found {
		t.Fatalf("%s has no initContainers", sidecarPatch)
	}
	var want strings.Builder
	want.WriteString(head + "      initContainers:\n")
	lead := "        - "
	for line := range strings.Lines(string(golden)) {
		want.WriteString(lead + line)
		lead = "          "
	}
	if *update {
		if err := os.WriteFile(sidecarPatch, []byte(want.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(have) != want.String() {
		t.Errorf("%s has another container than inject adds:\n%s\nwant\n%s", sidecarPatch, have, want.String())
	}
}
