package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	attestationType = "application/vnd.docker.attestation.manifest.v1+json"
	inTotoType      = "application/vnd.in-toto+json"
)

// statement is https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     any       `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// attest returns the attestation manifest of an image.
func (o options) attest(directory string, platform v1.Platform, image v1.Image) (mutate.IndexAddendum, error) {
	described, err := partial.Descriptor(image)
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	sbom, err := os.ReadFile(filepath.Join(directory, "sbom.cdx.json"))
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	provenance, err := o.provenance(filepath.Join(directory, "nginx-exporter"))
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	about := []subject{{
		Name:   "pkg:docker/nginx-exporter@" + o.tag() + "?platform=" + strings.ReplaceAll(platform.String(), "/", "%2F"),
		Digest: map[string]string{"sha256": described.Digest.Hex},
	}}
	manifest := &attestation{subject: v1.Descriptor{MediaType: described.MediaType, Size: described.Size, Digest: described.Digest}}
	for _, s := range []statement{
		{PredicateType: "https://cyclonedx.org/bom", Predicate: json.RawMessage(sbom)},
		{PredicateType: "https://slsa.dev/provenance/v1", Predicate: provenance},
	} {
		s.Type, s.Subject = "https://in-toto.io/Statement/v1", about
		if err := manifest.add(s); err != nil {
			return mutate.IndexAddendum{}, err
		}
	}
	attested, err := manifest.image()
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	return mutate.IndexAddendum{Add: attested, Descriptor: v1.Descriptor{
		ArtifactType: attestationType,
		// No engine selects this platform.
		Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{
			"vnd.docker.reference.digest": described.Digest.String(),
			"vnd.docker.reference.type":   "attestation-manifest",
		},
	}}, nil
}

// provenance returns https://slsa.dev/spec/v1.0/provenance of a program: the commit, how Go built it, and its modules. It has neither
// times nor machines, so that it is the same for every build.
func (o options) provenance(program string) (any, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	type object = map[string]any
	dependencies := []object{
		{"name": "source", "digest": object{"gitCommit": strings.TrimSuffix(o.revision, "-modified")}},
		{"name": "go", "uri": "pkg:generic/go@" + strings.TrimPrefix(info.GoVersion, "go")},
	}
	for _, module := range info.Deps {
		dependencies = append(dependencies, object{
			"uri":    "pkg:golang/" + module.Path + "@" + module.Version,
			"digest": object{"goModuleH1": strings.TrimPrefix(module.Sum, "h1:")},
		})
	}
	return object{
		"buildDefinition": object{
			"buildType":            "https://go.dev/cmd/go/#hdr-Compile_packages_and_dependencies",
			"externalParameters":   object{"target": "make release", "version": o.version, "revision": o.revision},
			"internalParameters":   object{"package": info.Path, "settings": settings},
			"resolvedDependencies": dependencies,
		},
		"runDetails": object{"builder": object{"id": "https://go.dev/cmd/go"}},
	}, nil
}

// attestation is an image manifest with an artifact type and a subject.
type attestation struct {
	subject  v1.Descriptor
	contents []partial.CompressedLayer
	layers   []v1.Descriptor
	diffs    []v1.Hash
	config   []byte
	manifest []byte
}

func (a *attestation) add(s statement) error {
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	layer := static.NewLayer(content, inTotoType)
	described, err := partial.Descriptor(layer)
	if err != nil {
		return err
	}
	described.Annotations = map[string]string{"in-toto.io/predicate-type": s.PredicateType}
	a.contents = append(a.contents, layer)
	a.layers = append(a.layers, *described)
	a.diffs = append(a.diffs, described.Digest)
	return nil
}

// image returns the manifest, after the last statement was added.
func (a *attestation) image() (v1.Image, error) {
	var err error
	a.config, err = json.Marshal(v1.ConfigFile{
		OS: "unknown", Architecture: "unknown", RootFS: v1.RootFS{Type: "layers", DiffIDs: a.diffs},
	})
	if err != nil {
		return nil, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(a.config))
	if err != nil {
		return nil, err
	}
	a.manifest, err = json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: attestationType, Subject: &a.subject, Layers: a.layers,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: size, Digest: digest},
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(a)
}

func (a *attestation) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (a *attestation) RawManifest() ([]byte, error)        { return a.manifest, nil }
func (a *attestation) RawConfigFile() ([]byte, error)      { return a.config, nil }

func (a *attestation) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	for i, described := range a.layers {
		if described.Digest == digest {
			return a.contents[i], nil
		}
	}
	return nil, fmt.Errorf("no layer %s", digest)
}
