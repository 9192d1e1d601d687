package snippet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// TestSchemas validates objects against the schemas of Kubernetes and KEDA, which reject unknown fields.
func TestSchemas(t *testing.T) {
	for _, o := range []options{nil, {"workload=statefulset/1", "namespace=1e3"}, {"workload=replicaset/true", "namespace=null"}, {"workload=deployment/0x1f", "namespace=on"}} {
		checked(t, "configmap-v1", only(t, text(t, "kubernetes", o...)))
		checked(t, "scaledobject-keda-v1alpha1", only(t, text(t, "keda", append(o, "requests-per-second=1e6", "prometheus-url=https://[::1]:9090/x")...)))
	}
}

// TestSchemaOfMount adds the mount to a Deployment, as the comment of the snippet says.
func TestSchemaOfMount(t *testing.T) {
	for _, name := range []string{"web", "1"} {
		made := text(t, "kubernetes", "workload=deployment/"+name)
		object, _ := only(t, made).(map[string]any)
		metadata, _ := object["metadata"].(map[string]any)
		mounted, _ := only(t, mount(t, made)).(map[string]any)
		nginx := container(t, mounted, "nginx")
		nginx["image"] = "nginx:1.28"
		labels := map[string]any{"app": "web"}
		checked(t, "deployment-apps-v1", map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web"},
			"spec": map[string]any{
				"selector": map[string]any{"matchLabels": labels},
				"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": mounted},
			},
		})
		var volumes struct {
			Volumes []struct {
				ConfigMap struct{ Name string } `yaml:"configMap"`
			}
		}
		decode(t, mount(t, made), &volumes)
		if len(volumes.Volumes) != 1 || volumes.Volumes[0].ConfigMap.Name != metadata["name"] {
			t.Errorf("the ConfigMap is %v, the volumes are %+v", metadata["name"], volumes.Volumes)
		}
	}
}

// TestYAML checks that there is one document each, without duplicate keys and trailing spaces.
func TestYAML(t *testing.T) {
	for _, name := range []string{"kubernetes", "prometheus", "adapter-rule", "keda"} {
		only(t, text(t, name))
		if made := text(t, name); strings.Contains(made, "\t") || strings.Contains(made, " \n") || !strings.HasSuffix(made, "\n") {
			t.Errorf("%s has tabs, trailing spaces or an incomplete last line:\n%s", name, made)
		}
	}
}

// only decodes the only document of a text.
func only(t *testing.T, made string) any {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(made))
	var document any
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("%v in\n%s", err, made)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		t.Errorf("not a single document (%v) in\n%s", err, made)
	}
	return document
}

// checked validates a document against a schema of charts/schemas.
func checked(t *testing.T, schema string, document any) {
	t.Helper()
	definition, err := jsonschema.UnmarshalJSON(strings.NewReader(read(t, filepath.Join(repository, "charts/schemas", schema+".json"))))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schema, definition); err != nil {
		t.Fatal(err)
	}
	whole, err := compiler.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.Validate(instance); err != nil {
		t.Errorf("%v in\n%s", err, asJSON)
	}
}
