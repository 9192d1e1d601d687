//go:build unix

package scripts_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

//nolint:gochecknoglobals // a flag of the test program
var allTargets = flag.Bool("all-targets", false, "build archives for all systems, the second time without Go's build cache")

// TestArchives builds archives in two places: directories of other lengths, file times, umask and time zone. The bytes are the same.
func TestArchives(t *testing.T) {
	targets, cache := "linux/amd64", ""
	if *allTargets {
		targets, cache = "", t.TempDir()
	}
	first := buildArchives(t, "022", "TARGETS="+targets, "TZ=UTC")
	second := buildArchives(t, "077", "TARGETS="+targets, "TZ=Asia/Tokyo", "GOCACHE="+cache)
	want := archiveNames(*allTargets)
	if got := fileNames(t, first); !slices.Equal(got, want) {
		t.Errorf("archives are %q, want %q", got, want)
	}
	for _, name := range fileNames(t, second) {
		a, b := readFile(t, filepath.Join(first, name)), readFile(t, filepath.Join(second, name))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs: %s and %s", name, filepath.Join(first, name), filepath.Join(second, name))
		}
	}
	for _, name := range want {
		checkArchive(t, filepath.Join(first, name))
	}
}

// archiveNames returns the expected names, sorted.
func archiveNames(all bool) []string {
	var names []string
	add := func(system, suffix string, architectures ...string) {
		for _, architecture := range architectures {
			names = append(names, "nginx-exporter-9.8.7."+system+"-"+architecture+suffix)
			if system == "linux" {
				names = append(names, "nginx-prometheus-exporter_9.8.7_linux_"+architecture+".tar.gz")
			}
		}
	}
	add("linux", ".tar.gz", "amd64")
	if all {
		// The names of the Ansible role, https://github.com/prometheus-community/ansible/blob/main/roles/nginx_exporter/vars/main.yml.
		add("linux", ".tar.gz", "arm64", "armv7", "armv6", "386", "ppc64le", "s390x", "riscv64")
		add("darwin", ".tar.gz", "amd64", "arm64")
		add("freebsd", ".tar.gz", "amd64", "arm64")
		add("openbsd", ".tar.gz", "amd64", "arm64")
		add("windows", ".zip", "amd64", "arm64")
	}
	slices.Sort(names)
	return names
}

// buildArchives copies the sources and builds archives there. It returns their directory.
func buildArchives(t *testing.T, umask string, environment ...string) string {
	t.Helper()
	sources := filepath.Join(t.TempDir(), strings.Repeat("x", len(umask+environment[1])))
	copyTree(t, sources, "client", "cmd", "collector", "internal", "scripts", "docs/nginx-exporter.1", "docs/man", "packaging/completions", "mixin/rules", "go.mod", "go.sum", "LICENSE", "NOTICE", "VERSION")
	command := exec.CommandContext(t.Context(), "sh", "-c", "umask "+umask+"; exec scripts/archives.sh dist")
	command.Dir = sources
	// Without a repository, all that comes from git is given.
	command.Env = append(os.Environ(), "VERSION=9.8.7", "REVISION=abc", "BRANCH=main", "SOURCE_DATE_EPOCH=1700000000",
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(sources))
	for _, variable := range environment {
		if !strings.HasSuffix(variable, "=") {
			command.Env = append(command.Env, variable)
		}
	}
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return filepath.Join(sources, "dist")
}

// mostCompressed bounds what a pull of the image transfers, which has the same content as an archive and 0.2 MB of certificates.
const mostCompressed = 9_500_000

// checkArchive checks names, modes, owners and times in an archive.
func checkArchive(t *testing.T, name string) {
	t.Helper()
	base := filepath.Base(name)
	headers := readHeaders(t, name)
	var got []string
	for _, header := range headers {
		got = append(got, fmt.Sprintf("%s %o", header.Name, header.Mode))
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || !header.ModTime.Equal(time.Unix(1700000000, 0)) {
			t.Errorf("%s: %s has owner %d:%d %q and time %s", base, header.Name, header.Uid, header.Gid, header.Uname, header.ModTime)
		}
	}
	top := strings.TrimSuffix(strings.TrimSuffix(base, ".tar.gz"), ".zip") + "/"
	want := []string{top + " 755", top + "LICENSE 644", top + "NOTICE 644", top + "nginx-exporter 755"}
	for _, file := range shared(t) {
		want = append(want, top+file)
	}
	switch {
	case strings.HasSuffix(name, ".zip"):
		want = []string{top + "LICENSE 0", top + "NOTICE 0", top + "nginx-exporter.exe 0"}
		for _, file := range shared(t) {
			if file, _, _ := strings.Cut(file, " "); !strings.HasSuffix(file, "/") {
				want = append(want, top+file+" 0")
			}
		}
	case strings.HasPrefix(base, "nginx-prometheus-exporter"):
		want = []string{"LICENSE 644", "NOTICE 644", "nginx-exporter.1 644", "nginx-prometheus-exporter 755"}
	}
	if info, err := os.Stat(name); err != nil || info.Size() > mostCompressed {
		t.Errorf("%s: %v, or more than %d bytes", base, err, mostCompressed)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s has %q, want %q", base, got, want)
	}
}

// shared returns the names and modes of what archives have for /usr/local/share, sorted.
func shared(t *testing.T) []string {
	t.Helper()
	const pages, rules = "share/man/man1/", "share/nginx-exporter/rules/"
	names := []string{
		"share/", "share/bash-completion/", "share/bash-completion/completions/", "share/bash-completion/completions/nginx-exporter",
		"share/fish/", "share/fish/vendor_completions.d/", "share/fish/vendor_completions.d/nginx-exporter.fish",
		"share/man/", pages, pages + "nginx-exporter.1", "share/nginx-exporter/", rules,
		"share/zsh/", "share/zsh/site-functions/", "share/zsh/site-functions/_nginx-exporter",
	}
	for directory, prefix := range map[string]string{"../docs/man": pages, "../mixin/rules": rules} {
		for _, name := range fileNames(t, directory) {
			names = append(names, prefix+name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		mode := "644"
		if strings.HasSuffix(name, "/") {
			mode = "755"
		}
		names[i] = name + " " + mode
	}
	return names
}

func readHeaders(t *testing.T, name string) []*tar.Header {
	t.Helper()
	content := readFile(t, name)
	var headers []*tar.Header
	if strings.HasSuffix(name, ".zip") {
		archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.File {
			headers = append(headers, &tar.Header{Name: file.Name, ModTime: file.Modified})
		}
		return headers
	}
	decompressed, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(decompressed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return headers
		}
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, header)
	}
}

// copyTree copies files and directories of the repository, with other times.
func copyTree(t *testing.T, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join("..", name), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil || strings.HasSuffix(path, "_test.go"):
				return err
			case entry.IsDir() && entry.Name() == "testdata":
				return fs.SkipDir
			}
			target := filepath.Join(to, strings.TrimPrefix(path, ".."))
			if entry.IsDir() {
				return os.MkdirAll(target, 0o755) // as in a clone
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path) // a file of this tree
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { // as in a clone
				return err
			}
			return os.WriteFile(target, text, info.Mode())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name) // a file of this test
	if err != nil {
		t.Fatal(err)
	}
	return content
}
