package policy

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: nginx
    image: nginx
`

// TestInjectCommand runs the command in the notes: it must add the same container as the policy.
func TestInjectCommand(t *testing.T) {
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "../../../scripts/build.sh", filepath.Join(bin, "nginx-exporter"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for name, values := range map[string]map[string]any{
		"defaults": nil,
		"all options of inject": {
			"image":        map[string]any{"registry": "registry.example.com", "pullPolicy": "Always"},
			"statusServer": map[string]any{"port": 8090, "path": "/status"},
			"exporter": map[string]any{
				"port": 9500, "telemetryPath": "/m", "timeout": "2s", "logLevel": "debug", "rateWindows": []any{"15s"},
				"constLabels": map[string]any{"team": "a & b's"},
				"resources":   map[string]any{"requests": map[string]any{"cpu": "50m", "memory": nil}, "limits": map[string]any{"cpu": 1}},
			},
		},
		"NGINX Plus":                    {"exporter": map[string]any{"plus": true}, "statusServer": map[string]any{"create": false}},
		"access log":                    {"accessLog": map[string]any{"enabled": true}, "statusServer": map[string]any{"create": false}},
		"two pages":                     {"exporter": map[string]any{"scrapeURIs": []any{"http://127.0.0.1:8081/a", "http://127.0.0.1:8082/b"}}},
		"OpenShift, a private registry": {"platform": "openshift", "image": map[string]any{"pullSecrets": []any{"registry"}}},
		"a plain container, no resources": {
			"sidecar": map[string]any{"native": false}, "exporter": map[string]any{"resources": map[string]any{"requests": nil, "limits": nil}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			notes := render(t, maps.Clone(values))["nginx-exporter/templates/NOTES.txt"]
			command := regexp.MustCompile(`(?m)^     (nginx-exporter inject .*)FILE \|`).FindStringSubmatch(notes)
			if command == nil {
				t.Fatalf("no command in %s", notes)
			}
			got := injectedBy(t, command[1]+"-")
			want := admit(t, maps.Clone(values), nginx())
			same(t, "pull secrets of "+command[1], got.ImagePullSecrets, want.Spec.ImagePullSecrets)
			same(t, command[1], append(got.InitContainers, got.Containers[1:]...), append(want.Spec.InitContainers, want.Spec.Containers[1:]...))
		})
	}
}

// injectedBy returns the pod after a shell command has edited it.
func injectedBy(t *testing.T, command string) corev1.PodSpec {
	t.Helper()
	in, err := os.CreateTemp(t.TempDir(), "pod")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	if _, err := in.WriteString(pod); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Stdin, cmd.Stderr = in, t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	var p corev1.Pod
	if err := yaml.UnmarshalStrict(out, &p); err != nil {
		t.Fatal(err)
	}
	return p.Spec
}
