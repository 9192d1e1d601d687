package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFlagsOfTheOldExporter reads testdata/compat/flags.tsv, the interface of
// nginx-prometheus-exporter 0.x and 1.5: every flag exists, with its variable
// and its default.
func TestFlagsOfTheOldExporter(t *testing.T) {
	text, err := os.ReadFile("testdata/compat/flags.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 22 {
		t.Fatalf("%d lines, not 22", len(lines))
	}
	cli := fresh(t)
	for _, line := range lines[1:] {
		columns := strings.Split(line, "\t")
		name, standard, variable, repeats, versions := columns[0], columns[1], columns[2], columns[3] == "yes", columns[4]
		if name == "nginx.ssl-verify" {
			standard = "true" // on purpose, see docs/migrating.md
		}
		f := cli.find(name)
		if f == nil {
			t.Errorf("--%s does not exist", name)
			continue
		}
		old := strings.Contains(versions, "..")
		if f.hidden != old {
			t.Errorf("--%s: hidden %v", name, f.hidden)
		}
		if have := strings.Join(f.defaults, ","); have != standard && !old {
			t.Errorf("--%s: default %q, not %q", name, have, standard)
		}
		// The variable of prometheus.const-labels went to its successor.
		if name != "prometheus.const-labels" && variable != "" && !slices.Contains(f.env, variable) {
			t.Errorf("--%s: variables %q, without %q", name, f.env, variable)
		}
		if f.repeats != repeats && !old {
			t.Errorf("--%s: repeats %v", name, f.repeats)
		}
	}
}

// ownFlags returns all flags but those of nginx-vts-exporter, which the script vts
// covers.
func ownFlags(t *testing.T) []*flag {
	t.Helper()
	return slices.DeleteFunc(fresh(t).flags, func(f *flag) bool { return f.compat })
}

// TestFlagVariables sets every flag by each of its variables: that
// does the same as the command line.
func TestFlagVariables(t *testing.T) {
	standard := state(t, nil, nil)
	seen := map[string]string{}
	for _, f := range ownFlags(t) {
		if f.env[0] != "NGINX_EXPORTER_"+strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.name)) {
			t.Errorf("--%s: its first variable is %s", f.name, f.env[0])
		}
		value := samples(t, f)[0]
		want := state(t, on(f, value), nil)
		if want == standard {
			t.Errorf("%s does nothing", on(f, value))
		}
		for _, name := range f.env {
			if other := seen[name]; other != "" {
				t.Errorf("%s belongs to --%s and to --%s", name, other, f.name)
			}
			seen[name] = f.name
			if have := state(t, nil, map[string]string{name: value}); have != want {
				t.Errorf("%s=%s differs from %s:\n%s\n%s", name, value, on(f, value), have, want)
			}
			for _, empty := range []string{"", " ", "\n"} {
				if have := state(t, nil, map[string]string{name: empty}); have != standard {
					t.Errorf("%s=%q does not count as unset", name, empty)
				}
			}
		}
	}
}

// TestFlagPrecedence sets every flag in several ways at once: the
// command line takes precedence over the variable with the prefix, and that over
// the one without; a blank one counts as unset.
func TestFlagPrecedence(t *testing.T) {
	for _, f := range ownFlags(t) {
		values := samples(t, f)
		all := map[string]string{}
		for i, name := range slices.Backward(f.env) {
			all[name] = values[(i+1)%len(values)]
			if have, want := state(t, nil, all), state(t, on(f, all[name]), nil); have != want {
				t.Errorf("%s does not take precedence over the rest of %v", name, all)
			}
		}
		if have, want := state(t, on(f, values[0]), all), state(t, on(f, values[0]), nil); have != want {
			t.Errorf("%s does not take precedence over %v", on(f, values[0]), all)
		}
		if len(f.env) < 2 {
			continue
		}
		all[f.env[0]] = " "
		if have, want := state(t, nil, all), state(t, on(f, all[f.env[1]]), nil); have != want {
			t.Errorf("a blank %s hides %s", f.env[0], f.env[1])
		}
	}
}

