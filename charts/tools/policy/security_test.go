package policy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	security "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// TestRestricted checks the pods of every case with the code of the Pod Security admission, for the level restricted.
func TestRestricted(t *testing.T) {
	evaluator, err := security.NewEvaluator(security.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for where, pod := range everyPod(t, "kubernetes") {
		result := security.AggregateCheckResults(evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
		// restricted forbids hostNetwork.
		if wanted := !pod.Spec.HostNetwork; result.Allowed != wanted {
			t.Errorf("%s: allowed is %v: %s", where, result.Allowed, result.ForbiddenDetail())
		}
	}
}

// everyPod returns the pods of every case on a platform, by case and template.
func everyPod(t *testing.T, platform string) map[string]corev1.PodTemplateSpec {
	t.Helper()
	cases, err := filepath.Glob(chartFolder + "/ci/*-values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]corev1.PodTemplateSpec{}
	for _, path := range cases {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]any{}
		if err := yaml.Unmarshal(content, &values); err != nil {
			t.Fatal(err)
		}
		values["platform"] = platform
		for where, pod := range pods(t, values) {
			found[filepath.Base(path)+": "+where] = pod
		}
	}
	if len(found) < 10 {
		t.Fatalf("only %d pods found", len(found))
	}
	return found
}

// pods returns the pods that the chart renders with these values, by template.
func pods(t *testing.T, values map[string]any) map[string]corev1.PodTemplateSpec {
	t.Helper()
	result := map[string]corev1.PodTemplateSpec{}
	for template, text := range render(t, values) {
		if !strings.HasSuffix(template, ".yaml") {
			continue
		}
		for document := range strings.SplitSeq(text, "\n---\n") {
			var meta metav1.TypeMeta
			if err := yaml.Unmarshal([]byte(document), &meta); err != nil {
				t.Fatal(err)
			}
			if pod, isPod := podOf(t, meta.Kind, document); isPod {
				result[template] = pod
			}
		}
	}
	return result
}

func podOf(t *testing.T, kind, document string) (corev1.PodTemplateSpec, bool) {
	t.Helper()
	var deployment appsv1.Deployment
	var pod corev1.Pod
	switch {
	case slices.Contains([]string{"Deployment", "DaemonSet"}, kind):
		// Both have the pod template in the same place.
		if err := yaml.Unmarshal([]byte(document), &deployment); err != nil {
			t.Fatal(err)
		}
		return deployment.Spec.Template, true
	case kind == "Pod":
		if err := yaml.UnmarshalStrict([]byte(document), &pod); err != nil {
			t.Fatal(err)
		}
		return corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, true
	}
	return corev1.PodTemplateSpec{}, false
}
