package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"

	"nginx-exporter/internal/web"
)

// flag is one flag with its environment variables.
type flag struct {
	*value
	name   string
	help   string
	env    []string // in order of precedence
	rare   bool     // only in the long help
	hidden bool     // only versions 0.x, or another exporter, had it
	compat bool     // another exporter had it
	clause *kingpin.FlagClause
}

// envPrefix begins the environment variables of all flags.
const envPrefix = "NGINX_EXPORTER_"

// envName returns the variable of a flag: --nginx.timeout has
// NGINX_EXPORTER_NGINX_TIMEOUT.
func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// add defines a flag. Alias is the variable of nginx-prometheus-exporter for it,
// empty for none. A variable that is set replaces the default, so the command line
// takes precedence.
func (c *cli) add(name, alias string, v *value, help string) *flag {
	env := []string{envName(name)}
	if alias != "" {
		env = append(env, alias)
	}
	return c.addFlag(name, env, v, help)
}

// addFlag defines a flag with these variables.
func (c *cli) addFlag(name string, env []string, v *value, help string) *flag {
	f := &flag{value: v, name: name, help: help, env: env}
	v.name = "--" + name
	f.clause = c.app.Flag(name, help).PlaceHolder(v.placeholder)
	f.clause.HintOptions(v.choices...).SetValue(v)
	defaults := v.defaults
	for _, env := range f.env {
		// An empty variable counts as unset.
		if given, _ := c.lookup(env); strings.TrimSpace(given) != "" {
			v.name, v.variable, v.given, defaults = env, env, true, []string{given}
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

// value parses the text of a flag.
type value struct {
	name        string // of the flag or variable, for errors
	set         func(string) error
	defaults    []string
	choices     []string // for completion; set decides what is valid
	placeholder string   // for the help, of flags without a default
	boolean     bool
	repeats     bool
	given       bool   // set by a variable
	variable    string // the name of that variable
	text        string
}

// named sets the placeholder and returns v.
func (v *value) named(placeholder string) *value {
	v.placeholder = placeholder
	return v
}

// oneOf sets the values to offer for completion and returns v.
func (v *value) oneOf(choices ...string) *value {
	v.choices = choices
	return v
}

// Set implements [kingpin.Value].
func (v *value) Set(text string) error {
	v.text = text
	// Env files of Docker are not shell scripts: quotes become part of the value.
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'") {
		return fmt.Errorf("%s: the value begins with a quote; do not use quotes, they become part of the value", v.name)
	}
	if err := v.set(text); err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	return nil
}

// String implements [kingpin.Value].
func (v *value) String() string { return v.text }

// IsBoolFlag tells kingpin whether the flag has no value.
func (v *value) IsBoolFlag() bool { return v.boolean }

// IsCumulative tells kingpin whether the flag may be repeated.
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
			return fmt.Errorf("%q is not true or false", s)
		}
		*to = b
		return nil
	}}
}

func number(to *int, standard int) *value {
	return &value{defaults: []string{strconv.Itoa(standard)}, set: func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a valid integer", s)
		}
		*to = n
		return nil
	}}
}

// size parses a number of bytes, with or without a unit.
func size(to *int64, standard int64) *value {
	return &value{defaults: []string{units.Base2Bytes(standard).String()}, set: func(s string) error {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			var parsed units.Base2Bytes
			parsed, err = units.ParseBase2Bytes(s)
			n = int64(parsed)
		}
		if err != nil {
			return fmt.Errorf("%q is not a valid size, such as 1048576 or 128MiB", s)
		}
		*to = n
		return nil
	}}
}

func duration(to *time.Duration, standard time.Duration) *value {
	return &value{defaults: []string{standard.String()}, set: func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil {
			return fmt.Errorf("%q is not a valid duration with a unit, such as 5s or 500ms", s)
		}
		*to = d
		return nil
	}}
}

// durations parses a repeated flag, without a default.
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

// parse parses the command line and returns the full name of its command.
func (c *cli) parse(args []string) (string, error) {
	for _, f := range c.flags {
		// The variable is not used, so errors must not name it.
		if c.onCommandLine(args, f.name) || c.onCommandLine(args, "no-"+f.name) {
			f.value.name = "--" + f.name
		}
	}
	normalized, err := c.normalizeArgs(args)
	if err != nil {
		return "", err
	}
	if len(args) > 0 && args[0] == versionCommand {
		normalized[0] = "--" + versionCommand // which works in an invalid environment, too
	}
	command, err := c.app.Parse(normalized)
	if err != nil {
		return "", c.explain(err, args)
	}
	uris := slices.IndexFunc(c.flags, func(f *flag) bool { return f.name == "nginx.scrape-uri" })
	c.config.Nginx.DefaultURI = !c.onCommandLine(args, "nginx.scrape-uri") && !c.flags[uris].given
	c.config.Variables = map[string]string{}
	for _, f := range c.flags {
		if f.given && !c.onCommandLine(args, f.name) && !c.onCommandLine(args, "no-"+f.name) {
			c.config.Variables[f.name] = f.variable
		}
	}
	const sockets = "web.systemd-socket"
	if !c.find(sockets).given && !c.onCommandLine(args, sockets) && !c.onCommandLine(args, "no-"+sockets) {
		c.config.Web.Systemd = web.SocketsPassed()
	}
	c.applyLegacy()
	return command, c.applyVTSExporter(args)
}
