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

// Formats of the report on standard error.
const (
	ReportText = "text" // a line for each object
	ReportJSON = "json" // a JSON document for each object, one per line
	ReportNone = "none" // errors only
)

// Run edits files.
type Run struct {
	Paths     []string // files, directories, or - for Stdin
	Write     bool     // replace the files
	OutputDir string   // write below this directory instead of to Stdout
	Report    string
	Require   bool // fail if any object is Refused, or none has a status in Wanted
	Wanted    []string
	Edit      func(in *Input, manifest string) (string, []Outcome, error)

	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// failed is the reported status of a file that cannot be edited.
const failed = "error"

// ErrUnmet is returned after the files have been written, if Require is set and not met.
var ErrUnmet = errors.New("--require is not met")

// Do edits the files, all of them in memory first: if one cannot be edited, none is written.
func (r *Run) Do() error {
	if err := r.check(); err != nil {
		return err
	}
	sources, err := find(r.Paths)
	if err != nil {
		return err
	}
	if r.OutputDir != "" {
		if err := r.checkOutput(sources); err != nil {
			return err
		}
	}
	if err := read(sources, r.Stdin); err != nil {
		return err
	}
	edited, n := r.edit(sources)
	if n.failed > 0 {
		return fmt.Errorf("%d of %d files cannot be edited: nothing was written", n.failed, len(sources))
	}
	if err := r.write(sources, edited); err != nil {
		return err
	}
	if r.Require && (n.wanted == 0 || n.refused > 0) {
		return fmt.Errorf("%w: %d objects %s, %d refused", ErrUnmet, n.wanted, strings.Join(r.Wanted, " or "), n.refused)
	}
	return nil
}

func (r *Run) check() error {
	if r.Write && r.OutputDir != "" {
		return errors.New("--write and --output-dir are mutually exclusive")
	}
	if slices.Contains(r.Paths, stdinName) && (r.Write || r.OutputDir != "") {
		return errors.New("--write and --output-dir cannot be used with standard input")
	}
	return nil
}

// checkOutput refuses files that would be written to the same path.
func (r *Run) checkOutput(sources []source) error {
	from := map[string]string{}
	for _, s := range sources {
		if other, taken := from[s.rel]; taken {
			return fmt.Errorf("%s and %s would both be written to %s", other, s.path, filepath.Join(r.OutputDir, s.rel))
		}
		from[s.rel] = s.path
	}
	return nil
}

// counts has the numbers of files that cannot be edited, and of objects.
type counts struct {
	failed, wanted, refused int
}

// edit returns the edited texts, and reports on each object.
func (r *Run) edit(sources []source) ([]string, counts) {
	edited := make([]string, len(sources))
	var n counts
	var texts []string
	for _, s := range sources {
		texts = append(texts, s.text)
	}
	in := ReadInput(texts...)
	for i, s := range sources {
		text, outcomes, err := r.Edit(in, s.text)
		if err != nil {
			n.failed++
			r.report(Outcome{File: s.path, Line: 1, Status: failed, Detail: err.Error()})
		}
		for _, outcome := range outcomes {
			outcome.File = s.path
			r.report(outcome)
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

func (r *Run) report(o Outcome) {
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

// printable replaces control characters, by which a manifest could control the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// write writes the edited texts.
func (r *Run) write(sources []source, edited []string) error {
	if !r.Write && r.OutputDir == "" {
		_, err := io.WriteString(r.Stdout, joined(edited))
		return err
	}
	for i, s := range sources {
		path := s.path
		if r.OutputDir != "" {
			path = filepath.Join(r.OutputDir, s.rel)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
		} else if edited[i] == s.text {
			continue
		}
		if err := write(path, edited[i]); err != nil {
			return err
		}
	}
	return nil
}

// joined makes one stream of several files. A single file stays as it is.
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
