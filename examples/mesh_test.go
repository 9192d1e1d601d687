//go:build unix

package examples_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMesh runs the inject commands of docs/mesh.md, and checks that their annotations are
// those of pods and that the manifests there are valid YAML.
func TestMesh(t *testing.T) {
	page := filepath.Join(repository, "docs", "mesh.md")
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	atRoot(t, "scripts/build.sh", program)
	command := regexp.MustCompile(`(?m)^nginx-exporter (inject .*) web\.yaml \|`)
	commands := command.FindAllStringSubmatch(strings.Join(blocks(t, page, "sh"), "\n"), -1)
	if len(commands) < 4 {
		t.Fatalf("only %v", commands)
	}
	for _, match := range commands {
		args := append(strings.Fields(match[1]), "--report=none", "--require", "examples/kubernetes/web.yaml")
		meshPod(t, match[1], parse(t, match[1], atRoot(t, program, args...)))
	}
	for _, manifest := range blocks(t, page, "yaml") {
		parse(t, page, manifest)
	}
}

// meshPod checks the pod template that a command made.
func meshPod(t *testing.T, command string, made []any) {
	t.Helper()
	for _, object := range made {
		if at(object, "kind") != "Deployment" {
			continue
		}
		list, index := "initContainers", 0
		if strings.Contains(command, "--native=never") {
			list, index = "containers", 1
		}
		if name := at(object, "spec", "template", "spec", list, index, "name"); name != "nginx-exporter" {
			t.Errorf("%s: %s has %v instead of the exporter", command, list, name)
		}
		for _, wanted := range regexp.MustCompile(`--pod-annotation=(\S+)=(\S+)`).FindAllStringSubmatch(command, -1) {
			if value := at(object, "spec", "template", "metadata", "annotations", wanted[1]); value != wanted[2] {
				t.Errorf("%s: annotation %s is %v", command, wanted[1], value)
			}
		}
		return
	}
	t.Errorf("%s: no Deployment", command)
}
