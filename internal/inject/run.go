package inject

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Forms of the report.
const (
	ReportText = "text" // a line for people on each object
	ReportJSON = "json" // a JSON document on each object, one a line
	ReportNone = "none" // only what is wrong
)

// Run edits files.
type Run struct {
	Paths     []string // files, folders, or - for Stdin
	Write     bool     // replace the files
	OutputDir string   // write below this folder in place of Stdout
	Report    string
	Require   bool // an object that is Refused, or none that is Wanted, is an error
	Wanted    []string
	Edit      func(manifest string) (string, []Outcome, error)

	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// failed is what is reported of a file that cannot be edited.
const failed = "error"

// Errors of a run. What is wrong with single files has been reported by then.
var (
	ErrInput = errors.New("nothing was written")
	ErrUnmet = errors.New("not what --require asks for")
)

// Do runs it. All files are edited in memory first: when one of them cannot be,
// nothing is written at all.
func (r *Run) Do() error {
	if err := r.check(); err != nil {
		return err
	}
	sources, err := find(r.Paths)
	if err != nil {
		return err
	}
	if r.OutputDir != "" {
		if err := r.apart(sources); err != nil {
			return err
		}
	}
	if err := read(sources, r.Stdin); err != nil {
		return err
	}
	edited, n := r.edit(sources)
	if n.bad > 0 {
		return fmt.Errorf("%d of %d files cannot be edited: %w", n.bad, len(sources), ErrInput)
	}
	if err := r.write(sources, edited); err != nil {
		return err
	}
	if r.Require && (n.wanted == 0 || n.refused > 0) {
		return fmt.Errorf("%w: %d objects are as wanted, %d were refused", ErrUnmet, n.wanted, n.refused)
	}
	return nil
}

// apart refuses files that would meet in the folder to write to.
func (r *Run) apart(sources []source) error {
	from := map[string]string{}
	for _, s := range sources {
		if other, taken := from[s.rel]; taken {
			return fmt.Errorf("%s and %s would both be written to %s", other, s.path, filepath.Join(r.OutputDir, s.rel))
		}
		from[s.rel] = s.path
	}
	return nil
}

// tally counts files that cannot be edited, and what became of objects.
type tally struct {
	bad, wanted, refused int
}

// edit edits the texts of the files, and reports on each object.
func (r *Run) edit(sources []source) ([]string, tally) {
	edited := make([]string, len(sources))
	var n tally
	for i, s := range sources {
		text, outcomes, err := r.Edit(s.text)
		if err != nil {
			n.bad++
			r.tell(Outcome{File: s.path, Line: 1, Status: failed, Detail: err.Error()})
		}
		for _, outcome := range outcomes {
			outcome.File = s.path
			r.tell(outcome)
			if slices.Contains(r.Wanted, outcome.Status) {
				n.wanted++
			}
			if outcome.Status == Refused {
				n.refused++
			}
		}
		edited[i] = text
	}
	return edited, n
}

func (r *Run) check() error {
	if r.Write && r.OutputDir != "" {
		return errors.New("--write and --output-dir exclude each other")
	}
	for _, path := range r.Paths {
		if path == stdinName && (r.Write || r.OutputDir != "") {
			return errors.New("standard input has no file to write; leave out --write and --output-dir")
		}
	}
	return nil
}

// tell reports one outcome.
func (r *Run) tell(o Outcome) {
	switch {
	case r.Report == ReportJSON:
		line, err := json.Marshal(o)
		if err == nil {
			fmt.Fprintf(r.Stderr, "%s\n", line)
		}
	case o.Status == failed:
		fmt.Fprintf(r.Stderr, "%s: %s\n", o.File, o.Detail)
	case r.Report != ReportNone:
		fmt.Fprintf(r.Stderr, "%s:%d: %s: %s", o.File, o.Line, printable(o.title), o.Status)
		if o.Detail != "" {
			fmt.Fprintf(r.Stderr, ": %s", printable(o.Detail))
		}
		fmt.Fprintln(r.Stderr)
		for _, note := range o.Notes {
			fmt.Fprintf(r.Stderr, "  %s\n", printable(note))
		}
	}
}

// printable keeps what a manifest says from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// write puts the texts where they belong.
func (r *Run) write(sources []source, edited []string) error {
	switch {
	case r.OutputDir != "":
		return r.writeFolder(sources, edited)
	case !r.Write:
		_, err := io.WriteString(r.Stdout, joined(edited))
		return err
	}
	for i, s := range sources {
		if edited[i] == s.text {
			continue
		}
		if err := write(s.path, edited[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) writeFolder(sources []source, edited []string) error {
	for i, s := range sources {
		path := filepath.Join(r.OutputDir, s.rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := write(path, edited[i]); err != nil {
			return err
		}
	}
	return nil
}

// joined makes one stream of several files. One alone stays as it is.
func joined(texts []string) string {
	var b strings.Builder
	for i, s := range texts {
		if i > 0 {
			before := texts[i-1]
			if before != "" && breakOf(before) == "" {
				b.WriteByte('\n')
			}
			s = strings.TrimPrefix(s, bom)
			if strings.HasPrefix(s, "%") {
				b.WriteString("...\n")
			} else if !isMark(firstLine(s), "---") {
				b.WriteString("---\n")
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimRight(line, "\r")
}
