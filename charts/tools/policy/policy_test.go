// Package policy tests the chart's MutatingAdmissionPolicy with the code of the API server: CEL compiler, match conditions
// and JSON patches. In a cluster, a policy that fails is ignored.
package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

const (
	chartFolder = "../../nginx-exporter"
	// The sidecar, generated from internal/sidecar.
	injected = "../../nginx-exporter/files/sidecar.yaml"
)

// TestSidecar compares the containers of chart and policy with the definition of the sidecar.
func TestSidecar(t *testing.T) {
	text, err := os.ReadFile(injected)
	if err != nil {
		t.Fatal(err)
	}
	var want corev1.Container
	if err := yaml.UnmarshalStrict(text, &want); err != nil {
		t.Fatal(err)
	}
	var test corev1.Pod
	document(t, render(t, nil), "tests/scrape.yaml", "Pod", &test)
	same(t, "the chart's container", test.Spec.InitContainers[0], want)

	pod := nginx()
	got := admit(t, nil, pod)
	same(t, "the policy's container", got.Spec.InitContainers[0], want)
	got.Spec.InitContainers = nil
	same(t, "the rest of the pod", got, pod)
}

// TestOtherContainers checks that init containers of the pod are kept.
func TestOtherContainers(t *testing.T) {
	pod := nginx()
	pod.Spec.InitContainers = []corev1.Container{{
		Name: "migrate", Image: "migrate", Ports: []corev1.ContainerPort{{ContainerPort: 9113}}, // ends before the sidecar starts
	}}
	got := admit(t, nil, pod)
	if n := len(got.Spec.InitContainers); n != 2 {
		t.Fatalf("%d init containers, want 2", n)
	}
	same(t, "the first init container", got.Spec.InitContainers[0], pod.Spec.InitContainers[0])
	if name := got.Spec.InitContainers[1].Name; name != "nginx-exporter" {
		t.Errorf("the second init container is %s", name)
	}
}

// TestNumericQuantities checks quantities that YAML parses as numbers.
func TestNumericQuantities(t *testing.T) {
	got := admit(t, map[string]any{
		"exporter": map[string]any{"resources": map[string]any{
			"requests": map[string]any{"cpu": 0.5, "memory": "16Mi"}, "limits": map[string]any{"cpu": 1, "memory": "64Mi"},
		}},
	}, nginx())
	if len(got.Spec.InitContainers) != 1 {
		t.Fatalf("%d init containers, want 1", len(got.Spec.InitContainers))
	}
	resources := got.Spec.InitContainers[0].Resources
	if cpu, most := resources.Requests.Cpu().String(), resources.Limits.Cpu().String(); cpu != "500m" || most != "1" {
		t.Errorf("got cpu %s and at most %s, want 500m and 1", cpu, most)
	}
}

// TestPlainContainer checks a sidecar that is an ordinary container.
func TestPlainContainer(t *testing.T) {
	got := admit(t, map[string]any{"sidecar": map[string]any{"native": false}}, nginx())
	if len(got.Spec.Containers) != 2 || got.Spec.Containers[1].Name != "nginx-exporter" || len(got.Spec.InitContainers) != 0 {
		t.Errorf("got containers %+v and init containers %+v", got.Spec.Containers, got.Spec.InitContainers)
	}
}

// TestVolumes checks a container that needs volumes, in pods with and without volumes.
func TestVolumes(t *testing.T) {
	values := map[string]any{
		"web":          map[string]any{"tls": map[string]any{"enabled": true, "secretName": "cert"}},
		"statusServer": map[string]any{"socket": "/run/nginx/status.sock"},
		"exporter":     map[string]any{"env": []any{map[string]any{"name": "A", "value": `say "a" <b> \ ${c} {{d}}`}}},
	}
	for _, before := range [][]string{nil, {"html"}, {"html", "nginx-status"}} {
		pod := nginx()
		for _, name := range before {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name})
		}
		got := admit(t, values, pod)
		names := sets.New[string]()
		for _, volume := range got.Spec.Volumes {
			if names.Has(volume.Name) {
				t.Errorf("duplicate volume %s", volume.Name)
			}
			names.Insert(volume.Name)
		}
		want := sets.New(before...).Insert("nginx-exporter-web", "nginx-exporter-tls", "nginx-status")
		if !names.Equal(want) {
			t.Errorf("with %v: volumes %v, want %v", before, sets.List(names), sets.List(want))
		}
		container := got.Spec.InitContainers[0]
		if scheme := container.LivenessProbe.HTTPGet.Scheme; scheme != corev1.URISchemeHTTPS {
			t.Errorf("the scheme of probes is %q", scheme)
		}
		if value := container.Env[0].Value; value != `say "a" <b> \ ${c} {{d}}` {
			t.Errorf("the environment variable is %q", value)
		}
		for _, mount := range container.VolumeMounts {
			if !names.Has(mount.Name) {
				t.Errorf("mount of %s, which is not a volume", mount.Name)
			}
		}
	}
}

