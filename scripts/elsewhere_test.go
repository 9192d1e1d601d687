//go:build unix

package scripts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCompilesElsewhere checks the types of all packages and their tests for other systems: files for one system, and integers of another
// size. Building them would take minutes of CPU time for each system, most of it for the standard library; "make archives" builds the program
// for all of them.
func TestCompilesElsewhere(t *testing.T) {
	for _, system := range []string{"linux/386", "windows/amd64", "darwin/arm64", "openbsd/amd64"} {
		t.Run(system, func(t *testing.T) {
			c := checker{fset: token.NewFileSet(), sources: map[string]source{}, packages: map[string]*types.Package{"unsafe": types.Unsafe}}
			c.system, c.architecture, _ = strings.Cut(system, "/")
			ours := 0
			for _, s := range listSources(t, c.system, c.architecture) {
				c.sources[s.ImportPath] = s
			}
			for path, s := range c.sources {
				if s.ours() {
					ours++
				}
				if _, err := c.check(path); err != nil {
					t.Fatal(err)
				}
			}
			if ours < 50 {
				t.Errorf("only %d packages of this module were checked", ours)
			}
		})
	}
}

// source is what "go list" knows of a package, or of one with its tests.
type source struct {
	Dir, ImportPath string
	GoFiles         []string
	ImportMap       map[string]string
	Module          *struct {
		Main      bool
		GoVersion string
	}
}

func (s source) ours() bool { return s.Module != nil && s.Module.Main }

// listSources lists the packages for a system, and what they import.
func listSources(t *testing.T, system, architecture string) []source {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", "-json=Dir,ImportPath,GoFiles,ImportMap,Module", "./...")
	list.Dir = ".."
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []source
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var s source
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
}

// checker checks packages for one system, each once.
type checker struct {
	system, architecture string
	fset                 *token.FileSet
	sources              map[string]source
	packages             map[string]*types.Package
}

// check checks a package and what it imports. Of others than ours it needs only the declarations.
func (c *checker) check(path string) (*types.Package, error) {
	if p, found := c.packages[path]; found {
		return p, nil
	}
	s, found := c.sources[path]
	if !found {
		return nil, fmt.Errorf("%s is not listed", path)
	}
	var files []*ast.File
	for _, name := range s.GoFiles {
		if !filepath.IsAbs(name) { // the main package of a test is generated
			name = filepath.Join(s.Dir, name)
		}
		file, err := parser.ParseFile(c.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	config := types.Config{
		IgnoreFuncBodies: !s.ours(),
		Sizes:            types.SizesFor("gc", c.architecture),
		Importer: importer(func(name string) (*types.Package, error) {
			if mapped, found := s.ImportMap[name]; found {
				name = mapped
			}
			return c.check(name)
		}),
	}
	if s.Module != nil && s.Module.GoVersion != "" {
		config.GoVersion = "go" + s.Module.GoVersion
	}
	path, _, _ = strings.Cut(path, " ") // "package [its tests]"
	p, err := config.Check(path, c.fset, files, nil)
	if err == nil {
		c.packages[s.ImportPath] = p
	}
	return p, err
}

// importer is a function that implements [types.Importer].
type importer func(path string) (*types.Package, error)

// Import implements [types.Importer].
func (f importer) Import(path string) (*types.Package, error) { return f(path) }
