package inject

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// inject adds the sidecar to the pods of a manifest that does not depend on others.
func inject(manifest string, o Options) (string, []Outcome, error) {
	return ReadInput(manifest).Inject(manifest, o)
}

// goldenCase is a file with a title, options that differ from the defaults as JSON, and sections with headings such as
// "-- in --".
type goldenCase struct {
	title, options string
	sections       map[string]string
}

func readCase(t *testing.T, file string) goldenCase {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := goldenCase{sections: map[string]string{}}
	name := ""
	for line := range strings.Lines(string(b)) {
		if head, found := strings.CutPrefix(line, "-- "); found && strings.HasSuffix(head, " --\n") {
			name = strings.TrimSuffix(head, " --\n")
			s.sections[name] = ""
			continue
		}
		switch {
		case name != "":
			s.sections[name] += line
		case strings.HasPrefix(line, "{"):
			s.options = strings.TrimSpace(line)
		default:
			s.title += line
		}
	}
	return s
}

func (s goldenCase) write(t *testing.T, file string) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(s.title)
	if s.options != "" {
		b.WriteString(s.options + "\n")
	}
	for _, name := range []string{"in", "out", "report"} {
		fmt.Fprintf(&b, "-- %s --\n%s", name, s.sections[name])
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// with returns the defaults, overridden by JSON.
func with(t *testing.T, options string) Options {
	t.Helper()
	o := Defaults("0.1.0")
	if options == "" {
		return o
	}
	d := json.NewDecoder(strings.NewReader(options))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		t.Fatalf("options %s: %v", options, err)
	}
	return o
}

func reportOf(outcomes []Outcome, err error) string {
	var b strings.Builder
	for _, o := range outcomes {
		fmt.Fprintf(&b, "%d: %s: %s", o.Line, o.title, o.Status)
		if o.Reason != "" {
			fmt.Fprintf(&b, " (%s)", o.Reason)
		}
		if o.Detail != "" {
			fmt.Fprintf(&b, ": %s", o.Detail)
		}
		b.WriteByte('\n')
		for _, note := range o.Notes {
			fmt.Fprintf(&b, "  %s\n", note)
		}
	}
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	return b.String()
}

// TestGoldenInject compares text and report of inject with golden files, and checks that uninject restores the input.
func TestGoldenInject(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d golden cases, want at least 60 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readCase(t, file)
			in := s.sections["in"]
			out, outcomes, err := inject(in, with(t, s.options))
			report := reportOf(outcomes, err)
			if *update {
				s.sections["out"], s.sections["report"] = out, report
				s.write(t, file)
				return
			}
			if out != s.sections["out"] || report != s.sections["report"] {
				t.Errorf("got\n%s\nreport\n%s", out, report)
			}
			if err != nil {
				return
			}
			checkUninject(t, in, out, outcomes)
		})
	}
}

// TestGoldenUninject compares text and report of uninject with golden files, for manifests modified since inject.
func TestGoldenUninject(t *testing.T) {
	files, err := filepath.Glob("testdata/uninject/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d golden cases, want at least 12 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readCase(t, file)
			out, outcomes, err := Uninject(s.sections["in"])
			report := reportOf(outcomes, err)
			if *update {
				s.sections["out"], s.sections["report"] = out, report
				s.write(t, file)
				return
			}
			if out != s.sections["out"] || report != s.sections["report"] {
				t.Errorf("got\n%s\nreport\n%s", out, report)
			}
			if again, _, err := Uninject(out); err == nil && again != out {
				t.Errorf("a second uninject changes the file:\n%s", again)
			}
		})
	}
}

// checkUninject checks that uninject restores the input, without what had been injected before.
func checkUninject(t *testing.T, in, out string, outcomes []Outcome) {
	t.Helper()
	before, _, err := Uninject(in)
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := Uninject(out)
	if err != nil || back != before || !injectedBefore(outcomes) && back != in {
		t.Errorf("uninject: %v, got\n%s", err, back)
	}
}

func injectedBefore(outcomes []Outcome) bool {
	return slices.ContainsFunc(outcomes, func(o Outcome) bool { return o.Status == Unchanged })
}

// TestUninjectOdd checks text with marks that is hardly a manifest.
func TestUninjectOdd(t *testing.T) {
	for _, in := range []string{
		markBegin + "\napiVersion: v1\nkind: ConfigMap\n" + markEnd + "\n",
		markBegin + "\n" + markEnd + "\n",
		markBegin + "\n- a\n" + markEnd + "\n",
		markBegin + "\nx\n" + markEnd,
		"---\n" + markBegin + "\n",
		"---\n" + markBegin + "\n---\n" + markEnd,
		"---\n" + markBegin + "\nkind: Pod\n" + markEnd + "\nmetadata: {name: p}\n",
		"a:\n  " + markBegin + "\n  # was: b: c\n  " + markEnd + "\n",
		"a:\n  " + markBegin + "\n  # was:\n  " + markEnd,
	} {
		out, _, err := Uninject(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if again, _, err := Uninject(out); err != nil || again != out {
			t.Errorf("%q: once %q, twice %q (%v)", in, out, again, err)
		}
	}
}
