package collector

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// SourceInfo describes something that can be switched on and off.
type SourceInfo struct {
	Name    string // such as http_upstreams
	About   string // what it brings, in a few words
	Default bool   // it is on unless somebody says otherwise
}

// Sources lists what can be switched on and off, in the order in which it is
// asked for.
func Sources() []SourceInfo {
	var infos []SourceInfo
	for _, s := range newSources(&Options{}) {
		if s.name != apiSource {
			infos = append(infos, SourceInfo{Name: s.name, About: s.about, Default: !s.optIn})
		}
	}
	return infos
}

// SourceNames lists the names of [Sources]. The caller owns the list.
func (c *Collector) SourceNames() []string {
	names := make([]string, 0, len(c.tables.sources))
	for _, s := range c.tables.sources {
		if s.name != apiSource {
			names = append(names, s.name)
		}
	}
	return names
}

// Choice says which part of what nginx tells goes to the page. The zero value
// takes what is on by default, whole.
type Choice struct {
	// Sources switches sources on and off by their names; what is not in it
	// has its default.
	Sources map[string]bool

	// Regular expressions for the whole name; an empty one includes
	// everything, or excludes nothing. Servers are matched by their address
	// and by the name that the configuration gives them.
	IncludeZones, ExcludeZones         string
	IncludeUpstreams, ExcludeUpstreams string
	IncludeServers, ExcludeServers     string

	// MaxSeries bounds the series of a target's nginx objects on one page; 0
	// does not. What comes after is dropped, whole objects at a time.
	MaxSeries int
}

// Validate reports the first thing that is wrong with the choice.
func (c *Choice) Validate() error {
	_, err := c.compile(newSources(&Options{}))
	return err
}

// choice is a Choice ready for use.
type choice struct {
	on        map[string]bool
	zones     filter
	upstreams filter
	servers   filter
	maxSeries int
}

func (c *Choice) compile(sources []source) (*choice, error) {
	compiled := &choice{on: map[string]bool{}, maxSeries: c.MaxSeries}
	for _, s := range sources {
		if s.name != apiSource {
			compiled.on[s.name] = !s.optIn
		}
	}
	for name, on := range c.Sources {
		if _, known := compiled.on[name]; !known {
			return nil, fmt.Errorf("there is no source %q", name)
		}
		compiled.on[name] = on
	}
	if c.MaxSeries < 0 {
		return nil, fmt.Errorf("the limit of %d series is below zero", c.MaxSeries)
	}
	var err [3]error
	compiled.zones, err[0] = newFilter(c.IncludeZones, c.ExcludeZones)
	compiled.upstreams, err[1] = newFilter(c.IncludeUpstreams, c.ExcludeUpstreams)
	compiled.servers, err[2] = newFilter(c.IncludeServers, c.ExcludeServers)
	return compiled, cmp.Or(err[:]...)
}

// wants reports whether a source is switched on.
func (c *choice) wants(name string) bool { return name == apiSource || c.on[name] }

// only narrows the choice to the named sources.
func (c *choice) only(names []string) *choice {
	if len(names) == 0 {
		return c
	}
	narrow := *c
	narrow.on = map[string]bool{}
	for _, name := range names {
		narrow.on[name] = c.on[name]
	}
	return &narrow
}

// filter chooses by name.
type filter struct{ include, exclude *regexp.Regexp }

func newFilter(include, exclude string) (f filter, err error) {
	if f.include, err = wholeName(include); err != nil {
		return f, err
	}
	f.exclude, err = wholeName(exclude)
	return f, err
}

// wholeName compiles a pattern that has to match from end to end, as in
// Prometheus.
func wholeName(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil // no pattern matches nothing and everything
	}
	compiled, err := regexp.Compile("^(?s:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return compiled, nil
}

// keeps reports whether one of the names is included and none excluded.
func (f *filter) keeps(names ...string) bool {
	if f.include != nil && !slices.ContainsFunc(names, f.include.MatchString) {
		return false
	}
	return f.exclude == nil || !slices.ContainsFunc(names, f.exclude.MatchString)
}

// keep leaves out the objects whose names the filter does not keep.
func keep[T any](f *filter, objects []T, name func(T) string) []T {
	if f.include == nil && f.exclude == nil {
		return objects
	}
	return slices.DeleteFunc(objects, func(object T) bool { return !f.keeps(name(object)) })
}