// TestFlagErrorsNameTheirSource sets every flag to an invalid value, on
// the command line and in each variable.
func TestFlagErrorsNameTheirSource(t *testing.T) {
	const garbage = "gar bage"
	picky := 0
	for _, f := range ownFlags(t) {
		if _, err := parsed(on(f, garbage), nil); err == nil {
			continue // any text; Validate checks it
		}
		picky++
		for _, variable := range f.env {
			environment := map[string]string{variable: garbage}
			if _, err := parsed(nil, environment); err == nil || !strings.HasPrefix(err.Error(), variable+": ") {
				t.Errorf("%s=%s: %v", variable, garbage, err)
			}
			// The command line is valid, or its error is reported.
			if _, err := parsed(on(f, samples(t, f)[0]), environment); err != nil {
				t.Errorf("%s=%s and %s: %v", variable, garbage, on(f, samples(t, f)[0]), err)
			}
			environment[variable] = samples(t, f)[0]
			if _, err := parsed([]string{"--" + f.name + "=" + garbage}, environment); err == nil || !strings.HasPrefix(err.Error(), "--"+f.name+": ") {
				t.Errorf("--%s=%s beside %s: %v", f.name, garbage, variable, err)
			}
		}
	}
	if picky < 10 {
		t.Errorf("only %d flags refuse garbage", picky)
	}
}

// TestQuotedValues sets every flag to a value in quotes, as from an env file of
// Docker.
func TestQuotedValues(t *testing.T) {
	for _, f := range ownFlags(t) {
		for _, quote := range []string{`"`, "'"} {
			given := quote + samples(t, f)[0] + quote
			for _, variable := range f.env {
				if _, err := parsed(nil, map[string]string{variable: given}); err == nil || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), "do not use quotes") {
					t.Errorf("%s=%s: %v", variable, given, err)
				}
			}
		}
	}
}

// TestOldSpellings uses the spellings of versions 0.x for every flag: each has the
// same effect as the current one, which the log names in one line.
func TestOldSpellings(t *testing.T) {
	for _, f := range ownFlags(t) {
		for _, s := range oldSpellings(f, samples(t, f)[0]) {
			if have, want := state(t, s.args, nil), state(t, s.normalized, nil); have != want {
				t.Errorf("%q differs from %q:\n%s\n%s", s.args, s.normalized, have, want)
			}
			if f.hidden {
				continue // TestDocsOldFlags covers these
			}
			if warnings := warningsOf(t, s.args); !slices.Equal(warnings, []string{s.warning}) {
				t.Errorf("%q: the log has %q, not %q", s.args, warnings, s.warning)
			}
			if warnings := warningsOf(t, s.normalized); len(warnings) > 0 {
				t.Errorf("%q: the log has %q", s.normalized, warnings)
			}
		}
	}
}

type oldSpelling struct {
	args, normalized []string
	warning          string
}

func oldSpellings(f *flag, value string) []oldSpelling {
	dash := "Flag -" + f.name + " is deprecated; use --" + f.name + " instead"
	if !f.boolean {
		return []oldSpelling{
			{[]string{"-" + f.name + "=" + value}, on(f, value), dash},
			{[]string{"-" + f.name, value}, on(f, value), dash},
		}
	}
	list := []oldSpelling{{[]string{"-" + f.name}, on(f, "true"), dash}}
	for text, plain := range map[string]string{"true": "true", "False": "false", "1": "true", "false": "false", "F": "false"} {
		normalized := on(f, plain)
		for _, flag := range []string{"-" + f.name, "--" + f.name} {
			warning := "Flag " + flag + "=" + text + " is deprecated; use " + normalized[0] + " instead"
			list = append(list, oldSpelling{[]string{flag + "=" + text}, normalized, warning})
			if isTruth(text) {
				list = append(list, oldSpelling{[]string{flag, text}, normalized, warning})
			}
		}
	}
	return list
}

