// Package oracle checks expositions for tests: that both renderers agree, and
// that Prometheus accepts the result.
package oracle

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"nginx-exporter/collector/metric"
)

// Text returns an exposition in the text format.
func Text(tb testing.TB, e *metric.Exposition) string {
	tb.Helper()
	var text bytes.Buffer
	if err := e.WriteText(&text); err != nil {
		tb.Fatal(err)
	}
	return text.String()
}

// Check checks that the text is well-formed, and that Gather and a protobuf
// scrape have the same families, series and values. It returns what Gather
// returns, by name.
func Check(tb testing.TB, e *metric.Exposition) map[string]*dto.MetricFamily {
	tb.Helper()
	text := Text(tb, e)
	if !utf8.ValidString(text) {
		tb.Fatal("the text is not valid UTF-8")
	}
	if again := Text(tb, e); again != text {
		tb.Errorf("the text is\n%s\nat first and\n%s\nthe second time", text, again)
	}
	checkLines(tb, text)
	gathered := e.Gather()
	want := canonical(tb, gathered)
	if !slices.IsSortedFunc(gathered, byName) {
		tb.Error("the families of Gather are not sorted by name")
	}
	if got := canonical(tb, slices.SortedFunc(maps.Values(Parse(tb, text)), byName)); got != want {
		tb.Errorf("the text has\n%s\nGather has\n%s", got, want)
	}
	if got := canonical(tb, throughProtobuf(tb, gathered)); got != want {
		tb.Errorf("a protobuf scrape has\n%s\nGather has\n%s", got, want)
	}
	families := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		families[f.GetName()] = f
	}
	return families
}

// Parse parses the text format as Prometheus does, with legacy names only.
func Parse(tb testing.TB, text string) map[string]*dto.MetricFamily {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("the text cannot be parsed: %v\n%s", err, text)
	}
	return families
}

func byName(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) }

// checkLines finds errors that parsers accept: duplicate series and headers, and
// families that are not sorted. Those of client_golang come last and are not
// checked for order.
func checkLines(tb testing.TB, text string) {
	tb.Helper()
	seen := map[string]bool{}
	var names []string
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			tb.Errorf("the last line does not end: %q", line)
		}
		key := line[:strings.LastIndexByte(line, ' ')+1]
		if help, ok := strings.CutPrefix(line, "# HELP "); ok {
			key, _, _ = strings.Cut(help, " ")
			if !strings.HasPrefix(key, "go_") && !strings.HasPrefix(key, "process_") {
				names = append(names, key)
			}
		}
		if seen[key] {
			tb.Errorf("%q is a duplicate", key)
		}
		seen[key] = true
	}
	if !slices.IsSorted(names) {
		tb.Errorf("the families are not sorted: %q", names)
	}
}

// throughProtobuf writes and reads families as a protobuf scrape does.
func throughProtobuf(tb testing.TB, families []*dto.MetricFamily) []*dto.MetricFamily {
	tb.Helper()
	format := expfmt.NewFormat(expfmt.TypeProtoDelim)
	var wire bytes.Buffer
	encoder := expfmt.NewEncoder(&wire, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			tb.Fatalf("family %s as protobuf: %v", f.GetName(), err)
		}
	}
	decoder := expfmt.NewDecoder(&wire, format)
	var read []*dto.MetricFamily
	for {
		f := &dto.MetricFamily{}
		if err := decoder.Decode(f); errors.Is(err, io.EOF) {
			return read
		} else if err != nil {
			tb.Fatalf("protobuf: %v", err)
		}
		read = append(read, f)
	}
}

// canonical formats families for comparison. It keeps the order of series and
// sorts labels, whose order is not significant.
func canonical(tb testing.TB, families []*dto.MetricFamily) string {
	tb.Helper()
	var text bytes.Buffer
	for _, f := range families {
		for _, m := range f.GetMetric() {
			slices.SortFunc(m.GetLabel(), func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		}
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			tb.Fatalf("family %s: %v", f.GetName(), err)
		}
	}
	return text.String()
}
