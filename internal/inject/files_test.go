package inject

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunKeepsFiles checks that a run that fails does not change any file, and leaves no temporary ones.
func TestRunKeepsFiles(t *testing.T) {
	for name, spoil := range spoilers() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			texts := map[string]string{"a.yaml": "a: 1\n", "b.yaml": "b: 1\n", "c.txt": "c\n"}
			for name, text := range texts {
				save(t, filepath.Join(dir, name), text)
			}
			r := &Run{Paths: []string{dir}, Write: true, Stdout: io.Discard, Stderr: io.Discard}
			r.Edit = func(_ *Input, manifest string) (string, []Outcome, error) { return manifest + "# changed\n", nil, nil }
			spoil(t, dir, r)
			if err := r.Do(); err == nil {
				t.Error("no error")
			}
			for name, text := range texts {
				if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != text {
					t.Errorf("%s is %q (%v)", name, b, err)
				}
			}
			if left, err := filepath.Glob(filepath.Join(dir, ".*.yaml.*")); err != nil || len(left) > 0 {
				t.Errorf("left are %v (%v)", left, err)
			}
		})
	}
}

// spoilers cause a run to fail.
func spoilers() map[string]func(t *testing.T, dir string, r *Run) {
	return map[string]func(t *testing.T, dir string, r *Run){
		"an edit fails": func(_ *testing.T, _ string, r *Run) {
			r.Edit = func(_ *Input, manifest string) (string, []Outcome, error) {
				if strings.Contains(manifest, "b: 1") {
					return "", nil, errors.New("boom")
				}
				return manifest + "# changed\n", nil, nil
			}
		},
		"a file is too large": func(t *testing.T, dir string, _ *Run) {
			t.Helper()
			path := filepath.Join(dir, "z.yaml")
			save(t, path, "")
			if err := os.Truncate(path, maxBytes+1); err != nil {
				t.Fatal(err)
			}
		},
		"a broken link": func(t *testing.T, dir string, _ *Run) {
			t.Helper()
			if err := os.Symlink("nowhere", filepath.Join(dir, "y.yaml")); err != nil {
				t.Fatal(err)
			}
		},
		"two files with one output": func(t *testing.T, dir string, r *Run) {
			t.Helper()
			other := filepath.Join(t.TempDir(), "a.yaml")
			save(t, other, "")
			r.Write, r.OutputDir = false, filepath.Join(dir, "out")
			r.Paths = append(r.Paths, other)
		},
		"the output is a file": func(_ *testing.T, dir string, r *Run) {
			r.Write, r.OutputDir = false, filepath.Join(dir, "a.yaml")
		},
		"no such path": func(_ *testing.T, dir string, r *Run) {
			r.Paths = append(r.Paths, filepath.Join(dir, "x.yaml"))
		},
	}
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWrite checks that a file is replaced atomically: a reader that has opened the old one can still read it.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	reader := open(t, path)
	if err := write(path, "new"); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[io.Reader]string{reader: "old", open(t, path): "new"} {
		if got, err := io.ReadAll(from); err != nil || string(got) != want {
			t.Errorf("read %q (%v), want %q", got, err, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode is %v (%v)", info.Mode(), err)
	}
	if err := write(filepath.Dir(path), "x"); err == nil {
		t.Error("a directory was replaced")
	}
}

func open(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestDirectories checks which files of a directory are read.
func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.yaml", "a.YML", "c.json", "d.txt", ".e.yaml", ".git/f.yaml", "sub/deep/g.yml", "h.yaml.bak"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := find([]string{dir, filepath.Join(dir, "sub", "..", "b.yaml"), stdinName, filepath.Join(dir, "d.txt")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sources {
		got = append(got, s.rel)
	}
	want := []string{"a.YML", "b.yaml", "c.json", filepath.Join("sub", "deep", "g.yml"), "-", "d.txt"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want %v", got, want)
	}
}
