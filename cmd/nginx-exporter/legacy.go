package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// legacy holds flags that only versions 0.x of nginx-prometheus-exporter had.
type legacy struct {
	retries       string
	retryInterval string
	constLabels   []string
}

// legacyFlags defines the flags of versions 0.x. They work, but are hidden, and
// the log names their replacement.
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

// normalizeArgs rewrites the spellings of versions 0.x: one dash before a long
// flag, --flag=true and --flag=false, and --flag true as in charts. Arguments after --
// are not changed.
func (c *cli) normalizeArgs(args []string) ([]string, error) {
	if slices.Contains(args, "--completion-bash") {
		return args, nil // incomplete, as typed so far
	}
	var normalized []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(normalized, args[i:]...), nil
		}
		name, _, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f := c.find(name)
		if f != nil && f.boolean && !assigned && arg != name && i+1 < len(args) && isTruth(args[i+1]) {
			i++
			arg += "=" + args[i]
		}
		given := arg
		arg, err := normalizeValue(f, normalizeDash(arg), args[i+1:])
		if err != nil {
			return nil, err
		}
		c.deprecateSpelling(f, given, arg)
		if arg == "--help-long" {
			// The same help, with more flags.
			c.longHelp, arg = true, "--help"
		}
		normalized = append(normalized, arg)
	}
	return normalized, nil
}

// isTruth reports whether the word after a flag without a value can only be its
// value.
func isTruth(word string) bool {
	return strings.EqualFold(word, "true") || strings.EqualFold(word, "false")
}

// normalizeDash adds the second dash to a long flag, but not to a short one such
// as -h.
func normalizeDash(arg string) string {
	if !strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "--") || len(arg) <= 2 {
		return arg
	}
	return "-" + arg
}

// deprecateSpelling warns of a flag that was not given in its normalized form. It
// does not repeat the value, which may be secret, except true and false.
func (c *cli) deprecateSpelling(f *flag, given, normalized string) {
	if f == nil || f.hidden || given == normalized {
		return
	}
	if !f.boolean {
		given, _, _ = strings.Cut(given, "=")
		normalized, _, _ = strings.Cut(normalized, "=")
	}
	c.deprecate("Flag %s is deprecated; use %s instead", given, normalized)
}

// normalizeValue checks the value of a flag. Kingpin ignores a flag at the end of
// the command line that lacks its value.
func normalizeValue(f *flag, arg string, rest []string) (string, error) {
	switch {
	case f == nil || !strings.HasPrefix(arg, "--"):
		return arg, nil
	case f.boolean:
		return normalizeBool(arg, f)
	case !strings.Contains(arg, "=") && (len(rest) == 0 || len(rest[0]) > 1 && rest[0][0] == '-'):
		return "", fmt.Errorf("--%s: missing value", f.name)
	default:
		return arg, nil
	}
}

func normalizeBool(arg string, f *flag) (string, error) {
	_, value, assigned := strings.Cut(arg, "=")
	if !assigned {
		return arg, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return "", fmt.Errorf("--%s: %q is not true or false", f.name, value)
	}
	if on {
		return "--" + f.name, nil
	}
	return "--no-" + f.name, nil
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

// lines splits the value of a variable that is a list: one item per line, or
// separated by commas as in versions 0.x.
func (c *cli) lines(f *flag, given string) []string {
	var items []string
	for line := range strings.Lines(given) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		parts := splitOld(f.name, line)
		if !slices.Equal(parts, []string{line}) {
			c.deprecate("Commas between the values of %s are deprecated; write one value per line", f.value.name)
		}
		items = append(items, slices.DeleteFunc(parts, func(item string) bool { return item == "" })...)
	}
	return items
}

// splitOld splits a value at the commas that can only be separators: those
// before another target, or before another NAME=.
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
	for i, item := range items {
		// A comma at the end separates the item from nothing.
		items[i] = strings.TrimRight(item, ", \t")
	}
	return items
}

// applyLegacy copies the values of old flags to those that replaced them.
func (c *cli) applyLegacy() {
	n := &c.config.Nginx
	n.ScrapeURIs = c.splitFlag("nginx.scrape-uri", n.ScrapeURIs)
	c.config.ConstLabs = c.splitFlag("prometheus.const-label", c.config.ConstLabs)
	if labels := c.legacy.constLabels; len(labels) > 0 {
		c.deprecate("Flag --prometheus.const-labels is deprecated; use --prometheus.const-label for each label instead")
		for _, label := range labels {
			if pairs := splitOld("prometheus.const-labels", label); !slices.Equal(pairs, []string{""}) {
				c.config.ConstLabs = append(c.config.ConstLabs, pairs...)
			}
		}
	}
	if c.legacy.retries != "" || c.legacy.retryInterval != "" {
		c.deprecate("Flags --nginx.retries and --nginx.retry-interval are deprecated and have no effect; the exporter starts even if nginx is not running")
	}
	if w := c.config.Web; w.SecuredMetrics || w.TLSCert != "" || w.TLSKey != "" {
		c.deprecate("Flags --web.secured-metrics, --web.ssl-server-cert and --web.ssl-server-key are deprecated; use --web.config.file instead")
	}
}

func (c *cli) splitFlag(name string, values []string) []string {
	var items []string
	for _, value := range values {
		parts := splitOld(name, value)
		if !slices.Equal(parts, []string{strings.TrimSpace(value)}) {
			c.deprecate("Commas between the values of --%s are deprecated; repeat the flag instead", name)
		}
		items = append(items, parts...)
	}
	return items
}

// deprecate adds a warning for the log, once.
func (c *cli) deprecate(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(c.deprecations, line) {
		c.deprecations = append(c.deprecations, line)
	}
}
