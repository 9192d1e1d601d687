package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// legacy holds flags that only old versions of nginx-prometheus-exporter had.
type legacy struct {
	retries       string
	retryInterval string
	constLabels   []string
}

// legacyFlags defines the flags of versions 0.x. They work, are not shown, and
// the log says what to write in their place.
func (c *cli) legacyFlags() {
	w := &c.config.Web
	c.old("nginx.retries", "NGINX_RETRIES", text(&c.legacy.retries, ""))
	c.old("nginx.retry-interval", "NGINX_RETRY_INTERVAL", text(&c.legacy.retryInterval, ""))
	c.old("prometheus.const-labels", "", list(&c.legacy.constLabels))
	c.old("web.secured-metrics", "SECURED_METRICS", boolean(&w.SecuredMetrics, false))
	c.old("web.ssl-server-cert", "SSL_SERVER_CERT", text(&w.TLSCert, ""))
	c.old("web.ssl-server-key", "SSL_SERVER_KEY", text(&w.TLSKey, ""))
}

func (c *cli) old(name, alias string, v *value) {
	f := c.add(name, alias, v, "Deprecated.")
	f.hidden = true
	f.clause.Hidden()
}

// modern rewrites the spellings of old versions: one dash before a long flag,
// and --flag=true or --flag=false. What follows -- is left alone.
func (c *cli) modern(args []string) ([]string, error) {
	if slices.Contains(args, "--completion-bash") {
		return args, nil // what stands there is not finished
	}
	var modern []string
	for i, arg := range args {
		if arg == "--" {
			return append(modern, args[i:]...), nil
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f := c.find(name)
		arg, err := c.modernValue(f, c.modernDash(f, arg), args[i+1:])
		if err != nil {
			return nil, err
		}
		modern = append(modern, arg)
	}
	return modern, nil
}

// modernDash adds the second dash to a long flag. One letter after one dash is
// a short flag such as -h.
func (c *cli) modernDash(f *flag, arg string) string {
	if !strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "--") || len(arg) <= 2 {
		return arg
	}
	if f != nil && !f.hidden {
		c.note("-%s is deprecated: write --%s", f.name, f.name)
	}
	return "-" + arg
}

// modernValue looks at the value of a flag. Kingpin takes a flag that ends the
// command line without one for a flag that is not there.
func (c *cli) modernValue(f *flag, arg string, rest []string) (string, error) {
	switch {
	case f == nil || !strings.HasPrefix(arg, "--"):
		return arg, nil
	case f.boolean:
		return c.modernBool(arg, f)
	case !strings.Contains(arg, "=") && (len(rest) == 0 || len(rest[0]) > 1 && rest[0][0] == '-'):
		return "", fmt.Errorf("--%s: the value is missing", f.name)
	default:
		return arg, nil
	}
}

func (c *cli) modernBool(arg string, f *flag) (string, error) {
	_, value, assigned := strings.Cut(arg, "=")
	if !assigned {
		return arg, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return "", fmt.Errorf("--%s: %q is neither true nor false", f.name, value)
	}
	modern := "--" + f.name
	if !on {
		modern = "--no-" + f.name
	}
	if !f.hidden {
		c.note("%s is deprecated: write %s", arg, modern)
	}
	return modern, nil
}

// find returns the flag of that name, or nil.
func (c *cli) find(name string) *flag {
	for _, f := range c.flags {
		if f.name == name {
			return f
		}
	}
	return nil
}

// onCommandLine reports whether the flag is among the arguments.
func (c *cli) onCommandLine(args []string, name string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		given, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return strings.HasPrefix(arg, "-") && given == name
	})
}

// lines reads the value of a variable that holds a list: one item a line, or
// in the manner of versions 0.x with commas between them.
func (c *cli) lines(f *flag, given string) []string {
	var items []string
	for line := range strings.Lines(given) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		parts := splitOld(f.name, line)
		if len(parts) > 1 {
			c.note("commas between the items of %s are deprecated: write one on each line", f.value.name)
		}
		items = append(items, parts...)
	}
	return items
}

// splitOld parts a value at the commas that can only be meant to part items:
// those before another target, or before another NAME=.
func splitOld(name, value string) []string {
	begins := func(string) bool { return false }
	switch name {
	case "nginx.scrape-uri":
		begins = func(item string) bool {
			return strings.HasPrefix(item, "http://") || strings.HasPrefix(item, "https://") || strings.HasPrefix(item, "unix:")
		}
	case "prometheus.const-label", "prometheus.const-labels":
		begins = func(item string) bool {
			label, _, assigned := strings.Cut(item, "=")
			return assigned && model.LegacyValidation.IsValidLabelName(label)
		}
	}
	var items []string
	for part := range strings.SplitSeq(value, ",") {
		if trimmed := strings.TrimSpace(part); len(items) == 0 || begins(trimmed) {
			items = append(items, trimmed)
		} else {
			items[len(items)-1] += "," + part
		}
	}
	return items
}

// applyLegacy carries values of old flags over to those that took their place.
func (c *cli) applyLegacy() {
	n := &c.config.Nginx
	n.ScrapeURIs = c.splitFlag("nginx.scrape-uri", n.ScrapeURIs)
	c.config.ConstLabs = c.splitFlag("prometheus.const-label", c.config.ConstLabs)
	if labels := c.legacy.constLabels; len(labels) > 0 {
		c.note("--prometheus.const-labels is deprecated: write --prometheus.const-label NAME=VALUE for each")
		for _, label := range labels {
			c.config.ConstLabs = append(c.config.ConstLabs, splitOld("prometheus.const-labels", label)...)
		}
	}
	if c.legacy.retries != "" || c.legacy.retryInterval != "" {
		c.note("--nginx.retries and --nginx.retry-interval are deprecated and do nothing: the exporter starts whether nginx runs or not")
	}
	if w := c.config.Web; w.SecuredMetrics || w.TLSCert != "" || w.TLSKey != "" {
		c.note("--web.secured-metrics, --web.ssl-server-cert and --web.ssl-server-key are deprecated: write a --web.config.file")
	}
}

func (c *cli) splitFlag(name string, values []string) []string {
	var items []string
	for _, value := range values {
		parts := splitOld(name, value)
		if len(parts) > 1 {
			c.note("commas between the items of --%s are deprecated: repeat the flag", name)
		}
		items = append(items, parts...)
	}
	return items
}

// note remembers a line for the log, once.
func (c *cli) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(c.notes, line) {
		c.notes = append(c.notes, line)
	}
}
