package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/provenance"
	"sigs.k8s.io/yaml"
)

const repository = "../../.."

// TestPackage packages the chart twice, as the same bytes, and verifies the signature of one.
func TestPackage(t *testing.T) {
	keyring := writeKey(t)
	first := pack(t, "CHART_KEYRING="+keyring, "CHART_KEY=release", "SOURCE_DATE_EPOCH=1700000000")
	second := pack(t, "SOURCE_DATE_EPOCH=1700000000")
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the packages differ")
	}
	verifier, err := provenance.NewFromKeyring(keyring, "release")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(first, first+".prov"); err != nil {
		t.Error(err)
	}
	chart, err := loader.Load(second)
	if err != nil {
		t.Fatal(err)
	}
	if chart.Metadata.AppVersion != "9.8.7" {
		t.Errorf("appVersion is %s", chart.Metadata.AppVersion)
	}
	for _, file := range chart.Raw {
		if strings.HasPrefix(file.Name, "ci/") || strings.HasPrefix(file.Name, "tests/") {
			t.Errorf("the package has %s", file.Name)
		}
	}
}

// TestImages compares the images that Chart.yaml lists for Artifact Hub with those of the values.
func TestImages(t *testing.T) {
	chart, err := loader.Load(filepath.Join(repository, "charts/nginx-exporter"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []struct{ Name, Image string }
	if err := yaml.Unmarshal([]byte(chart.Metadata.Annotations["artifacthub.io/images"]), &listed); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, image := range listed {
		got[image.Image] = true
	}
	want := images(chart.Values, chart.Metadata.AppVersion)
	for _, image := range want {
		if !got[image] {
			t.Errorf("artifacthub.io/images in Chart.yaml has no %s", image)
		}
	}
	if len(listed) != len(want) {
		t.Errorf("artifacthub.io/images in Chart.yaml has %v, the values %q", listed, want)
	}
}

// images returns the images of all values named image.
func images(values map[string]any, version string) []string {
	var found []string
	for key, value := range values {
		nested, ok := value.(map[string]any)
		if !ok {
			continue
		}
		repository, ok := nested["repository"].(string)
		if key != "image" || !ok {
			found = append(found, images(nested, version)...)
			continue
		}
		tag, _ := nested["tag"].(string)
		if tag == "" {
			tag = version
		}
		image := repository + ":" + tag
		if registry, _ := nested["registry"].(string); registry != "" {
			image = registry + "/" + image
		}
		found = append(found, image)
	}
	return found
}

// writeKey writes a new key as "gpg --export-secret-keys" does.
func writeKey(t *testing.T) string {
	t.Helper()
	entity, err := openpgp.NewEntity("release", "", "release@localhost", nil)
	if err != nil {
		t.Fatal(err)
	}
	var key bytes.Buffer
	if err := entity.SerializePrivate(&key, nil); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "secring.gpg")
	if err := os.WriteFile(name, key.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// pack runs "chart.sh package" and returns the package.
func pack(t *testing.T, environment ...string) string {
	t.Helper()
	output := t.TempDir()
	command := exec.CommandContext(t.Context(), "scripts/chart.sh", "package", output)
	command.Dir = repository
	command.Env = append(append(os.Environ(), "VERSION=9.8.7"), environment...)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	found, err := filepath.Glob(filepath.Join(output, "*.tgz"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s has %q: %v", output, found, err)
	}
	return found[0]
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
