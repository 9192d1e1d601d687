package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"nginx-exporter/internal/inject"
)

// TestScriptInject runs the scripts of testdata/inject.
func TestScriptInject(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "inject"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"link":    link,
			"mode":    mode,
			"refused": refused,
			"status":  status,
		},
	})
}

// TestDocsInject compares the tables of docs/inject.md with the flags and annotations.
func TestDocsInject(t *testing.T) {
	for _, command := range fresh(t).app.Model().Commands {
		if command.Name != injectCommand && command.Name != uninjectCommand {
			continue
		}
		var table strings.Builder
		if command.Name == uninjectCommand {
			var names []string
			for _, f := range command.Flags {
				names = append(names, "--"+f.Name)
			}
			section(t, "docs/inject.md", "uninject-flags", "It has the flags "+code(names)+" of `inject`.\n")
			continue
		}
		table.WriteString("| flag | default | meaning |\n|---|---|---|\n")
		for _, f := range command.Flags {
			defaults := slices.DeleteFunc(f.Default, func(s string) bool { return s == "" })
			// The default of a released program has its version.
			fmt.Fprintf(&table, "| `--%s` | %s | %s |\n", f.Name, strings.ReplaceAll(code(defaults), ":latest", ":VERSION"), cell(f.Help))
		}
		section(t, "docs/inject.md", command.Name+"-flags", table.String())
	}
	var table strings.Builder
	table.WriteString("| annotation | meaning |\n|---|---|\n")
	names, meanings := inject.Annotations()
	var flags []string
	for i, name := range names {
		if strings.Contains(meanings[i], "ike `--"+strings.TrimPrefix(name, "nginx-exporter/")+"`") {
			flags = append(flags, name)
			continue
		}
		fmt.Fprintf(&table, "| `%s` | %s |\n", name, cell(meanings[i]))
	}
	fmt.Fprintf(&table, "| %s | Like the flag of that name; `true` or `false` for a flag without a value. |\n", code(flags))
	section(t, "docs/inject.md", "inject-annotations", table.String())
	table.Reset()
	table.WriteString("| images | effect |\n|---|---|\n")
	images, effects := inject.Images()
	for i, image := range images {
		fmt.Fprintf(&table, "| %s | %s |\n", image, cell(effects[i]))
	}
	section(t, "docs/inject.md", "inject-images", table.String())
}

// status runs the program, which must exit with a status: status N ARGS...
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N ARGS...")
	}
	err := ts.Exec(programName, args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exited with status %d, want %s", got, args[0])
	}
}

// mode checks the permissions of a file: mode 0600 FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, not %s", args[1], got, args[0])
	}
}

// link creates a symbolic link, or checks that a file is one, with ! that it is not.
func link(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 1 {
		info, err := os.Lstat(ts.MkAbs(args[0]))
		ts.Check(err)
		if isLink := info.Mode()&os.ModeSymlink != 0; isLink == neg {
			ts.Fatalf("%s is a link: %v", args[0], isLink)
		}
		return
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: link TARGET NAME, [!] link NAME")
	}
	ts.Check(os.Symlink(args[0], ts.MkAbs(args[1])))
}
