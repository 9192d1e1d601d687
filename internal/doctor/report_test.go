package doctor_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

var update = flag.Bool("update", false, "rewrite the golden files and the generated document")

// example has every state and field of a report.
func example() *doctor.Report {
	return &doctor.Report{Subject: "from here\x1b[31m over there\nto the end", Steps: []doctor.Step{
		{Name: "first", State: doctor.OK, Message: "as it should be"},
		{Name: "ünicode", State: doctor.Warning, Message: "works", Findings: []doctor.Finding{{Code: "a-b", Message: "is odd"}}},
		{Name: "third", State: doctor.Waiting, Message: "not yet"},
		{Name: "fourth", State: doctor.Unknown, Message: "permission denied"},
		{Name: "last", State: doctor.Failed, Message: "does not work " + strings.Repeat("x", 700), Findings: []doctor.Finding{{
			Code: "c-d", Message: "is <broken> & \u202egone",
			Evidence: []doctor.Evidence{{Name: "first", Value: "this\r\nand \"that\""}, {Name: "second", Value: "more"}},
			Fix:      []string{"do this:", "  {", "  }"},
		}}},
	}}
}

// TestGoldenReport checks both forms of a report, and the colored text.
func TestGoldenReport(t *testing.T) {
	for name, write := range map[string]func(*doctor.Report, *strings.Builder) error{
		"report.txt":  func(r *doctor.Report, to *strings.Builder) error { return r.WriteText(to, false) },
		"colored.txt": func(r *doctor.Report, to *strings.Builder) error { return r.WriteText(to, true) },
		"report.json": func(r *doctor.Report, to *strings.Builder) error { return r.WriteJSON(to) },
		"nothing.json": func(_ *doctor.Report, to *strings.Builder) error {
			return (&doctor.Report{Subject: "nothing"}).WriteJSON(to)
		},
		"summaries.txt": summaries,
	} {
		var out strings.Builder
		if err := write(example(), &out); err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join("testdata", name), out.String())
	}
}

// summaries has each possible last line.
func summaries(_ *doctor.Report, to *strings.Builder) error {
	for _, states := range [][]doctor.State{nil, {doctor.OK}, {doctor.OK, doctor.Warning}, {doctor.OK, doctor.Waiting}, {doctor.OK, doctor.Unknown}, {doctor.OK, doctor.Failed}, {doctor.Unknown, doctor.Waiting}, {doctor.Waiting, doctor.Failed}} {
		for _, independent := range []bool{false, true} {
			r := &doctor.Report{Subject: "s", Independent: independent}
			for _, state := range states {
				r.Steps = append(r.Steps, doctor.Step{Name: "step", State: state, Message: string(state)})
			}
			if err := r.WriteText(to, false); err != nil {
				return err
			}
			to.WriteString("exit status " + string(rune('0'+r.Verdict().ExitCode())) + "\n\n")
		}
	}
	return nil
}

// compare compares a text with a file, or writes the file.
func compare(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // readable for all
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // readable for all
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s differs (make golden docs rewrites it), have:\n%s\nwant:\n%s", path, text, want)
	}
}
