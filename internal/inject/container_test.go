package inject

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const containerGolden = "testdata/container.golden.yaml"

// TestGoldenContainer holds the sidecar to the file that the chart, the
// kustomize component and the admission policy are compared with.
func TestGoldenContainer(t *testing.T) {
	version, err := os.ReadFile("../../VERSION")
	if err != nil {
		t.Fatal(err)
	}
	got := Container(Defaults(strings.TrimSpace(string(version))))
	if *update {
		if err := os.WriteFile(containerGolden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(containerGolden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestContainerOptions goes through what can be set.
func TestContainerOptions(t *testing.T) {
	o := Defaults("")
	o.PullPolicy = ""
	o.Native = NativeNever
	o.Port = 9999
	o.Args = []string{"--log.level=debug", "yes", "1e3", ""}
	o.Resources = Resources{}
	var got map[string]any
	if err := yaml.Unmarshal([]byte(Container(o)), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"imagePullPolicy", "restartPolicy", "resources"} {
		if v, found := got[key]; found {
			t.Errorf("%s is %v, want none", key, v)
		}
	}
	if got["image"] != "nginx-exporter:latest" {
		t.Errorf("image is %v", got["image"])
	}
	args, _ := got["args"].([]any)
	want := []any{"--nginx.scrape-uri=http://127.0.0.1:8080/stub_status", "--web.listen-address=:9999", "--log.level=debug", "yes", "1e3", ""}
	if len(args) != len(want) {
		t.Fatalf("args are %v", args)
	}
	for i := range want {
		if args[i] != want[i] {
			t.Errorf("argument %d is %v (%T), want %q", i, args[i], args[i], want[i])
		}
	}
	for _, probe := range []string{"startupProbe", "livenessProbe"} {
		if port := got[probe].(map[string]any)["httpGet"].(map[string]any)["port"]; port != 9999 {
			t.Errorf("%s asks port %v", probe, port)
		}
	}
}

// TestPlain holds that a string without quotes is one for every reader.
func TestPlain(t *testing.T) {
	for _, s := range []string{"", "y", "No", "ON", "~", "null", "1", "0x1f", "1e3", "1_000", "12:30", "2024-01-01", ".inf", "-.Inf", "-", "--", "---", "-x: y", "a: b", "a #b", "a:", "*a", "&a", "!a", "%a", "@a", "`a", "a\tb", "é", ".", "0o17", "+1", "{{x}}"} {
		if plain(s) {
			t.Errorf("%q would stand without quotes", s)
		}
	}
	for _, s := range []string{"a", "10m", "64Mi", "nginx-exporter:0.1.0", "--web.listen-address=:9113", "/-/healthy", "http://127.0.0.1:8080/stub_status", "Always"} {
		if !plain(s) {
			t.Errorf("%q would stand in quotes", s)
		}
	}
}
