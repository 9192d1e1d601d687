// Command vulncheck reads the JSON of govulncheck from standard input and lists vulnerabilities. It fails if the program
// calls a vulnerable function of a module. Those of the standard library are only reported: they depend on the installed Go,
// which no change of this repository can fix.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	ok, err := run(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vulncheck:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// message is one of https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck#Message.
type message struct {
	Config *struct {
		GoVersion string `json:"go_version"`
	} `json:"config"`
	OSV *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
	Finding *finding `json:"finding"`
}

type finding struct {
	OSV   string `json:"osv"`
	Fixed string `json:"fixed_version"` // empty if there is no fix
	// Trace begins with the vulnerable code. It has a function if that is called, and a package if that is imported.
	Trace []struct {
		Module   string `json:"module"`
		Version  string `json:"version"`
		Package  string `json:"package"`
		Receiver string `json:"receiver"`
		Function string `json:"function"`
	} `json:"trace"`
}

// vulnerability is a report for one module.
type vulnerability struct {
	id, module, version, fixed string
	path                       []string // from the program to the vulnerable function; empty if none is called
}

// run reports whether no vulnerable function of a module is called.
func run(in io.Reader, out io.Writer) (bool, error) {
	goVersion, summaries := "", map[string]string{}
	found := map[string]*vulnerability{}
	decoder := json.NewDecoder(in)
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("output of govulncheck: %w", err)
		}
		switch {
		case m.Config != nil:
			goVersion = m.Config.GoVersion
		case m.OSV != nil:
			summaries[m.OSV.ID] = m.OSV.Summary
		case m.Finding != nil && len(m.Finding.Trace) > 0:
			add(found, m.Finding)
		}
	}
	if goVersion == "" {
		return false, errors.New("no output of govulncheck")
	}
	return report(out, goVersion, found, summaries), nil
}

// add merges the findings of a vulnerability, of which there is one for each level and call.
func add(found map[string]*vulnerability, f *finding) {
	first := f.Trace[0]
	key := f.OSV + " " + first.Module
	if found[key] == nil {
		found[key] = &vulnerability{id: f.OSV, module: first.Module, version: first.Version, fixed: f.Fixed}
	}
	if first.Function == "" || found[key].path != nil {
		return
	}
	for _, frame := range slices.Backward(f.Trace) {
		name := frame.Function
		if frame.Receiver != "" {
			name = strings.TrimPrefix(frame.Receiver, "*") + "." + name
		}
		found[key].path = append(found[key].path, frame.Package+"."+name)
	}
}

// report lists vulnerabilities, and reports whether no vulnerable function of a module is called.
func report(out io.Writer, goVersion string, found map[string]*vulnerability, summaries map[string]string) bool {
	ok := true
	var uncalled, standard []string
	fixedGo := ""
	for _, key := range slices.Sorted(maps.Keys(found)) {
		v := found[key]
		switch called := len(v.path) > 0; {
		case v.module == "stdlib" || v.module == "toolchain":
			if called {
				standard = append(standard, v.id)
				fixedGo = later(fixedGo, v.fixed)
			}
		case called:
			ok = false
			fmt.Fprintf(out, "%s is called: %s\n    in %s %s, fixed in %s, https://pkg.go.dev/vuln/%s\n    %s\n",
				v.id, summaries[v.id], v.module, v.version, orNone(v.fixed), v.id, strings.Join(v.path, "\n    -> "))
		default:
			uncalled = append(uncalled, fmt.Sprintf("%s in %s %s, fixed in %s", v.id, v.module, v.version, orNone(v.fixed)))
		}
	}
	if len(uncalled) > 0 {
		fmt.Fprintf(out, "not called:\n    %s\n", strings.Join(uncalled, "\n    "))
	}
	if len(standard) > 0 {
		fmt.Fprintf(out, "%s has %d known vulnerabilities that the program calls; build releases with %s or later:\n    %s\n",
			goVersion, len(standard), orNone(fixedGo), strings.Join(standard, "\n    "))
	}
	if ok {
		fmt.Fprintln(out, "no known vulnerability of a module is called")
	}
	return ok
}

// later returns the later of two versions of Go. Those of the database begin with a v.
func later(a, b string) string {
	if b != "" {
		b = "go" + strings.TrimPrefix(b, "v")
	}
	if version.Compare(a, b) < 0 {
		return b
	}
	return a
}

func orNone(fixed string) string {
	if fixed == "" {
		return "no version yet"
	}
	return fixed
}
