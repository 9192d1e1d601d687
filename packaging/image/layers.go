package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// file is a file of the image.
type file struct {
	name    string
	mode    int64
	content []byte
}

// program returns the layer with the program of a directory.
func (o options) program(directory string) (v1.Layer, error) {
	content, err := os.ReadFile(filepath.Join(directory, "nginx-exporter"))
	if err != nil {
		return nil, err
	}
	return o.layer(file{name: "usr/", mode: 0o755}, file{name: "usr/bin/", mode: 0o755},
		file{name: "usr/bin/nginx-exporter", mode: 0o755, content: content})
}

// files returns the layer that all platforms share.
func (o options) files() (v1.Layer, error) {
	license, err := os.ReadFile(filepath.Join(o.texts, "LICENSE"))
	if err != nil {
		return nil, err
	}
	notice, err := os.ReadFile(filepath.Join(o.texts, "NOTICE"))
	if err != nil {
		return nil, err
	}
	return o.layer(file{name: "LICENSE", mode: 0o644, content: license}, file{name: "NOTICE", mode: 0o644, content: notice},
		file{name: "etc/", mode: 0o755}, file{name: "etc/ssl/", mode: 0o755}, file{name: "etc/ssl/certs/", mode: 0o755},
		file{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: certificates()})
}

// certificates returns Mozilla's root certificates as PEM. Those that Mozilla trusts
// for some certificates only are left out, since PEM cannot say so.
func certificates() []byte {
	var roots bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a Buffer does not fail
		}
	}
	return roots.Bytes()
}

// layer returns a layer with the files, which belong to root.
func (o options) layer(files ...file) (v1.Layer, error) {
	var content bytes.Buffer
	archive := tar.NewWriter(&content)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: o.created, Format: tar.FormatUSTAR,
		}
		if f.content == nil {
			header.Typeflag = tar.TypeDir
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if _, err := archive.Write(f.content); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithMediaType(types.OCILayer))
}
