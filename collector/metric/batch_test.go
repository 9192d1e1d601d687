package metric_test

import (
	"strings"
	"testing"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
)

func TestDuplicatesAreDropped(t *testing.T) {
	t.Parallel()
	// The last two differ in bytes that are not UTF-8, and so not in the text.
	b := batchOf(thingTable("code"), nil,
		&thing{zone: "a", count: things()[0].count}, &thing{zone: "b"}, &thing{zone: "a"}, &thing{zone: "a"}, &thing{zone: "\xff"}, &thing{zone: "\xfe"})
	if want := 3 * thingRows; b.Duplicates != want || b.Invalid != 0 {
		t.Errorf("%d duplicates and %d invalid values; want %d and 0", b.Duplicates, b.Invalid, want)
	}
	if got := oracle.Check(t, expositionOf(b))["test_plain"].GetMetric(); len(got) != 1 || got[0].GetCounter().GetValue() != 1 {
		t.Errorf("test_plain has %v; want the first object", got)
	}
}

func TestValueOfBatch(t *testing.T) {
	t.Parallel()
	b := batchOf(thingTable("code"), nil, things()...)
	for family, want := range map[string]float64{"test_plain": 1, "test_vec": 2, "test_inner_nested": 1} {
		if got := b.Value(family); got.Float() != want {
			t.Errorf("%s is %v; want %v", family, got, want)
		}
	}
	for _, family := range []string{"test_times_seconds", "test", ""} {
		if got := b.Value(family); got.IsSet() {
			t.Errorf("%s is %v; want no value", family, got)
		}
	}
	if got := batchOf(thingTable("code"), nil, &thing{}).Value("test_dynamic"); got.IsSet() {
		t.Errorf("an object without series has the value %v", got)
	}
}

// The limit applies to whole objects, and counts the dropped series.
func TestLimit(t *testing.T) {
	t.Parallel()
	b := metric.NewBatch([]metric.Label{{Name: "addr", Value: "a"}})
	metric.Add(b, thingTable("code"), things()...)
	metric.Add(b, metric.NewTable("test", "other_", []metric.Row[*thing]{metric.Info[*thing]("info", "An object.")}), things()[0])
	all := lines(oracle.Text(t, expositionOf(b)))
	for most := range all + 2 {
		limited, series, dropped := b.Limit(most)
		if got := lines(oracle.Text(t, expositionOf(limited))); got != series || series > most || series+dropped != all {
			t.Errorf("at most %d series: %d lines, %d series, %d dropped of %d", most, got, series, dropped, all)
		}
		if most >= all && dropped > 0 {
			t.Errorf("%d series of %d are dropped, with %d allowed", dropped, all, most)
		}
	}
	if _, series, _ := b.Limit(1); series != 1 {
		t.Error("the last object is within the limit, and missing")
	}
}

// lines counts the series of a text.
func lines(text string) int {
	count := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			count++
		}
	}
	return count
}
