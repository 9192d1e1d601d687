// Package component tests the kustomize component: it builds workloads with the code of kustomize.
package component

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	folder = "../../../examples/kubernetes/kustomize"
	// The sidecar, generated from internal/sidecar.
	injected = "../../../charts/nginx-exporter/files/sidecar.yaml"
)

// TestExample builds the application of the example.
func TestExample(t *testing.T) {
	built := build(t, filesys.MakeFsOnDisk(), filepath.Join(folder, "app"))
	sidecars(t, pods(t, built, "Deployment", "web"), "nginx-exporter")
	sidecars(t, pods(t, built, "StatefulSet", "cache"))
}

// TestWorkloads builds what the example lacks: init containers, other kinds, and a workload that has the sidecar already.
func TestWorkloads(t *testing.T) {
	fs := filesys.MakeFsInMemory()
	for _, name := range []string{"kustomization.yaml", "sidecar.yaml"} {
		text, err := os.ReadFile(filepath.Join(folder, "component", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, fs, "component/"+name, string(text))
	}
	var all []string
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"} {
		all = append(all, workload(kind, "labelled", "nginx-exporter: sidecar", ""), workload(kind, "other", "app: other", ""))
	}
	inits := "      initContainers:\n      - {name: migrate, image: migrate}\n"
	all = append(
		all,
		workload("Deployment", "inits", "nginx-exporter: sidecar", inits),
		workload("Deployment", "twice", "nginx-exporter: sidecar", "      initContainers:\n      - {name: nginx-exporter, image: old}\n"),
	)
	write(t, fs, "app/all.yaml", strings.Join(all, "---\n"))
	write(t, fs, "app/kustomization.yaml", "resources: [all.yaml]\ncomponents: [../component]\n")

	built := build(t, fs, "app")
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"} {
		sidecars(t, pods(t, built, kind, "labelled"), "nginx-exporter")
		sidecars(t, pods(t, built, kind, "other"))
	}
	sidecars(t, pods(t, built, "Deployment", "inits"), "nginx-exporter", "migrate")
	sidecars(t, pods(t, built, "Deployment", "twice"), "nginx-exporter")
}

func workload(kind, name, label, inits string) string {
	return "apiVersion: apps/v1\nkind: " + kind + "\nmetadata:\n  name: " + name + "\n  labels:\n    " + label +
		"\nspec:\n  template:\n    spec:\n" + inits + "      containers:\n      - {name: nginx, image: nginx}\n"
}

func write(t *testing.T, fs filesys.FileSystem, path, text string) {
	t.Helper()
	if err := fs.WriteFile(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func build(t *testing.T, fs filesys.FileSystem, path string) resmap.ResMap {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, path)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// pods returns the pod spec of a workload.
func pods(t *testing.T, built resmap.ResMap, kind, name string) corev1.PodSpec {
	t.Helper()
	for _, r := range built.Resources() {
		if r.GetKind() != kind || r.GetName() != name {
			continue
		}
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var object struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal(text, &object); err != nil {
			t.Fatal(err)
		}
		return object.Spec.Template.Spec
	}
	t.Fatalf("there is no %s %s", kind, name)
	return corev1.PodSpec{}
}

// sidecars checks the names of the init containers, in order, and compares the sidecar with its definition.
func sidecars(t *testing.T, spec corev1.PodSpec, names ...string) {
	t.Helper()
	if len(spec.Containers) != 1 {
		t.Errorf("there are %d containers, want nginx only", len(spec.Containers))
	}
	if len(spec.InitContainers) != len(names) {
		t.Fatalf("there are %d init containers, want %v", len(spec.InitContainers), names)
	}
	for i, name := range names {
		have := spec.InitContainers[i]
		if have.Name != name {
			t.Errorf("init container %d is %s, want %s", i, have.Name, name)
		}
		if want := definition(t); name == "nginx-exporter" && !equality.Semantic.DeepEqual(have, want) {
			t.Errorf("got  %s\nwant %s", text(have), text(want))
		}
	}
}

func definition(t *testing.T) (c corev1.Container) {
	t.Helper()
	b, err := os.ReadFile(injected)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
