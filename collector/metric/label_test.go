package metric

import (
	"strings"
	"testing"
	"unicode/utf8"

	"nginx-exporter/client/value"
)

// Long label values are cut in both forms of the exposition: they stay
// different, and valid UTF-8.
func TestLongLabelValues(t *testing.T) {
	t.Parallel()
	table := NewTable("test", "a_", []Row[*string]{
		Gauge("b", "C.", func(*string) value.Value { return value.Of(1) }),
	}, LabelFrom("zone", func(s *string) string { return *s }))
	var zones []*string
	for _, start := range []string{"", "x", "xy", "xyz"} { // cut at each byte of a character
		for _, character := range []string{"a", "é", "€", "😀", "\xff", `"`} {
			zone := start + strings.Repeat(character, 1<<20/len(character))
			other := zone + "!"
			zones = append(zones, &zone, &other)
		}
	}
	longest := strings.Repeat("z", maxValue)
	b := NewBatch(nil)
	Add(b, table, append(zones, &longest)...)
	if b.Duplicates != 0 || b.Cut != len(zones) {
		t.Errorf("%d duplicates, %d values cut; want %d", b.Duplicates, b.Cut, len(zones))
	}
	e := &Exposition{}
	e.Add(b)
	known := map[string]bool{}
	for _, m := range e.Gather()[0].GetMetric() {
		got := m.GetLabel()[0].GetValue()
		if known[got] || !utf8.ValidString(got) || len(got) > maxValue+utf8.UTFMax {
			t.Errorf("%d bytes: %.40q", len(got), got)
		}
		known[got] = true
	}
	if !known[longest] {
		t.Error("a value of the longest length was cut")
	}
	var text strings.Builder
	if err := e.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if most := (len(zones) + 2) * 2 * maxValue; text.Len() > most || strings.Count(text.String(), "\na_b{") != len(zones)+1 {
		t.Errorf("the text has %d bytes; want at most %d", text.Len(), most)
	}
}
