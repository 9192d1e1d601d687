package source

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Filter selects which metrics of a target are exposed. The zero value selects
// all metrics of the sources that are enabled by default.
type Filter struct {
	// Sources enables and disables sources by name; others have their default.
	Sources map[string]bool

	// Regular expressions that match the whole name; an empty one includes
	// everything, or excludes nothing. Servers are matched by their address and
	// by their name in the configuration.
	IncludeZones, ExcludeZones         string
	IncludeUpstreams, ExcludeUpstreams string
	IncludeServers, ExcludeServers     string

	// MaxSeries bounds the series of a target's sources in one scrape; 0 means
	// no limit. Objects above it are dropped as a whole, and counted.
	MaxSeries int
}

// Validate returns the first error of the filter. The existing sources are known.
func (f *Filter) Validate(known []Info) error {
	_, err := f.Compile(known)
	return err
}

// Compile returns the filter ready for use. The existing sources are known.
func (f *Filter) Compile(known []Info) (*Selection, error) {
	s := &Selection{enabled: map[string]bool{}, MaxSeries: f.MaxSeries}
	for _, info := range known {
		s.enabled[info.Name] = info.Default
	}
	for name, on := range f.Sources {
		if _, found := s.enabled[name]; !found {
			return nil, fmt.Errorf("unknown source %q", name)
		}
		s.enabled[name] = on
	}
	if f.MaxSeries < 0 {
		return nil, fmt.Errorf("the limit of %d series is negative", f.MaxSeries)
	}
	var err [3]error
	s.Zones, err[0] = newNames(f.IncludeZones, f.ExcludeZones)
	s.Upstreams, err[1] = newNames(f.IncludeUpstreams, f.ExcludeUpstreams)
	s.Servers, err[2] = newNames(f.IncludeServers, f.ExcludeServers)
	return s, cmp.Or(err[:]...)
}

// Selection is a [Filter] ready for use. It does not change.
type Selection struct {
	Zones     Names
	Upstreams Names
	Servers   Names
	MaxSeries int

	enabled map[string]bool
}

// Enabled reports whether the source is enabled.
func (s *Selection) Enabled(name string) bool { return s.enabled[name] }

// Only returns the selection restricted to the named sources. Without names it
// is the whole selection.
func (s *Selection) Only(names []string) *Selection {
	if len(names) == 0 {
		return s
	}
	reduced := *s
	reduced.enabled = map[string]bool{}
	for _, name := range names {
		reduced.enabled[name] = s.enabled[name]
	}
	return &reduced
}

// Names selects objects by name. The zero value selects all.
type Names struct{ include, exclude *regexp.Regexp }

func newNames(include, exclude string) (n Names, err error) {
	if n.include, err = wholeName(include); err != nil {
		return n, err
	}
	n.exclude, err = wholeName(exclude)
	return n, err
}

// wholeName compiles a pattern that is anchored at both ends, as in Prometheus.
func wholeName(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil // includes everything, excludes nothing
	}
	compiled, err := regexp.Compile("^(?s:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("%q is not a valid regular expression: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return compiled, nil
}

// Match reports whether one of an object's names is included and none excluded.
func (n *Names) Match(names ...string) bool {
	if n.include != nil && !slices.ContainsFunc(names, n.include.MatchString) {
		return false
	}
	return n.exclude == nil || !slices.ContainsFunc(names, n.exclude.MatchString)
}

// Select removes the objects whose names do not match from the slice.
func Select[T any](n *Names, objects []T, names func(T) []string) []T {
	if n.include == nil && n.exclude == nil {
		return objects
	}
	return slices.DeleteFunc(objects, func(object T) bool { return !n.Match(names(object)...) })
}
