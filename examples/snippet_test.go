//go:build unix

package examples_test

import (
	"io/fs"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/sidecar"
	"nginx-exporter/internal/snippet"
)

// TestGoldenSnippets compares the status servers of the examples with those that the command snippet prints and that
// inject adds to pods.
func TestGoldenSnippets(t *testing.T) {
	want := map[string]string{}
	for path, name := range map[string]string{
		"basic/nginx-status.conf":              "nginx",
		"plus/plus-api.conf":                   "nginx-plus",
		"angie/angie-status.conf":              "angie",
		"vts/vts-status.conf":                  "vts",
		"unix-socket/nginx-status-socket.conf": "nginx-unix",
	} {
		text, err := snippet.Text(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		want[path] = text
	}
	server, err := snippet.StatusServer(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), sidecar.StatusPort), "/stub_status")
	if err != nil {
		t.Fatal(err)
	}
	want["kubernetes/kustomize/app/status.conf"] = "# Status page of nginx, for the exporter in the same pod.\n" + server
	for path, text := range want {
		if *update {
			write(t, path, text)
		} else if read(t, path) != text {
			t.Errorf("%s differs from the snippet: run make golden; the snippet is\n%s", path, text)
		}
	}
}

// TestSnippetsTogether loads the status servers of all examples in one nginx, which ignores one of two servers without a
// name on the same address.
func TestSnippetsTogether(t *testing.T) {
	c := newClone(t, map[string]bool{})
	dir := c.server(t)
	for _, file := range append(shipped(t, c, "nginx-*.conf"), shipped(t, c, "plus-api.conf")...) {
		write(t, filepath.Join(dir, "conf.d", filepath.Base(file)), loadable(read(t, file), dir))
	}
	out := c.command(t, dir, "nginx", "-t", "-p", dir, "-c", "nginx.conf")
	if !strings.Contains(out, "test is successful") || strings.Contains(out, "[warn]") {
		t.Errorf("nginx -t printed\n%s", out)
	}
}

// loadable adapts a snippet to nginx without root and without the API of NGINX Plus.
func loadable(text, dir string) string {
	return strings.NewReplacer("unix:/run/", "unix:"+dir+"/", "api write=off;", "return 204;").Replace(text)
}

// TestReload checks that all instructions to reload nginx also work if nginx is stopped, where "nginx -s reload" fails.
func TestReload(t *testing.T) {
	reload := regexp.MustCompile(`nginx -s reload(?: \|\| nginx\))?`)
	found := 0
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != repository && (strings.HasPrefix(name, ".") || name == "bin"):
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(name, "_test.go") || !slices.Contains([]string{".md", ".go", ".tmpl", ".tpl", ".conf", ".txt", ".yaml", ".sh"}, filepath.Ext(name)):
			return nil
		}
		for _, command := range reload.FindAllString(read(t, path), -1) {
			found++
			if !strings.HasSuffix(command, "|| nginx)") {
				t.Errorf("%s has %q; write nginx -t && (nginx -s reload || nginx)", path, command)
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d commands found (%v)", found, err)
	}
}
