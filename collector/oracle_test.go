package collector

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// The text renderer, Gather, and what a protobuf scrape makes of it say the
// same: names, help, types, labels and their order, values.
func TestRenderersAgree(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) { checkRenderers(t, s.page(t)) })
	}
}

// Rows of every kind, with the further label before, between and behind the
// labels of the object, for objects and targets whose labels are hard to write.
func TestRenderersAgreeOnEveryKindOfRow(t *testing.T) {
	for _, further := range []string{"area", "quality", "zone_code"} {
		for _, target := range [][]Label{
			nil,
			{{"addr", "http://web1:8080/"}},
			{{"addr", nasty}, {"queue", nasty}, {"zzz", ""}},
			{{"zone", "of the target"}, {"peer", "of the target"}, {further, "of the target"}, {"addr", "a"}},
		} {
			page := pageOf(thingTable(further), target, things()...)
			families := checkRenderers(t, page)
			const rows, objects = 7, 4
			if len(families) != rows {
				t.Errorf("%d families; want %d", len(families), rows)
			}
			if got := len(families["test_plain"].GetMetric()); got != objects {
				t.Errorf("test_plain has %d series; want one an object, %d", got, objects)
			}
			if got := len(families["test_parts"].GetMetric()); got != 2*objects-1 {
				t.Errorf("test_parts has %d series; want two an object less an absent one", got)
			}
		}
	}
}

// nasty is a label value with everything that needs care.
const nasty = "\\ \"q\" \n\r\t\x00 {a=\"b\"} # HELP \xff\xfe \xed\xa0\x80 größe \u2028 世界"

// thing is a document with everything that a row can be made of.
type thing struct {
	peer, zone string
	figure     value.Value
	good, bad  value.Value
	codes      []thingCode
	times      *plus.Histogram
}

type thingCode struct {
	code  string
	count float64
}

func things() []*thing {
	infinite := &plus.Histogram{
		Sum:    value.Of(12345.5),
		Bounds: []float64{5, 12.5, 1e6, math.Inf(1)}, Counts: []float64{3, 0, 1 << 40, 2},
	}
	finite := &plus.Histogram{Sum: value.Of(0), Bounds: []float64{0.001}, Counts: []float64{0}}
	return []*thing{
		{
			"10.0.0.1:80", "shop", value.Of(1), value.Of(2), value.Of(3),
			[]thingCode{{"200", 7}, {"499", 0}, {nasty, 1.5}},
			infinite,
		},
		{nasty, nasty, value.Of(math.MaxUint64), value.Of(0.1), value.Of(-3), []thingCode{{"", 1e300}}, finite},
		{"", "", value.Of(math.Inf(-1)), value.Of(1 << 53), value.Of(1<<53 + 2), nil, nil},
		{"unknown", "", value.Of(5e-324), value.Of(math.Inf(1)), value.Value{}, nil, &plus.Histogram{}},
	}
}

func thingTable(further string) *table[*thing] {
	figure := func(t *thing) value.Value { return t.figure }
	inner := lift(func(t *thing) *thing { return t },
		counter("lifted", "A row of a part.", figure),
		by(Gauge, "lifted_parts", "Rows of a part.", further, one("one", figure)),
		each(Gauge, "lifted_each", "Rows that a part names.", further,
			func(to []series, t *thing) []series { return append(to, series{label: t.zone, value: t.figure}) }),
	)
	rows := []row[*thing]{
		counter("plain", "A plain row.", figure),
		by(Counter, "parts", "Series that are known.", further,
			one("good", func(t *thing) value.Value { return t.good }),
			one(nasty, func(t *thing) value.Value { return t.bad })),
		each(Counter, "each", "Series that the document names.", further, func(to []series, t *thing) []series {
			for _, c := range t.codes {
				to = append(to, series{label: c.code, value: value.Of(c.count)})
			}
			return to
		}),
		{name: "times_seconds", help: "Times.", kind: Histogram, histogram: func(t *thing) *plus.Histogram { return t.times }},
	}
	return &table[*thing]{
		source: exporterSource,
		prefix: "test_",
		rows:   append(rows, prefixed("inner_", inner)...),
		labels: []string{"peer", "zone"},
		values: func(values []string, t *thing) []string { return append(values, t.peer, t.zone) },
	}
}

// pageOf returns a page of one table alone.
func pageOf[T any](t *table[T], target []Label, objects ...T) *Page {
	t.number(0)
	c := &Collector{layouts: []*layouts{t.layouts(target)}}
	for i, desc := range t.descs() {
		c.families = append(c.families, family{Desc: desc, head: desc.header(), row: i})
	}
	slices.SortFunc(c.families, func(a, b family) int { return strings.Compare(a.Name, b.Name) })
	page := c.newPage()
	bind := &binder{layouts: c.layouts}
	addTo(bind, t, objects...)
	page.add(bind.blocks)
	return page
}

// checkRenderers holds all renderings of a page equal and returns what Gather
// gives, by name.
func checkRenderers(tb testing.TB, page *Page) map[string]*dto.MetricFamily {
	tb.Helper()
	text := textOf(tb, page)
	if !utf8.ValidString(text) {
		tb.Fatal("the page is not valid UTF-8")
	}
	if again := textOf(tb, page); again != text {
		tb.Errorf("the page is\n%s\nat first and\n%s\nthe second time", text, again)
	}
	checkSeries(tb, text)
	gathered := page.Gather()
	parsed := parse(tb, text)
	sortByName := func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) }
	sent := throughProtobuf(tb, gathered)
	want := written(tb, gathered)
	if !slices.IsSortedFunc(gathered, sortByName) {
		tb.Error("families of Gather are not sorted by name")
	}
	if got := written(tb, slices.SortedFunc(maps.Values(parsed), sortByName)); got != want {
		tb.Errorf("the text says\n%s\nGather says\n%s", got, want)
	}
	if got := written(tb, sent); got != want {
		tb.Errorf("a protobuf scrape says\n%s\nGather says\n%s", got, want)
	}
	families := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		families[f.GetName()] = f
	}
	return families
}

// checkSeries sees to what parsers let pass: a series that is there twice, a
// family in two places, families that are not sorted. Those of MetricsFull
// come last, in an order of their own.
func checkSeries(tb testing.TB, text string) {
	tb.Helper()
	seen := map[string]bool{}
	var names []string
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			tb.Errorf("the last line is not ended: %q", line)
		}
		key := line[:strings.LastIndexByte(line, ' ')+1]
		if help, ok := strings.CutPrefix(line, "# HELP "); ok {
			key, _, _ = strings.Cut(help, " ")
			if !strings.HasPrefix(key, "go_") && !strings.HasPrefix(key, "process_") {
				names = append(names, key)
			}
		}
		if seen[key] {
			tb.Errorf("%q is there twice", key)
		}
		seen[key] = true
	}
	if !slices.IsSorted(names) {
		tb.Errorf("families are not sorted: %q", names)
	}
}

// parse reads a page as Prometheus does, names in the old form only.
func parse(tb testing.TB, text string) map[string]*dto.MetricFamily {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("the page cannot be parsed: %v\n%s", err, text)
	}
	return families
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

// written is a canonical form of families. It keeps the order of series and
// labels.
func written(tb testing.TB, families []*dto.MetricFamily) string {
	tb.Helper()
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			tb.Fatalf("family %s: %v", f.GetName(), err)
		}
	}
	return text.String()
}
