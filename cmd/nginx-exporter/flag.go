package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
)

// flag is one flag with the environment variables that stand for it.
type flag struct {
	*value
	name   string
	help   string
	env    []string // in the order in which they are looked up
	hidden bool     // only old versions had it
	clause *kingpin.FlagClause
}

// envPrefix begins the environment variables of all flags.
const envPrefix = "NGINX_EXPORTER_"

// envName returns the variable of a flag: --nginx.timeout has
// NGINX_EXPORTER_NGINX_TIMEOUT.
func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// add defines a flag. Alias is the variable that the old exporter has for it,
// empty for none. A variable that is set takes the place of the default, so
// the command line goes before it.
func (c *cli) add(name, alias string, v *value, help string) *flag {
	f := &flag{value: v, name: name, help: help, env: []string{envName(name)}}
	if alias != "" {
		f.env = append(f.env, alias)
	}
	v.name = "--" + name
	f.clause = c.app.Flag(name, help+" ($"+strings.Join(f.env, ", $")+")")
	f.clause.SetValue(v)
	defaults := v.defaults
	for _, env := range f.env {
		// An empty variable is as good as none.
		if given, _ := c.lookup(env); strings.TrimSpace(given) != "" {
			v.name, v.given, defaults = env, true, []string{given}
			if v.repeats {
				defaults = c.lines(f, given)
			}
			break
		}
	}
	if len(defaults) > 0 {
		f.clause.Default(defaults...)
	}
	c.flags = append(c.flags, f)
	return f
}

// value takes the text of a flag.
type value struct {
	name     string // whom an error names
	set      func(string) error
	defaults []string
	boolean  bool
	repeats  bool
	given    bool // it does not have its default
	text     string
}

// Set implements [kingpin.Value].
func (v *value) Set(text string) error {
	v.text = text
	if err := v.set(text); err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	return nil
}

// String implements [kingpin.Value].
func (v *value) String() string { return v.text }

// IsBoolFlag tells kingpin that the flag stands without a value.
func (v *value) IsBoolFlag() bool { return v.boolean }

// IsCumulative tells kingpin that the flag may be repeated.
func (v *value) IsCumulative() bool { return v.repeats }

func text(to *string, standard string) *value {
	v := &value{set: func(s string) error {
		*to = s
		return nil
	}}
	if standard != "" {
		v.defaults = []string{standard}
	}
	return v
}

func list(to *[]string, standard ...string) *value {
	return &value{defaults: standard, repeats: true, set: func(s string) error {
		*to = append(*to, s)
		return nil
	}}
}

func boolean(to *bool, standard bool) *value {
	return &value{defaults: []string{strconv.FormatBool(standard)}, boolean: true, set: func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		*to = b
		return nil
	}}
}

func number(to *int, standard int) *value {
	return &value{defaults: []string{strconv.Itoa(standard)}, set: func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is no whole number", s)
		}
		*to = n
		return nil
	}}
}

// size takes a number of bytes, with or without a unit.
func size(to *int64, standard int64) *value {
	return &value{defaults: []string{units.Base2Bytes(standard).String()}, set: func(s string) error {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			var parsed units.Base2Bytes
			parsed, err = units.ParseBase2Bytes(s)
			n = int64(parsed)
		}
		if err != nil {
			return fmt.Errorf("%q is no number of bytes, such as 1048576 or 128MiB", s)
		}
		*to = n
		return nil
	}}
}

func duration(to *time.Duration, standard time.Duration) *value {
	return &value{defaults: []string{standard.String()}, set: func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil {
			return fmt.Errorf("%q is no duration with a unit, such as 5s or 500ms", s)
		}
		*to = d
		return nil
	}}
}

// durations takes any number of durations, none by default.
func durations(to *[]time.Duration) *value {
	return &value{repeats: true, set: func(s string) error {
		var d time.Duration
		if err := duration(&d, 0).set(s); err != nil {
			return err
		}
		*to = append(*to, d)
		return nil
	}}
}

// parse reads the command line and returns the command that it names.
func (c *cli) parse(args []string) (string, error) {
	for _, f := range c.flags {
		// A variable gave way to the command line: it is not at fault.
		if c.onCommandLine(args, f.name) {
			f.value.name = "--" + f.name
		}
	}
	modern, err := c.modern(args)
	if err != nil {
		return "", err
	}
	command, err := c.app.Parse(modern)
	if err != nil {
		return "", err
	}
	uris := slices.IndexFunc(c.flags, func(f *flag) bool { return f.name == "nginx.scrape-uri" })
	c.config.Nginx.DefaultURI = !c.onCommandLine(args, "nginx.scrape-uri") && !c.flags[uris].given
	c.applyLegacy()
	return command, nil
}
