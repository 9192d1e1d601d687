package source_test

import (
	"slices"
	"strings"
	"testing"

	"nginx-exporter/collector/source"
)

// infos are the sources of these tests.
func infos() []source.Info {
	return []source.Info{{Name: "requests", Default: true}, {Name: "zones", Default: true}, {Name: "slots"}}
}

func compile(tb testing.TB, f source.Filter) *source.Selection {
	tb.Helper()
	s, err := f.Compile(infos())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestEnabled(t *testing.T) {
	t.Parallel()
	enabled := func(s *source.Selection) string {
		var names []string
		for _, info := range infos() {
			if s.Enabled(info.Name) {
				names = append(names, info.Name)
			}
		}
		return strings.Join(names, " ")
	}
	for want, s := range map[string]*source.Selection{
		"requests zones":       compile(t, source.Filter{}),
		"requests zones slots": compile(t, source.Filter{Sources: map[string]bool{"slots": true}}),
		"zones":                compile(t, source.Filter{Sources: map[string]bool{"requests": false}}),
		"requests":             compile(t, source.Filter{}).Only([]string{"requests", "slots", "unknown"}),
	} {
		if got := enabled(s); got != want {
			t.Errorf("enabled are %q; want %q", got, want)
		}
	}
	if s := compile(t, source.Filter{}); s.Only(nil) != s || s.Enabled("unknown") {
		t.Error("a scrape without names of sources has another selection")
	}
}

func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]source.Filter{
		`unknown source "nope"`:                      {Sources: map[string]bool{"nope": true}},
		`"(" is not a valid regular expression: mis`: {IncludeZones: "("},
		`"[" is not a valid regular expression: mis`: {ExcludeServers: "["},
		`"*" is not a valid regular expression: mis`: {ExcludeUpstreams: "*"},
		"the limit of -1 series is negative":         {MaxSeries: -1},
	} {
		if err := f.Validate(infos()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: got %v; want %s", f, err, want)
		}
	}
}

// Patterns are for whole names, and excluding takes precedence.
func TestSelect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		include, exclude string
		want             []string
	}{
		{"", "", []string{"shop", "shop.example.com", "blog", "a\nb"}},
		{"shop", "", []string{"shop"}},
		{"shop.*", "", []string{"shop", "shop.example.com"}},
		{"", "shop.*|blog", []string{"a\nb"}},
		{"shop.*", ".*com", []string{"shop"}},
		{"a.b", "", []string{"a\nb"}},
	} {
		s := compile(t, source.Filter{IncludeZones: c.include, ExcludeZones: c.exclude})
		zones := []string{"shop", "shop.example.com", "blog", "a\nb"}
		got := source.Select(&s.Zones, zones, func(zone string) []string { return []string{zone} })
		if !slices.Equal(got, c.want) {
			t.Errorf("include %q, exclude %q: got %q; want %q", c.include, c.exclude, got, c.want)
		}
	}
}

// An object with two names is selected by either.
func TestSelectByTwoNames(t *testing.T) {
	t.Parallel()
	s := compile(t, source.Filter{IncludeServers: "web1|10.0.0.2:80", ExcludeServers: "10.0.0.3:80"})
	for names, want := range map[[2]string]bool{
		{"10.0.0.1:80", "web1"}: true, {"10.0.0.2:80", "web2"}: true, {"10.0.0.3:80", "web1"}: false, {"10.0.0.4:80", "web4"}: false,
	} {
		if got := s.Servers.Match(names[:]...); got != want {
			t.Errorf("%q is selected: %t; want %t", names, got, want)
		}
	}
}
