package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// TestDocsFlags holds the table of the README equal to the flags.
func TestDocsFlags(t *testing.T) {
	var table strings.Builder
	table.WriteString("| flag | variable | default | meaning |\n|---|---|---|---|\n")
	for _, f := range fresh(t).flags {
		if !f.hidden {
			fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", spelling(f), code(f.env), code(f.defaults), cell(f.help))
		}
	}
	section(t, "README.md", "flags", table.String())
}

// TestDocsOldFlags holds the table of docs/migrating.md equal to the flags that
// only versions 0.x had, with what the log says of each.
func TestDocsOldFlags(t *testing.T) {
	var table strings.Builder
	table.WriteString("| flag | variable | the log says |\n|---|---|---|\n")
	for _, f := range fresh(t).flags {
		if f.hidden {
			fmt.Fprintf(&table, "| `-%s` | %s | %s |\n", f.name, code(f.env[1:]), cell(notes(t, f)))
		}
	}
	section(t, "docs/migrating.md", "old-flags", table.String())
}

// TestDocsManPage holds docs/nginx-exporter.1 equal to the flags and commands.
func TestDocsManPage(t *testing.T) {
	cli := fresh(t)
	model := cli.app.Model()
	var page strings.Builder
	fmt.Fprintf(&page, ".TH NGINX-EXPORTER 1 \"\" %q \"User Commands\"\n", programName)
	fmt.Fprintf(&page, ".SH NAME\n%s \\- Prometheus exporter for NGINX\n", roff(programName))
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B %s\n[\\fIFLAGS\\fR] [\\fICOMMAND\\fR]\n", roff(programName))
	fmt.Fprintf(&page, ".SH DESCRIPTION\n%s\n", roff(model.Help))
	page.WriteString(".SH COMMANDS\n")
	for _, command := range commands(model.Commands) {
		standard := ""
		if command.Default {
			standard = " This is the default."
		}
		fmt.Fprintf(&page, ".TP\n.B %s\n%s\n", roff(command.FullCommand), roff(command.Help+standard))
		for _, f := range command.Flags {
			if !f.Hidden {
				fmt.Fprintf(&page, ".RS\n.TP\n.B \\-\\-%s\n%s\n.RE\n", roff(f.Name), roff(f.Help))
			}
		}
	}
	page.WriteString(".SH OPTIONS\nThe command line goes before the environment, and a variable with the prefix before one without.\n")
	for _, f := range cli.flags {
		if !f.hidden {
			fmt.Fprintf(&page, ".TP\n.B %s\n%s\n.br\nEnvironment: %s.%s\n",
				roff(spelling(f)), roff(f.help), roff(strings.Join(f.env, ", ")), roff(standard(f)))
		}
	}
	page.WriteString(manEnd)
	generated(t, "docs/nginx-exporter.1", page.String())
}

// manEnd is what a man page tells besides flags and commands.
const manEnd = `.SH SIGNALS
.TP
.B SIGHUP
The configuration file is loaded again.
.TP
.B SIGTERM, SIGINT
Scrapes under way are answered, then the program ends. A second signal cuts the drain delay short.
.SH EXIT STATUS
0 after a signal and after commands that succeed, 1 where the configuration is wrong or an address is taken.
doctor exits with 0 if healthy, 1 if a problem is found, 2 if diagnosis is not possible.
.SH SEE ALSO
.BR nginx (8),
.BR prometheus (1)
`

// commands lists commands with those below them.
func commands(list []*kingpin.CmdModel) []*kingpin.CmdModel {
	var all []*kingpin.CmdModel
	for _, command := range list {
		if !command.Hidden {
			all = append(append(all, command), commands(command.Commands)...)
		}
	}
	return all
}

func standard(f *flag) string {
	if len(f.defaults) == 0 {
		return ""
	}
	return " Default: " + strings.Join(f.defaults, ", ") + "."
}

// roff hides from groff what it would read as markup.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// fresh returns a command line on which nothing was said, in an empty
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

// cell makes a text fit for one cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// notes returns what the log says when the flag is given.
func notes(t *testing.T, f *flag) string {
	t.Helper()
	cli := fresh(t)
	args := []string{"--" + f.name}
	if !f.boolean {
		args = append(args, "a=b")
	}
	if _, err := cli.parse(args); err != nil {
		t.Fatal(err)
	}
	if len(cli.notes) == 0 {
		t.Errorf("--%s is an old flag of which the log says nothing", f.name)
	}
	return strings.Join(cli.notes, "; ")
}

// section compares what stands between two marks of a document, or writes it.
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

// generated compares a document with what it is generated from, or writes it.
func generated(t *testing.T, path, want string) {
	t.Helper()
	path = fromRoot(path)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { // a document for everybody
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the program says now; run make docs and read git diff", path)
	}
}

func fromRoot(path string) string { return filepath.Join("..", "..", filepath.FromSlash(path)) }
