package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocsFlags compares the tables of docs/flags.md with the flags.
func TestDocsFlags(t *testing.T) {
	var tables strings.Builder
	for _, group := range groups() {
		var shown []*flag
		old := false
		for _, f := range fresh(t).flags {
			if !f.hidden && f.title() == group.title {
				shown = append(shown, f)
				old = old || len(f.env) > 1
			}
		}
		head, rule := "| flag | default | description |", "|---|---|---|"
		if old {
			head, rule = head+" old variable |", rule+"---|"
		}
		fmt.Fprintf(&tables, "## %s\n\n%s\n%s\n", group.title, head, rule)
		for _, f := range shown {
			fmt.Fprintf(&tables, "| `%s` | %s | %s |", spelling(f), code(f.defaults), cell(f.help))
			if old {
				fmt.Fprintf(&tables, " %s |", code(f.env[1:]))
			}
			tables.WriteString("\n")
		}
		tables.WriteString("\n")
	}
	section(t, "docs/flags.md", "flags", tables.String())
}

// TestHelp limits the help to two screens of 40 lines and 100 columns. The rest is in the
// long help.
func TestHelp(t *testing.T) {
	help, long := helpOf(t, "--help"), helpOf(t, "--help-long")
	for _, command := range [][]string{{"--help"}, {"autoscale", "--help"}, {"autoscale", "plan", "--help"}, {"autoscale", "simulate", "--help"}} {
		if lines := strings.Count(helpOf(t, command...), "\n"); lines > 80 {
			t.Errorf("%v has %d lines", command, lines)
		}
	}
	for _, line := range strings.Split(long, "\n") {
		if len(line) > 100 {
			t.Errorf("longer than 100 columns: %s", line)
		}
	}
	if commands, flags := strings.Index(help, "\nCommands:\n"), strings.Index(help, "\nFlags:\n"); commands < 0 || flags < commands {
		t.Errorf("the commands do not precede the flags in\n%s", help)
	}
}

// TestHelpOfFlags checks which flags the two help texts show.
func TestHelpOfFlags(t *testing.T) {
	help, long := helpOf(t, "--help"), helpOf(t, "--help-long")
	for _, f := range fresh(t).flags {
		if f.hidden {
			continue
		}
		if f.title() == "" {
			t.Errorf("--%s is in no group", f.name)
		}
		shows := func(text string) bool {
			return strings.Contains(text, "\n  "+f.spelling()+"\n") || strings.Contains(text, "\n  "+f.spelling()+"  ")
		}
		if shows(help) == f.rare {
			t.Errorf("--help shows --%s: %v", f.name, !f.rare)
		}
		if !shows(long) {
			t.Errorf("--help-long does not show --%s", f.name)
		}
		if f.placeholder == "" && len(f.defaults) == 0 {
			t.Errorf("--%s has neither a default nor a placeholder", f.name)
		}
	}
	for _, f := range fresh(t).flags {
		if f.hidden && strings.Contains(long, "\n  "+f.spelling()+" ") {
			t.Errorf("--help-long shows --%s, which is hidden", f.name)
		}
	}
}

func helpOf(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), programName, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

// TestDocsOldFlags compares the table of docs/migrating.md with the flags that only
// versions 0.x had, and their warnings in the log.
func TestDocsOldFlags(t *testing.T) {
	var table strings.Builder
	table.WriteString("| flag | variable | the log says |\n|---|---|---|\n")
	for _, f := range fresh(t).flags {
		if f.hidden && !f.compat {
			fmt.Fprintf(&table, "| `-%s` | %s | %s |\n", f.name, code(f.env[1:]), cell(deprecationsOf(t, f)))
		}
	}
	section(t, "docs/migrating.md", "old-flags", table.String())
}

// fresh returns a command line without arguments, in an empty
// environment.
func fresh(t *testing.T) *cli {
	t.Helper()
	return newCLI(io.Discard, io.Discard, func(string) (string, bool) { return "", false })
}

func spelling(f *flag) string {
	if f.boolean {
		return "--[no-]" + f.name
	}
	return "--" + f.name
}

// code returns items as Markdown code, nothing for none.
func code(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return "`" + strings.Join(items, "`, `") + "`"
}

// cell escapes text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// deprecationsOf returns the warnings that the flag causes.
func deprecationsOf(t *testing.T, f *flag) string {
	t.Helper()
	cli := fresh(t)
	args := []string{"--" + f.name}
	if !f.boolean {
		args = append(args, "a=b")
	}
	if _, err := cli.parse(args); err != nil {
		t.Fatal(err)
	}
	if len(cli.deprecations) == 0 {
		t.Errorf("--%s has no warning in the log", f.name)
	}
	return strings.Join(cli.deprecations, "; ")
}

// section compares the part of a document between two marks, or writes it.
func section(t *testing.T, path, name, want string) {
	t.Helper()
	text, err := os.ReadFile(fromRoot(path))
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	before, rest, hasBegin := strings.Cut(string(text), begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no part between %s and %s", path, strings.TrimSpace(begin), end)
	}
	generated(t, path, before+begin+want+end+after)
}

// generated compares a generated document, or writes it.
func generated(t *testing.T, path, want string) {
	t.Helper()
	path = fromRoot(path)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { // readable by all
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is outdated; run make docs and read git diff", path)
	}
}

func fromRoot(path string) string { return filepath.Join("..", "..", filepath.FromSlash(path)) }
