package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files for GitOps, with the manifests of each engine.
func TestOutputGolden(t *testing.T) {
	for _, name := range []string{"argocd", "helm", "rollout", "rollout-workloadref", "operator", "keda", "keda-alone", "gke"} {
		dir := filepath.Join(t.TempDir(), "base")
		p := makePlan(t, readCluster(t, name), request(refOf(name)))
		names, err := p.Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, file := range names {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString("=== " + file + "\n" + string(text))
		}
		golden(t, name+".output.txt", all.String())
		if _, err := p.Write(dir); !IsInput(err) {
			t.Errorf("it wrote again to %s: %v", dir, err)
		}
	}
	if _, err := makePlan(t, readCluster(t, "bare"), request(deployment())).Write(t.TempDir()); !IsInput(err) {
		t.Errorf("an empty plan was written: %v", err)
	}
}
