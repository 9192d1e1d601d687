package inject

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// prefix begins the annotations that an object may carry.
const prefix = "nginx-exporter/"

// setting is what an annotation sets.
type setting struct {
	name string
	help string
	set  func(o *Options, value string) error
}

// errOptedOut is what an object says that does not want the sidecar.
var errOptedOut = errors.New("annotation " + prefix + "inject says so")

func settings() []setting {
	text := func(to func(*Options) *string) func(*Options, string) error {
		return func(o *Options, value string) error {
			*to(o) = value
			return nil
		}
	}
	boolean := func(to func(*Options) *bool) func(*Options, string) error {
		return func(o *Options, value string) error {
			b, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("%q is neither true nor false", value)
			}
			*to(o) = b
			return nil
		}
	}
	return []setting{
		{"inject", "`false` or `disabled`: leave the object alone. `true` or `enabled`: inject, even if no nginx is found.", setInject},
		{"scrape-uri", "Status page of nginx, as the pod sees it.", text(func(o *Options) *string { return &o.ScrapeURI })},
		{"image", "Image of the exporter.", text(func(o *Options) *string { return &o.Image })},
		{"image-pull-policy", "`Always`, `IfNotPresent` or `Never`.", text(func(o *Options) *string { return &o.PullPolicy })},
		{"port", "Port of the metrics.", setPort},
		{"args", "Further arguments of the exporter, one a line, in place of those of `--arg`.", setArgs},
		{"native", "`auto`, `always` or `never`.", text(func(o *Options) *string { return &o.Native })},
		{"container", "The container of nginx.", text(func(o *Options) *string { return &o.Container })},
		{"host-network", "`true`: inject although the pods have hostNetwork.", boolean(func(o *Options) *bool { return &o.HostNetwork })},
		{"status-config", "`true` or `false`: whether to add a status server to nginx.", boolean(func(o *Options) *bool { return &o.StatusConfig })},
		{"cpu-request", "CPU that the sidecar asks for; empty for none.", text(func(o *Options) *string { return &o.Resources.CPURequest })},
		{"memory-request", "Memory that the sidecar asks for; empty for none.", text(func(o *Options) *string { return &o.Resources.MemoryRequest })},
		{"cpu-limit", "CPU that the sidecar may have; empty for any.", text(func(o *Options) *string { return &o.Resources.CPULimit })},
		{"memory-limit", "Memory that the sidecar may have; empty for any.", text(func(o *Options) *string { return &o.Resources.MemoryLimit })},
	}
}

// Annotations lists the annotations that an object may carry, each with what
// it means in Markdown, for the documentation.
func Annotations() (names, meanings []string) {
	for _, s := range settings() {
		names = append(names, prefix+s.name)
		meanings = append(meanings, s.help)
	}
	return names, meanings
}

func setInject(o *Options, value string) error {
	switch value {
	case "true", "enabled":
		o.All = true
		return nil
	case "false", "disabled":
		return errOptedOut
	}
	return fmt.Errorf("%q is neither true nor false", value)
}

func setPort(o *Options, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("%q is no whole number", value)
	}
	o.Port = n
	return nil
}

// setArgs takes one argument a line; an object's arguments stand in place of
// those of the command line.
func setArgs(o *Options, value string) error {
	o.Args = nil
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != "" {
			o.Args = append(o.Args, line)
		}
	}
	return nil
}

// annotated returns the options as an object wants them.
func (o *object) annotated(base Options) (Options, error) {
	values := o.annotations()
	known := settings()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(known, func(s setting) bool { return s.name == name }) {
			return base, fmt.Errorf("annotation %s%s is unknown", prefix, name)
		}
	}
	for _, s := range known {
		value, given := values[s.name]
		if !given {
			continue
		}
		if err := s.set(&base, value); errors.Is(err, errOptedOut) {
			return base, err
		} else if err != nil {
			return base, fmt.Errorf("annotation %s%s: %w", prefix, s.name, err)
		}
	}
	return base, base.Validate()
}

// annotations returns those of an object that are meant for us. The pod
// template's go before the object's own.
func (o *object) annotations() map[string]string {
	values := map[string]string{}
	for _, place := range []*yaml.Node{get(o.node, "metadata", "annotations"), get(o.pod.template.value, "metadata", "annotations")} {
		if place == nil || place.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(place.Content); i += 2 {
			if name, ours := strings.CutPrefix(place.Content[i].Value, prefix); ours {
				values[name] = str(place.Content[i+1])
			}
		}
	}
	return values
}

// Validate says what is wrong with the options, or nothing.
func (o *Options) Validate() error {
	if o.Image == "" || strings.ContainsFunc(o.Image, unicode.IsSpace) {
		return fmt.Errorf("image %q is no image", o.Image)
	}
	if o.Port < 1 || o.Port > 65535 {
		return fmt.Errorf("port %d is not between 1 and 65535", o.Port)
	}
	if !slices.Contains([]string{"", "Always", "IfNotPresent", "Never"}, o.PullPolicy) {
		return fmt.Errorf("pull policy %q is none of Always, IfNotPresent and Never", o.PullPolicy)
	}
	if !slices.Contains([]string{NativeAuto, NativeAlways, NativeNever}, o.Native) {
		return fmt.Errorf("native %q is none of auto, always and never", o.Native)
	}
	if !strings.HasPrefix(o.ScrapeURI, "http://") && !strings.HasPrefix(o.ScrapeURI, "https://") && !strings.HasPrefix(o.ScrapeURI, "unix:") {
		return fmt.Errorf("scrape URI %q is none of http, https and unix", o.ScrapeURI)
	}
	if u, err := url.Parse(o.ScrapeURI); err == nil && u.Port() == strconv.Itoa(o.Port) {
		if host, err := netip.ParseAddr(u.Hostname()); err == nil && host.IsLoopback() || u.Hostname() == "localhost" {
			return fmt.Errorf("port %d is that of the status page %s", o.Port, u.Redacted())
		}
	}
	return errors.Join(o.Resources.validate(), o.validateText())
}

// validate refuses what Kubernetes would not take for an amount.
func (r Resources) validate() error {
	amount := regexp.MustCompile(`^([0-9]+([.][0-9]*)?|[.][0-9]+)(n|u|m|k|Ki|[MGTPE]i?|[eE][+-]?[0-9]+)?$`)
	for _, s := range []string{r.CPURequest, r.MemoryRequest, r.CPULimit, r.MemoryLimit} {
		if s != "" && !amount.MatchString(s) {
			return fmt.Errorf("%q is no amount such as 10m or 64Mi", s[:min(len(s), 64)])
		}
	}
	return nil
}

// validateText refuses what no line of YAML can hold, and templates of which
// nobody could tell whether they are text.
func (o *Options) validateText() error {
	r := o.Resources
	texts := slices.Concat([]string{o.Image, o.ScrapeURI, o.Container, r.CPURequest, r.MemoryRequest, r.CPULimit, r.MemoryLimit}, o.Args)
	for _, p := range slices.Concat(o.Labels, o.Annotations) {
		if p.Key == "" || strings.HasPrefix(p.Key, prefix) {
			return fmt.Errorf("%q cannot be the key of a label or annotation to add", p.Key)
		}
		texts = append(texts, p.Key, p.Value)
	}
	for _, s := range texts {
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || len(s) > 4096 {
			return fmt.Errorf("%q has characters that cannot be shown, or is too long", s[:min(len(s), 64)])
		}
	}
	return nil
}