// TestAccessLog checks that a pod that shares the volume of the access log gets it once, and the sidecar its mount.
func TestAccessLog(t *testing.T) {
	values := map[string]any{"accessLog": map[string]any{"enabled": true, "routes": []any{"/users/{id}"}}}
	mount := corev1.VolumeMount{Name: "nginx-exporter-log", MountPath: "/var/spool/nginx-exporter"}
	for _, shared := range []bool{false, true} {
		pod := nginx()
		if shared {
			pod.Spec.Volumes = []corev1.Volume{{Name: mount.Name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
			pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{mount}
		}
		got := admit(t, values, pod)
		volumes := 0
		for _, volume := range got.Spec.Volumes {
			if volume.Name == mount.Name && volume.EmptyDir != nil {
				volumes++
			}
		}
		if volumes != 1 {
			t.Errorf("shared %v: %d volumes, want 1: %+v", shared, volumes, got.Spec.Volumes)
		}
		if mounts := got.Spec.InitContainers[0].VolumeMounts; !slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool { return m.Name == mount.Name && m.MountPath == mount.MountPath }) {
			t.Errorf("shared %v: got mounts %+v, want %+v", shared, mounts, mount)
		}
	}
}

// TestPullSecrets checks that pods can pull the image, and keep secrets of their own.
func TestPullSecrets(t *testing.T) {
	values := map[string]any{"image": map[string]any{"pullSecrets": []any{"mirror", map[string]any{"name": "registry"}}}}
	for _, before := range [][]string{nil, {"own"}, {"registry", "own"}} {
		pod := nginx()
		want := sets.New("mirror", "registry").Insert(before...)
		for _, name := range before {
			pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
		}
		names := sets.New[string]()
		for _, secret := range admit(t, values, pod).Spec.ImagePullSecrets {
			if names.Has(secret.Name) {
				t.Errorf("with %v: duplicate secret %s", before, secret.Name)
			}
			names.Insert(secret.Name)
		}
		if !names.Equal(want) {
			t.Errorf("with %v: secrets %v, want %v", before, sets.List(names), sets.List(want))
		}
	}
}

// TestSkippedPods checks pods that the policy must not change, and annotations that do not matter.
func TestSkippedPods(t *testing.T) {
	for name, change := range map[string]func(*corev1.Pod){
		"an exporter as sidecar": func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "nginx-exporter"}}
		},
		"an exporter as container": func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "nginx-exporter"})
		},
		"an exporter with another name": func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{
				Name: "metrics", Image: "docker.io/nginx/nginx-prometheus-exporter:1.5.1",
			})
		},
		"an exporter of another project": func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{
				Name: "metrics", Image: "registry.example.com:5000/nginx-vts-exporter@sha256:0", RestartPolicy: new(corev1.ContainerRestartPolicyAlways),
			}}
		},
		"Windows": func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Windows} },
		"Windows by node selector": func(p *corev1.Pod) {
			p.Spec.NodeSelector = map[string]string{"kubernetes.io/os": "windows"}
		},
		"the port": func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80}, {ContainerPort: 9113}}
		},
		"the port in a sidecar": func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{
				Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways),
				Ports: []corev1.ContainerPort{{ContainerPort: 9113}},
			}}
		},
		"hostNetwork": func(p *corev1.Pod) { p.Spec.HostNetwork = true },
		"an annotation that disables it": func(p *corev1.Pod) {
			p.Annotations = map[string]string{"nginx-exporter/inject": "false"}
		},
		"another annotation that disables it": func(p *corev1.Pod) {
			p.Annotations = map[string]string{"nginx-exporter/inject": "disabled"}
		},
	} {
		pod := nginx()
		change(pod)
		same(t, "a pod with "+name, admit(t, nil, pod), pod)
	}
	for _, annotations := range []map[string]string{{"other": "false"}, {"nginx-exporter/inject": "true"}} {
		pod := nginx()
		pod.Annotations = annotations
		if got := admit(t, nil, pod); len(got.Spec.InitContainers) != 1 {
			t.Errorf("a pod with annotations %v has no exporter", annotations)
		}
	}
}

