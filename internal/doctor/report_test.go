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

// example has everything that a report can have.
func example() *doctor.Report {
	return &doctor.Report{Subject: "the way\x1b[31m from here\nto there", Links: []doctor.Link{
		{Name: "first", State: doctor.OK, Says: "as it should be"},
		{Name: "ünicode", State: doctor.Warning, Says: "works", Findings: []doctor.Finding{{Code: "a-b", Says: "is odd"}}},
		{Name: "third", State: doctor.Waiting, Says: "not yet"},
		{Name: "fourth", State: doctor.Blind, Says: "nobody may look"},
		{Name: "last", State: doctor.Broken, Says: "does not work " + strings.Repeat("x", 700), Findings: []doctor.Finding{{
			Code: "c-d", Says: "is <broken> & \u202egone",
			Evidence: []doctor.Evidence{{Name: "seen", Value: "this\r\nand \"that\""}, {Name: "read", Value: "much"}},
			Fix:      []string{"do this:", "  {", "  }"},
		}}},
	}}
}

// TestGoldenReport holds both forms of a report, and what terminals get.
func TestGoldenReport(t *testing.T) {
	for name, write := range map[string]func(*doctor.Report, *strings.Builder) error{
		"report.txt":   func(r *doctor.Report, to *strings.Builder) error { return r.WriteText(to, false) },
		"coloured.txt": func(r *doctor.Report, to *strings.Builder) error { return r.WriteText(to, true) },
		"report.json":  func(r *doctor.Report, to *strings.Builder) error { return r.WriteJSON(to) },
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

// summaries are what the last line can be.
func summaries(_ *doctor.Report, to *strings.Builder) error {
	for _, states := range [][]doctor.State{nil, {doctor.OK}, {doctor.OK, doctor.Warning}, {doctor.OK, doctor.Waiting}, {doctor.OK, doctor.Blind}, {doctor.OK, doctor.Broken}, {doctor.Blind, doctor.Waiting}, {doctor.Waiting, doctor.Broken}} {
		for _, apart := range []bool{false, true} {
			r := &doctor.Report{Subject: "s", Apart: apart}
			for _, state := range states {
				r.Links = append(r.Links, doctor.Link{Name: "link", State: state, Says: string(state)})
			}
			if err := r.WriteText(to, false); err != nil {
				return err
			}
			to.WriteString("exit status " + string(rune('0'+r.Verdict().ExitCode())) + "\n\n")
		}
	}
	return nil
}

// compare compares a text with a file, or writes it.
func compare(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // for everybody
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // for everybody
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s says otherwise (make golden docs rewrites it), have:\n%s\nwant:\n%s", path, text, want)
	}
}