func warningsOf(t *testing.T, args []string) []string {
	t.Helper()
	cli, err := parsed(args, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cli.deprecations
}

// TestLists reads lists in the spelling of versions 0.x.
func TestLists(t *testing.T) {
	const uris, labels = "SCRAPE_URI", "CONST_LABELS"
	for _, c := range []struct {
		variable, value string
		want            []string
		noted           bool
	}{
		{uris, "http://a/x", []string{"http://a/x"}, false},
		{uris, "http://a/x\nhttps://b/y\n", []string{"http://a/x", "https://b/y"}, false},
		{uris, "\n  http://a/x  \r\n\n unix:/s:/y", []string{"http://a/x", "unix:/s:/y"}, false},
		{uris, "http://a/x,http://b/y", []string{"http://a/x", "http://b/y"}, true},
		{uris, "http://a/x, https://b/y,unix:/s:/z", []string{"http://a/x", "https://b/y", "unix:/s:/z"}, true},
		{uris, "http://a/x?list=1,2", []string{"http://a/x?list=1,2"}, false},
		{uris, "http://a/x,b", []string{"http://a/x,b"}, false},
		{uris, "http://a/x,", []string{"http://a/x"}, true},
		{uris, "http://a/x, ,http://b/y , ", []string{"http://a/x", "http://b/y"}, true},
		{labels, "a=b,", []string{"a=b"}, true},
		{labels, "a=b,c,,d=e,", []string{"a=b,c", "d=e"}, true},
		{labels, "a=b,\nc=d", []string{"a=b", "c=d"}, true},
		{labels, "a=b", []string{"a=b"}, false},
		{labels, "a=b\nc=d", []string{"a=b", "c=d"}, false},
		{labels, "a=b,c=d", []string{"a=b", "c=d"}, true},
		{labels, "a=b, c=d", []string{"a=b", "c=d"}, true},
		{labels, "a=b,c", []string{"a=b,c"}, false},
		{labels, "a=b,c d=e", []string{"a=b,c d=e"}, false},
		{labels, "a=x=1,y", []string{"a=x=1,y"}, false},
	} {
		name := map[string]string{uris: "nginx.scrape-uri", labels: "prometheus.const-label"}[c.variable]
		byVariable, err := parsed(nil, map[string]string{c.variable: c.value})
		if err != nil {
			t.Fatal(err)
		}
		check := func(how string, cli *cli) {
			have := cli.config.Nginx.ScrapeURIs
			if c.variable == labels {
				have = cli.config.ConstLabs
			}
			if !slices.Equal(have, c.want) {
				t.Errorf("%s %q: %q, not %q", how, c.value, have, c.want)
			}
			if noted := strings.Contains(strings.Join(cli.deprecations, "\n"), "Commas between the values of"); noted != c.noted {
				t.Errorf("%s %q: the log has %q", how, c.value, cli.deprecations)
			}
		}
		check(c.variable, byVariable)
		if strings.Contains(c.value, "\n") {
			continue
		}
		byFlag, err := parsed([]string{"--" + name, c.value}, nil)
		if err != nil {
			t.Fatal(err)
		}
		check("--"+name, byFlag)
	}
}

// on returns the arguments that set a flag.
func on(f *flag, value string) []string {
	switch {
	case f.boolean && value == "true":
		return []string{"--" + f.name}
	case f.boolean && value == "false":
		return []string{"--no-" + f.name}
	default:
		return []string{"--" + f.name + "=" + value}
	}
}

// samples returns valid values of a flag other than its default.
func samples(t *testing.T, f *flag) []string {
	t.Helper()
	if f.boolean {
		if f.defaults[0] == "true" {
			return []string{"false", "true"}
		}
		return []string{"true", "false"}
	}
	for _, values := range [][]string{{"a=1", "b=2", "c=3"}, {"61s", "62s", "63s"}, {"61", "62", "63"}, {"61MB", "62MB", "63MB"}} {
		if !slices.ContainsFunc(values, func(value string) bool {
			_, err := parsed([]string{"--" + f.name + "=" + value}, nil)
			return err != nil
		}) {
			return values
		}
	}
	t.Fatalf("--%s accepts none of the values of this test", f.name)
	return nil
}

// state returns the result of a command line and an environment.
func state(t *testing.T, args []string, environment map[string]string) string {
	t.Helper()
	cli, err := parsed(args, environment)
	if err != nil {
		t.Fatalf("%q with %q: %v", args, environment, err)
	}
	var all strings.Builder
	for _, f := range cli.flags {
		fmt.Fprintf(&all, "%s=%q ", f.name, f.text)
	}
	cli.config.Variables = nil // for errors only
	fmt.Fprintf(&all, "%+v %+v", cli.config, cli.legacy)
	return all.String()
}

func parsed(args []string, environment map[string]string) (*cli, error) {
	c := newCLI(io.Discard, io.Discard, func(name string) (string, bool) {
		value, set := environment[name]
		return value, set
	})
	_, err := c.parse(args)
	return c, err
}

// TestEveryFlagIsUsed checks that scripts use every flag: one that is parsed
// but has no effect is found only by running the program.
func TestEveryFlagIsUsed(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, script := range scripts {
		text, err := os.ReadFile(script) // a file of this directory
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, f := range ownFlags(t) {
		if strings.HasPrefix(f.name, "collector.") {
			continue // the command eachsource uses all of these
		}
		if !regexp.MustCompile(` '?--?(no-)?` + regexp.QuoteMeta(f.name) + `[= \n]`).MatchString(all.String()) {
			t.Errorf("no script uses --%s", f.name)
		}
	}
}
