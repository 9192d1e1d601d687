// Command image writes the container image as an OCI layout, for all Linux architectures, without a container engine or a registry:
//
//	image -programs bin/release -output bin/image
//
// Of $VERSION, $REVISION and $SOURCE_DATE_EPOCH it makes labels and times; the same programs give the same bytes. Each image has an SBOM
// and its provenance as attestations, in the form that BuildKit gives them, see
// https://docs.docker.com/build/metadata/attestations/attestation-storage/, and as referrers of OCI 1.1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	options := options{version: os.Getenv("VERSION"), revision: os.Getenv("REVISION")}
	flag.StringVar(&options.programs, "programs", "bin/release", "directory with linux-ARCH/nginx-exporter and linux-ARCH/sbom.cdx.json")
	flag.StringVar(&options.texts, "texts", ".", "directory with LICENSE and NOTICE")
	output := flag.String("output", "", "directory of the layout")
	flag.Parse()
	if err := options.write(*output, os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

type options struct {
	programs, texts   string
	version, revision string
	created           time.Time
}

// platforms have the names of Go release archives.
func platforms() map[string]v1.Platform {
	return map[string]v1.Platform{
		"linux-386":     {OS: "linux", Architecture: "386"},
		"linux-amd64":   {OS: "linux", Architecture: "amd64"},
		"linux-arm64":   {OS: "linux", Architecture: "arm64", Variant: "v8"},
		"linux-armv6":   {OS: "linux", Architecture: "arm", Variant: "v6"},
		"linux-armv7":   {OS: "linux", Architecture: "arm", Variant: "v7"},
		"linux-ppc64le": {OS: "linux", Architecture: "ppc64le"},
		"linux-riscv64": {OS: "linux", Architecture: "riscv64"},
		"linux-s390x":   {OS: "linux", Architecture: "s390x"},
	}
}

// write makes images of all programs that were built.
func (o options) write(output, epoch string) error {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	switch {
	case err != nil:
		return fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", epoch)
	case o.version == "":
		return errors.New("VERSION is not set")
	case output == "":
		return errors.New("-output is not set")
	}
	o.created = time.Unix(seconds, 0).UTC()
	index, err := o.index()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(output); err != nil {
		return err
	}
	path, err := layout.Write(output, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": o.tag(),
		"io.containerd.image.name":          "nginx-exporter:" + o.tag(),
	}))
}

// tag returns the version as a tag, which has no plus sign.
func (o options) tag() string { return strings.ReplaceAll(o.version, "+", "-") }

// index returns the images, followed by their attestations.
func (o options) index() (v1.ImageIndex, error) {
	directories, err := filepath.Glob(filepath.Join(o.programs, "linux-*")) // sorted
	if err != nil {
		return nil, err
	}
	if len(directories) == 0 {
		return nil, fmt.Errorf("%s has no programs for Linux", o.programs)
	}
	files, err := o.files()
	if err != nil {
		return nil, err
	}
	var images, attestations []mutate.IndexAddendum
	for _, directory := range directories {
		platform, ok := platforms()[filepath.Base(directory)]
		if !ok {
			return nil, fmt.Errorf("%s is not the directory of a known platform", directory)
		}
		image, err := o.image(directory, platform, files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		attestation, err := o.attest(directory, platform, image)
		if err != nil {
			return nil, fmt.Errorf("%s: attest: %w", platform, err)
		}
		images = append(images, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
		attestations = append(attestations, attestation)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	index = mutate.AppendManifests(index, append(images, attestations...)...)
	return mutate.Annotations(index, o.labels()).(v1.ImageIndex), nil
}

// image returns the image of one platform.
func (o options) image(directory string, platform v1.Platform, files v1.Layer) (v1.Image, error) {
	program, err := o.program(directory)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(base, &v1.ConfigFile{
		Architecture: platform.Architecture, OS: platform.OS, Variant: platform.Variant, Created: v1.Time{Time: o.created},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			// A numeric user, which runAsNonRoot of Kubernetes needs.
			User: "65532:65532", Entrypoint: []string{"/usr/bin/nginx-exporter"}, ExposedPorts: map[string]struct{}{"9113/tcp": {}},
			Labels: o.labels(),
		},
	})
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: o.created}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: files, History: v1.History{Created: created, CreatedBy: "CA certificates and license"}},
		mutate.Addendum{Layer: program, History: v1.History{Created: created, CreatedBy: "nginx-exporter " + o.version}})
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(image, o.labels()).(v1.Image), nil
}

// labels returns https://github.com/opencontainers/image-spec/blob/main/annotations.md.
func (o options) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "nginx-exporter",
		"org.opencontainers.image.description": "Prometheus exporter for nginx",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     o.version,
		"org.opencontainers.image.revision":    o.revision,
		"org.opencontainers.image.created":     o.created.Format(time.RFC3339),
	}
}
