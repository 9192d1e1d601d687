package inject

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// annotationPrefix is the prefix of the names of all annotations for inject.
const annotationPrefix = "nginx-exporter/"

// errOptedOut means that an annotation of an object disables inject.
var errOptedOut = errors.New("disabled by the annotation " + annotationPrefix + "inject")

// annotation overrides an option for one object.
type annotation struct {
	name string
	help string // in Markdown; empty if it has the same meaning as the flag of that name
	set  func(value string) error
}

// annotations lists all annotations; their functions set o.
func (o *Options) annotations() []annotation {
	return []annotation{
		{"inject", "`false` or `disabled`: do not inject. `true` or `enabled`: inject even without an nginx container.", o.setInject},
		{"scrape-uri", "", setString(&o.ScrapeURI)},
		{"image", "", setString(&o.Image)},
		{"image-pull-policy", "", setString(&o.PullPolicy)},
		{"image-pull-secret", "", setString(&o.PullSecret)},
		{"openshift", "`true` or `false`, like `--openshift`.", setBool(&o.OpenShift)},
		{"port", "", o.setPort},
		{"args", "Additional arguments for the exporter, one per line, instead of those of `--arg`.", o.setArgs},
		{"native", "", setString(&o.Native)},
		{"container", "", setString(&o.Container)},
		{"host-network", "`true` or `false`, like `--host-network`.", setBool(&o.HostNetwork)},
		{"status-config", "`true` or `false`, like `--status-config`.", setBool(&o.StatusConfig)},
		{"access-log", "`true` or `false`, like `--access-log`.", setBool(&o.AccessLog)},
		{"cpu-request", "", setString(&o.Resources.Requests.CPU)},
		{"memory-request", "", setString(&o.Resources.Requests.Memory)},
		{"cpu-limit", "", setString(&o.Resources.Limits.CPU)},
		{"memory-limit", "", setString(&o.Resources.Limits.Memory)},
	}
}

// Annotations lists all annotations and their meanings in Markdown, for the documentation.
func Annotations() (names, meanings []string) {
	for _, a := range new(Options).annotations() {
		if a.help == "" {
			a.help = "Like `--" + a.name + "`."
		}
		names = append(names, annotationPrefix+a.name)
		meanings = append(meanings, a.help)
	}
	return names, meanings
}

func setString(to *string) func(string) error {
	return func(value string) error {
		*to = value
		return nil
	}
}

func setBool(to *bool) func(string) error {
	return func(value string) (err error) {
		if *to, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

func (o *Options) setInject(value string) error {
	switch value {
	case "true", "enabled":
		o.All = true
		return nil
	case "false", "disabled":
		return errOptedOut
	}
	return fmt.Errorf("%q is neither true nor false", value)
}

func (o *Options) setPort(value string) (err error) {
	if o.Port, err = strconv.Atoi(value); err != nil {
		return fmt.Errorf("%q is not an integer", value)
	}
	return nil
}

func (o *Options) setArgs(value string) error {
	o.Args = nil
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != "" {
			o.Args = append(o.Args, line)
		}
	}
	return nil
}

// override returns the options for an object: the given ones, as far as its annotations do not override them.
func (o *object) override(options Options) (*Options, error) {
	values := o.annotations()
	known := options.annotations()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(known, func(a annotation) bool { return a.name == name }) {
			return nil, fmt.Errorf("unknown annotation %s%s", annotationPrefix, name)
		}
	}
	for _, a := range known {
		value, given := values[a.name]
		if !given {
			continue
		}
		if err := a.set(value); errors.Is(err, errOptedOut) {
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("annotation %s%s: %w", annotationPrefix, a.name, err)
		}
	}
	return &options, options.Validate()
}

// annotations returns the annotations for inject, without the prefix. Those of the pod template take precedence over
// those of the object.
func (o *object) annotations() map[string]string {
	values := map[string]string{}
	for _, owner := range []*yaml.Node{o.node, o.pod.template} {
		for key, value := range entries(get(owner, "metadata", "annotations")) {
			if name, ours := strings.CutPrefix(key.Value, annotationPrefix); ours {
				values[name] = str(value)
			}
		}
	}
	return values
}
