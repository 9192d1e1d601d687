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

// story is a golden case: what it shows, the options that differ from the
// defaults as JSON, and sections headed by lines such as "-- in --".
type story struct {
	about, options string
	sections       map[string]string
}

func readStory(t *testing.T, file string) story {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := story{sections: map[string]string{}}
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
			s.about += line
		}
	}
	return s
}

func (s story) write(t *testing.T, file string) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(s.about)
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

// with returns the defaults and what the JSON says.
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
		fmt.Fprintf(&b, "%d: %s: %s", o.Line, o.Title(), o.Status)
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

// TestGoldenInject shows what inject makes of a manifest, case by case, and
// that uninject takes it back.
func TestGoldenInject(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d golden cases, want 60 at least (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readStory(t, file)
			in := s.sections["in"]
			out, outcomes, err := Inject(in, with(t, s.options))
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
			takenBack(t, in, out, outcomes)
		})
	}
}

// TestGoldenUninject shows what uninject does with what people have changed.
func TestGoldenUninject(t *testing.T) {
	files, err := filepath.Glob("testdata/uninject/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d golden cases, want 12 at least (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readStory(t, file)
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
				t.Errorf("once more takes away more:\n%s", again)
			}
		})
	}
}

// takenBack holds that uninject gives back what was there, less what had been
// injected before.
func takenBack(t *testing.T, in, out string, outcomes []Outcome) {
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

// TestUninjectOdd feeds what is hardly a manifest but has the marks.
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
