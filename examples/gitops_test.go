//go:build unix

package examples_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestGitOps checks that Argo CD and Flux leave the number of replicas to the HPA that they create.
func TestGitOps(t *testing.T) {
	folder := filepath.Join(repository, "examples", "kubernetes", "gitops")
	argo := parse(t, "argocd.yaml", read(t, filepath.Join(folder, "argocd.yaml")))[0]
	ignored := at(argo, "spec", "ignoreDifferences", 0)
	if at(ignored, "group") != "apps" || at(ignored, "kind") != "Deployment" || at(ignored, "jsonPointers", 0) != "/spec/replicas" {
		t.Errorf("Argo CD ignores %v", ignored)
	}
	// Without this option, a sync resets what is ignored in the comparison.
	if options, _ := at(argo, "spec", "syncPolicy", "syncOptions").([]any); !slices.Contains(options, any("RespectIgnoreDifferences=true")) {
		t.Errorf("Argo CD syncs with %v", options)
	}
	for _, object := range parse(t, "flux.yaml", read(t, filepath.Join(folder, "flux.yaml"))) {
		if at(object, "kind") != "HelmRelease" {
			continue
		}
		target := at(object, "spec", "values", "autoscaling", "target")
		if at(target, "kind") != at(ignored, "kind") || at(target, "name") != at(ignored, "name") {
			t.Errorf("the HPA of Flux scales %v, Argo CD ignores replicas of %v", target, ignored)
		}
		return
	}
	t.Error("flux.yaml has no HelmRelease")
}