func nginx() *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{GenerateName: "web-", Namespace: "shop", Labels: map[string]string{"app.kubernetes.io/name": "nginx"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}},
	}
}

// render returns what the chart renders, by template.
func render(t *testing.T, values map[string]any) map[string]string {
	t.Helper()
	chart, err := loader.LoadDir(chartFolder)
	if err != nil {
		t.Fatal(err)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = chartutil.KubeVersion{Version: "v1.36.0", Major: "1", Minor: "36"}
	release := chartutil.ReleaseOptions{Name: "web", Namespace: "shop", IsInstall: true, Revision: 1}
	top, err := chartutil.ToRenderValues(chart, values, release, capabilities)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(chart, top)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// document decodes the first document of a kind in a template.
func document(t *testing.T, files map[string]string, template, kind string, into any) {
	t.Helper()
	for text := range strings.SplitSeq(files["nginx-exporter/templates/"+template], "\n---\n") {
		if strings.Contains("\n"+text, "\nkind: "+kind+"\n") {
			if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no %s in %s", kind, template)
}

// admit returns a pod after admission by the API server.
func admit(t *testing.T, values map[string]any, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	var policy admissionv1.MutatingAdmissionPolicy
	all := maps.Clone(values)
	if all == nil {
		all = map[string]any{}
	}
	all["mutatingAdmissionPolicy"] = map[string]any{"enabled": true}
	document(t, render(t, all), "mutatingadmissionpolicy.yaml", "MutatingAdmissionPolicy", &policy)
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		t.Fatal(err)
	}
	options := plugincel.OptionalVariableDeclarations{HasAuthorizer: true}
	attributes := versioned(pod)

	conditions := make([]plugincel.ExpressionAccessor, 0, len(policy.Spec.MatchConditions))
	for i := range policy.Spec.MatchConditions {
		conditions = append(conditions, (*matchconditions.MatchCondition)(&policy.Spec.MatchConditions[i]))
	}
	fail := admissionv1.Fail
	match := matchconditions.NewMatcher(
		compiler.CompileCondition(conditions, options, environment.StoredExpressions), &fail, "policy", "validate", policy.Name,
	).Match(t.Context(), attributes, nil, nil)
	if match.Error != nil {
		t.Fatal(match.Error)
	}
	if !match.Matches {
		return pod
	}
	options.HasPatchTypes = true
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for i, mutation := range policy.Spec.Mutations {
		condition := &patch.JSONPatchCondition{Expression: mutation.JSONPatch.Expression}
		patcher := patch.NewJSONPatcher(compiler.CompileMutatingEvaluator(condition, options, environment.StoredExpressions))
		patched, err := patcher.Patch(t.Context(), patch.Request{
			MatchedResource:     attributes.GetResource(),
			VersionedAttributes: attributes,
			ObjectInterfaces:    admission.NewObjectInterfacesFromScheme(scheme),
		}, celconfig.RuntimeCELCostBudget)
		if err != nil {
			t.Fatalf("mutation %d: %v\n%s", i, err, mutation.JSONPatch.Expression)
		}
		attributes = versioned(patched.(*corev1.Pod))
	}
	return attributes.VersionedObject.Object().(*corev1.Pod)
}

func versioned(pod *corev1.Pod) *admission.VersionedAttributes {
	kind := schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	resource := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	attributes := admission.NewAttributesRecord(pod, nil, kind, pod.Namespace, pod.Name, resource, "",
		admission.Create, &metav1.CreateOptions{}, false, nil)
	return &admission.VersionedAttributes{
		Attributes:      attributes,
		VersionedKind:   kind,
		VersionedObject: admission.NewLazyObject(pod),
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !equality.Semantic.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %s\nwant %s", what, text(got), text(want))
	}
}

func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(out)
}
