package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const config = `{"config": {"go_version": "go1.26.8"}}
{"osv": {"id": "GO-1", "summary": "Panic in parser"}}
`

// finding returns a finding for each level that govulncheck reports: required module, imported package, called function.
func findings(id, module, fixed string, called bool) string {
	frame := `"module": "` + module + `", "version": "v0.1.0"`
	text := `{"finding": {"osv": "` + id + `", "fixed_version": "` + fixed + `", "trace": [{` + frame + `}]}}
{"finding": {"osv": "` + id + `", "fixed_version": "` + fixed + `", "trace": [{` + frame + `, "package": "a/b"}]}}
`
	if called {
		text += `{"finding": {"osv": "` + id + `", "fixed_version": "` + fixed + `", "trace": [{` + frame +
			`, "package": "a/b", "receiver": "*Reader", "function": "Read"}, {"module": "m", "package": "m/cmd", "function": "main"}]}}
`
	}
	return text
}

func TestRun(t *testing.T) {
	const called = "GO-1 is called: Panic in parser\n    in a v0.1.0, fixed in v0.2.0, https://pkg.go.dev/vuln/GO-1\n    m/cmd.main\n    -> a/b.Reader.Read\n"
	for name, c := range map[string]struct {
		in       string
		accepted exceptions
		want     string
		ok       bool
	}{
		"nothing":  {config, nil, "no other known vulnerability is called\n", true},
		"called":   {config + findings("GO-1", "a", "v0.2.0", true), nil, called, false},
		"other ID": {config + findings("GO-1", "a", "v0.2.0", true), exceptions{"GO-2": "2027-01-31 x", "b": "2027-01-31 x"}, called, false},
		"accepted": {
			config + findings("GO-1", "a", "v0.2.0", true),
			exceptions{"GO-1": "2027-01-31 only with FTP"},
			"accepted until 2027-01-31 only with FTP:\n    GO-1\nno other known vulnerability is called\n", true,
		},
		"no fix": {
			config + findings("GO-1", "a", "", true), nil,
			"GO-1 is called: Panic in parser\n    in a v0.1.0, fixed in no version yet, https://pkg.go.dev/vuln/GO-1\n    m/cmd.main\n    -> a/b.Reader.Read\n",
			false,
		},
		"not called": {
			config + findings("GO-1", "a", "v0.2.0", false), nil,
			"not called:\n    GO-1 in a v0.1.0, fixed in v0.2.0\nno other known vulnerability is called\n", true,
		},
		"standard library": {
			config + findings("GO-2", "stdlib", "v1.26.10", true) + findings("GO-1", "stdlib", "v1.26.9", true) + findings("GO-3", "stdlib", "v1.27.0", false),
			exceptions{"stdlib": "2027-01-31 old Go"},
			"accepted until 2027-01-31 old Go:\n    GO-1\n    GO-2\ngo1.26.10 fixes those of the standard library; this is go1.26.8\n" +
				"no other known vulnerability is called\n", true,
		},
		"release": {
			config + findings("GO-1", "stdlib", "v1.26.9", true), nil,
			"GO-1 is called: Panic in parser\n    in stdlib v0.1.0, fixed in v1.26.9, https://pkg.go.dev/vuln/GO-1\n    m/cmd.main\n    -> a/b.Reader.Read\n" +
				"go1.26.9 fixes those of the standard library; this is go1.26.8\n", false,
		},
	} {
		var out strings.Builder
		ok, err := run(strings.NewReader(c.in), &out, c.accepted)
		if err != nil || ok != c.ok || out.String() != c.want {
			t.Errorf("%s: ok %t, error %v, printed\n%s", name, ok, err, &out)
		}
	}
}

func TestExceptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "exceptions")
	now := time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"# comment\n\nGO-1 2027-01-31 only with FTP\n": "",
		"GO-1 2027-01-30 only with FTP":                "has expired",
		"GO-1 2027-01-31":                              "a reason",
		"GO-1 tomorrow only with FTP":                  "a day",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		accepted, err := readExceptions([]string{path}, now)
		switch {
		case want == "" && (err != nil || accepted["GO-1"] != "2027-01-31 only with FTP"):
			t.Errorf("%q: %v, %v", text, accepted, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := readExceptions([]string{path + "x"}, now); err == nil {
		t.Error("a file that does not exist")
	}
}

// TestIncomplete checks that a govulncheck that failed does not pass.
func TestIncomplete(t *testing.T) {
	for _, in := range []string{"", `{"progress": {}}`, config + `{"finding": {"osv"`, "govulncheck: no go.mod"} {
		if ok, err := run(strings.NewReader(in), &strings.Builder{}, nil); ok || err == nil {
			t.Errorf("%q passes (%v)", in, err)
		}
	}
}
