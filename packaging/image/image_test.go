package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const revision = "0123456789abcdef0123456789abcdef01234567"

// write makes a layout of two platforms. The program is this test: any Go program will do.
func write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux-amd64", "linux-armv7", "windows-amd64"} {
		to := filepath.Join(dir, platform)
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"nginx-exporter": content, "sbom.cdx.json": []byte(`{"bomFormat":"CycloneDX"}`)} {
			if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	o := options{programs: dir, texts: "../..", version: "1.2.3+4.gabc", revision: revision}
	output := filepath.Join(dir, "layout")
	if err := o.write(output, "1700000000"); err != nil {
		t.Fatal(err)
	}
	return output
}

// TestLayout writes the layout twice, as the same bytes, and examines it.
func TestLayout(t *testing.T) {
	output := write(t)
	first, second := files(t, output), files(t, write(t))
	if len(first) < 10 || !maps.Equal(first, second) {
		t.Errorf("layouts differ:\n%s\n%s", first, second)
	}
	for name, digest := range first {
		if hash, blob := strings.CutPrefix(name, "/blobs/sha256/"); blob && hash != digest {
			t.Errorf("the digest of %s is %s", name, digest)
		}
	}
	index := index(t, output)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, described := range manifest.Manifests {
		platforms = append(platforms, described.Platform.String())
	}
	if want := []string{"linux/amd64", "linux/arm/v7", "unknown/unknown", "unknown/unknown"}; !slices.Equal(platforms, want) {
		t.Fatalf("platforms are %q, want %q", platforms, want)
	}
	t.Run("image", func(t *testing.T) { checkImage(t, index, manifest.Manifests[1].Digest) })
	for i, described := range manifest.Manifests[2:] {
		t.Run("attestation", func(t *testing.T) { checkAttestation(t, index, described, manifest.Manifests[i].Digest) })
	}
}

// files returns the digests of all files.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// index returns the index of the layout, which is its only object.
func index(t *testing.T, output string) v1.ImageIndex {
	t.Helper()
	all, err := layout.ImageIndexFromPath(output)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := all.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "1.2.3-4.gabc" {
		t.Fatalf("the layout has %v", manifest.Manifests)
	}
	index, err := all.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func checkImage(t *testing.T, index v1.ImageIndex, digest v1.Hash) {
	t.Helper()
	image, err := index.Image(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Architecture != "arm" || config.Variant != "v7" || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/usr/bin/nginx-exporter" ||
		config.Config.Labels["org.opencontainers.image.revision"] != revision || config.Created.Unix() != 1700000000 {
		t.Errorf("configuration is %+v", config)
	}
	want := []string{
		"LICENSE 644", "NOTICE 644", "etc/ 755", "etc/ssl/ 755", "etc/ssl/certs/ 755", "etc/ssl/certs/ca-certificates.crt 644",
		"usr/ 755", "usr/bin/ 755", "usr/bin/nginx-exporter 755",
	}
	if got := contents(t, image); !slices.Equal(got, want) {
		t.Errorf("the image has %q, want %q", got, want)
	}
}

func contents(t *testing.T, image v1.Image) []string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for archive := tar.NewReader(content); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, fmt.Sprintf("%s %o", header.Name, header.Mode))
		}
		if err := content.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// checkAttestation checks that an image has its SBOM and its provenance.
func checkAttestation(t *testing.T, index v1.ImageIndex, described v1.Descriptor, about v1.Hash) {
	t.Helper()
	if described.Annotations["vnd.docker.reference.digest"] != about.String() || described.ArtifactType != attestationType {
		t.Errorf("descriptor is %+v", described)
	}
	attestation, err := index.Image(described.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := attestation.Manifest(); err != nil || m.Subject.Digest != about || m.ArtifactType != attestationType {
		t.Errorf("manifest is %+v: %v", m, err)
	}
	layers, err := attestation.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, layer := range layers {
		types = append(types, checkStatement(t, layer, about))
	}
	if want := []string{"https://cyclonedx.org/bom", "https://slsa.dev/provenance/v1"}; !slices.Equal(types, want) {
		t.Errorf("statements are %q, want %q", types, want)
	}
}

// checkStatement returns the type of the statement.
func checkStatement(t *testing.T, layer v1.Layer, about v1.Hash) string {
	t.Helper()
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	var s statement
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Subject) != 1 || s.Subject[0].Digest["sha256"] != about.Hex || !strings.HasPrefix(s.Subject[0].Name, "pkg:docker/nginx-exporter@1.2.3-4.gabc?platform=linux%2F") {
		t.Errorf("%s is about %+v", s.PredicateType, s.Subject)
	}
	for _, want := range map[string][]string{
		"https://cyclonedx.org/bom":      {`"bomFormat":"CycloneDX"`},
		"https://slsa.dev/provenance/v1": {`{"gitCommit":"` + revision + `"}`, `"pkg:golang/github.com/google/go-containerregistry@v`, `"goModuleH1":"`, `"CGO_ENABLED":"`},
	}[s.PredicateType] {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s has no %s:\n%s", s.PredicateType, want, text)
		}
	}
	return s.PredicateType
}

func TestCertificates(t *testing.T) {
	count := 0
	for rest := certificates(); len(rest) > 0; count++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			t.Error(err)
		}
	}
	if count < 100 {
		t.Errorf("%d root certificates", count)
	}
}

func TestErrors(t *testing.T) {
	empty := t.TempDir()
	for want, o := range map[string]options{
		"VERSION is not set":        {programs: empty},
		"has no programs for Linux": {programs: empty, version: "1.2.3"},
	} {
		if err := o.write(filepath.Join(empty, "layout"), "1"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if err := (options{}).write("x", ""); err == nil || !strings.Contains(err.Error(), "SOURCE_DATE_EPOCH") {
		t.Errorf("error is %v, want one about SOURCE_DATE_EPOCH", err)
	}
}
