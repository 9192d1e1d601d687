package main

import (
	"strings"
	"testing"
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
	for name, c := range map[string]struct {
		in, want string
		ok       bool
	}{
		"nothing": {config, "no known vulnerability of a module is called\n", true},
		"called": {
			config + findings("GO-1", "a", "v0.2.0", true),
			"GO-1 is called: Panic in parser\n    in a v0.1.0, fixed in v0.2.0, https://pkg.go.dev/vuln/GO-1\n    m/cmd.main\n    -> a/b.Reader.Read\n",
			false,
		},
		"no fix": {
			config + findings("GO-1", "a", "", true),
			"GO-1 is called: Panic in parser\n    in a v0.1.0, fixed in no version yet, https://pkg.go.dev/vuln/GO-1\n    m/cmd.main\n    -> a/b.Reader.Read\n",
			false,
		},
		"not called": {
			config + findings("GO-1", "a", "v0.2.0", false),
			"not called:\n    GO-1 in a v0.1.0, fixed in v0.2.0\nno known vulnerability of a module is called\n", true,
		},
		"standard library": {
			config + findings("GO-2", "stdlib", "v1.26.10", true) + findings("GO-1", "stdlib", "v1.26.9", true) + findings("GO-3", "stdlib", "v1.27.0", false),
			"go1.26.8 has 2 known vulnerabilities that the program calls; build releases with go1.26.10 or later:\n    GO-1\n    GO-2\n" +
				"no known vulnerability of a module is called\n", true,
		},
	} {
		var out strings.Builder
		ok, err := run(strings.NewReader(c.in), &out)
		if err != nil || ok != c.ok || out.String() != c.want {
			t.Errorf("%s: ok %t, error %v, printed\n%s", name, ok, err, &out)
		}
	}
}

// TestIncomplete checks that a govulncheck that failed does not pass.
func TestIncomplete(t *testing.T) {
	for _, in := range []string{"", `{"progress": {}}`, config + `{"finding": {"osv"`, "govulncheck: no go.mod"} {
		if ok, err := run(strings.NewReader(in), &strings.Builder{}); ok || err == nil {
			t.Errorf("%q passes (%v)", in, err)
		}
	}
}
