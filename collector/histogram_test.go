package collector

import (
	"strings"
	"testing"
)

// A target may have a label le, as any other. On a histogram it would stand
// for a bucket, and Prometheus would drop the whole page.
func TestTargetLabelOfBuckets(t *testing.T) {
	page := pageOf(thingTable("code"), []Label{{bucketLabel, "of the target"}, {"addr", "a"}}, things()...)
	families := checkRenderers(t, page)
	if h := families["test_times_seconds"].GetMetric()[0].GetHistogram(); h.GetSampleCount() == 0 || len(h.GetBucket()) == 0 {
		t.Errorf("the histogram is %v", h)
	}
}

func TestHistogramText(t *testing.T) {
	text := textOf(t, pageOf(thingTable("code"), []Label{{"addr", "a"}, {"z", "z"}}, things()[0]))
	const labels, more = `addr="a",`, `,peer="10.0.0.1:80",z="z",zone="shop"} `
	want := strings.Join([]string{
		"# HELP test_times_seconds Times.",
		"# TYPE test_times_seconds histogram",
		"test_times_seconds_bucket{" + labels + `le="0.005"` + more + "3",
		"test_times_seconds_bucket{" + labels + `le="0.0125"` + more + "3",
		"test_times_seconds_bucket{" + labels + `le="1000"` + more + "1099511627779",
		"test_times_seconds_bucket{" + labels + `le="+Inf"` + more + "1099511627781",
		`test_times_seconds_sum{addr="a"` + more + "12.3455",
		`test_times_seconds_count{addr="a"` + more + "1099511627781",
		"",
	}, "\n")
	if got := text[strings.Index(text, "# HELP test_times_seconds"):]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A block knows how many lines it makes.
func TestSeriesAreCounted(t *testing.T) {
	for i, objects := range [][]*thing{nil, things()[:1], things()[1:2], things()[2:3], things()[3:], things()} {
		page := pageOf(thingTable("code"), nil, objects...)
		lines := 0
		for line := range strings.Lines(textOf(t, page)) {
			if !strings.HasPrefix(line, "#") {
				lines++
			}
		}
		if got := page.blocks[0][0].block.series(); got != lines {
			t.Errorf("case %d: the block counts %d series and makes %d lines", i, got, lines)
		}
	}
}

func TestDuplicatesAreDroppedAndCounted(t *testing.T) {
	table := thingTable("code")
	var dropped Dropped
	// The last two differ in bytes that are not UTF-8, and so not on the page.
	objects := []*thing{{zone: "a"}, {zone: "b"}, {zone: "a"}, {zone: "a"}, {zone: "\xff"}, {zone: "\xfe"}}
	b := table.bind(table.layouts(nil), &dropped, objects...)
	bound, ok := b.(*bound[*thing])
	if !ok || len(bound.objects) != 3 || bound.objects[0] != objects[0] {
		t.Errorf("bound %v", b)
	}
	if want := float64(3 * len(table.rows)); dropped.Duplicate != want || dropped.Invalid != 0 {
		t.Errorf("dropped %v; want %v duplicates, none invalid", dropped, want)
	}
}
