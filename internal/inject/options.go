package inject

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"nginx-exporter/internal/sidecar"
)

// Options are what is injected, and into which pods.
type Options struct {
	sidecar.Options

	Container    string // name of the nginx container; empty to go by the images
	All          bool   // inject into pods without an nginx container, too
	HostNetwork  bool   // inject into pods with hostNetwork, too
	StatusConfig bool   // add a status server to nginx
	Labels       []Pair // to add to the pods
	Annotations  []Pair // to add to the pods
	PullSecret   string // Secret with the credentials for the image; empty for none

	// ScrapeAnnotations adds prometheus.io/scrape, port and path.
	ScrapeAnnotations bool
}

// Pair is a label or an annotation.
type Pair struct {
	Key, Value string
}

// Defaults returns the options for the image of a version.
func Defaults(version string) Options { return Options{Options: sidecar.Defaults(version)} }

// allAnnotations returns the annotations to add to the pods.
func (o *Options) allAnnotations() []Pair {
	if !o.ScrapeAnnotations {
		return o.Annotations
	}
	return slices.Concat(o.Annotations, []Pair{
		{"prometheus.io/scrape", "true"},
		{"prometheus.io/port", strconv.Itoa(o.Port)},
		{"prometheus.io/path", "/metrics"},
	})
}

// Validate returns an error that describes the first invalid option.
func (o *Options) Validate() error {
	if err := o.Options.Validate(); err != nil {
		return err
	}
	texts := slices.Concat([]string{o.Image, o.ScrapeURI, o.Container}, o.Args)
	for _, p := range slices.Concat(o.Labels, o.Annotations) {
		if p.Key == "" || strings.HasPrefix(p.Key, annotationPrefix) {
			return fmt.Errorf("%q is not a valid key of a label or annotation to add", p.Key)
		}
		texts = append(texts, p.Key, p.Value)
	}
	name := regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	if o.PullSecret != "" && !name.MatchString(o.PullSecret) {
		return fmt.Errorf("image pull secret %q is not a valid name", o.PullSecret[:min(len(o.PullSecret), 64)])
	}
	// Everything must fit on one line of YAML.
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	for _, s := range texts {
		if strings.ContainsFunc(s, unprintable) || !utf8.ValidString(s) || len(s) > 4096 {
			return fmt.Errorf("%q contains unprintable characters or is too long", s[:min(len(s), 64)])
		}
	}
	return nil
}
