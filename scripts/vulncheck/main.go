// Command vulncheck reads the JSON of govulncheck from standard input and lists vulnerabilities. It fails if the program
// calls a vulnerable function, unless the file of exceptions has the vulnerability or its module.
//
// Usage: vulncheck [EXCEPTIONS]. A line of the file has the ID of a vulnerability or the path of a module, the last day of
// the exception, and its reason; # begins a comment.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	accepted, err := readExceptions(os.Args[1:], time.Now())
	ok := false
	if err == nil {
		ok, err = run(os.Stdin, os.Stdout, accepted)
	}
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

// exceptions has the last day and the reason of each exception, by vulnerability or module.
type exceptions map[string]string

// readExceptions reads a file, if there is one. An exception that has expired is an error.
func readExceptions(paths []string, now time.Time) (exceptions, error) {
	accepted := exceptions{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			id, rest, _ := strings.Cut(line, " ")
			day, reason, _ := strings.Cut(rest, " ")
			last, err := time.Parse(time.DateOnly, day)
			switch {
			case err != nil || reason == "":
				return nil, fmt.Errorf("%s: %q is not an ID or module, a day such as 2027-01-31, and a reason", path, line)
			case now.After(last.AddDate(0, 0, 1)):
				return nil, fmt.Errorf("%s: the exception for %s has expired: update the module, or renew the exception", path, id)
			}
			accepted[id] = rest
		}
	}
	return accepted, nil
}

// run reports whether the program calls no vulnerable function but those accepted.
func run(in io.Reader, out io.Writer, accepted exceptions) (bool, error) {
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
	return report(out, goVersion, found, summaries, accepted), nil
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

// report lists vulnerabilities, and reports whether all that are called are accepted.
func report(out io.Writer, goVersion string, found map[string]*vulnerability, summaries map[string]string, accepted exceptions) bool {
	ok := true
	var uncalled []string
	until := map[string][]string{} // by exception
	fixedGo := ""
	for _, key := range slices.Sorted(maps.Keys(found)) {
		v := found[key]
		standard := v.module == "stdlib" || v.module == "toolchain"
		switch exception := accepted.of(v); {
		case len(v.path) == 0:
			if !standard {
				uncalled = append(uncalled, fmt.Sprintf("%s in %s %s, fixed in %s", v.id, v.module, v.version, orNone(v.fixed)))
			}
			continue
		case exception != "":
			until[exception] = append(until[exception], v.id)
		default:
			ok = false
			fmt.Fprintf(out, "%s is called: %s\n    in %s %s, fixed in %s, https://pkg.go.dev/vuln/%s\n    %s\n",
				v.id, summaries[v.id], v.module, v.version, orNone(v.fixed), v.id, strings.Join(v.path, "\n    -> "))
		}
		if standard {
			fixedGo = later(fixedGo, v.fixed)
		}
	}
	if len(uncalled) > 0 {
		fmt.Fprintf(out, "not called:\n    %s\n", strings.Join(uncalled, "\n    "))
	}
	for _, exception := range slices.Sorted(maps.Keys(until)) {
		fmt.Fprintf(out, "accepted until %s:\n    %s\n", exception, strings.Join(until[exception], "\n    "))
	}
	if fixedGo != "" {
		fmt.Fprintf(out, "%s fixes those of the standard library; this is %s\n", fixedGo, goVersion)
	}
	if ok {
		fmt.Fprintln(out, "no other known vulnerability is called")
	}
	return ok
}

// of returns the exception for a vulnerability, empty if there is none.
func (e exceptions) of(v *vulnerability) string {
	return cmp.Or(e[v.id], e[v.module])
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
