//go:build unix

package examples_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSnippets loads each snippet of nginx in a server of its own.
func TestSnippets(t *testing.T) {
	c := newClone(t, map[string]bool{})
	for _, snippet := range append(shipped(t, c, "nginx-*.conf"), shipped(t, c, "plus-api.conf")...) {
		t.Run(filepath.Base(snippet), func(t *testing.T) {
			folder := c.server(t)
			text := loadable(read(t, snippet), folder)
			write(t, filepath.Join(folder, "conf.d", filepath.Base(snippet)), text)
			out := c.command(t, folder, "nginx", "-t", "-p", folder, "-c", "nginx.conf")
			if !strings.Contains(out, "test is successful") || strings.Contains(out, "[warn]") {
				t.Errorf("nginx rejects %s:\n%s", snippet, out)
			}
		})
	}
}

// TestPrometheusFiles checks each configuration of Prometheus with promtool, also
// those in the documentation.
func TestPrometheusFiles(t *testing.T) {
	c := newClone(t, map[string]bool{})
	folder := c.server(t)
	write(t, filepath.Join(folder, "endpoint.password"), "secret\n")
	write(t, filepath.Join(folder, "fleet.yml"), read(t, filepath.Join(c.root, "examples/multi-target/fleet.yml")))
	texts := map[string]string{}
	for _, path := range shipped(t, c, "prometheus*.yml") {
		texts[path] = read(t, path)
	}
	for _, page := range []string{"README.md", "docs/probe.md"} {
		for _, block := range blocks(t, filepath.Join(c.root, page), "yaml") {
			if strings.HasPrefix(block, "scrape_configs:") {
				texts[page] = block
			}
		}
		if texts[page] == "" {
			t.Errorf("%s has no block of scrape_configs", page)
		}
	}
	for name, text := range texts {
		path := filepath.Join(folder, "prometheus.yml")
		write(t, path, text)
		if out := c.command(t, folder, "promtool", "check", "config", path); !strings.Contains(out, "SUCCESS") {
			t.Errorf("promtool rejects %s:\n%s", name, out)
		}
	}
}

// shipped returns the files of the examples that match the pattern.
func shipped(t *testing.T, c *clone, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(c.root, "examples", "*", pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no example has %s (%v)", pattern, err)
	}
	return found
}

// server creates a folder with all files that a snippet may refer to.
func (c *clone) server(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"conf.d", "tls"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(folder, "nginx.conf"), read(t, filepath.Join(c.root, "examples/nginx.conf")))
	write(t, filepath.Join(folder, "status.htpasswd"), "")
	c.command(t, folder, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-subj", "/CN=test", "-keyout", "tls/nginx.key", "-out", "tls/nginx.crt")
	write(t, filepath.Join(folder, "tls/ca.crt"), read(t, filepath.Join(folder, "tls/nginx.crt")))
	return folder
}

// command runs a program to its end and returns its output.
func (c *clone) command(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = filepath.Join("/usr/sbin", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir, cmd.Env = folder, c.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), fs.FileMode(0o600)); err != nil {
		t.Fatal(err)
	}
}
