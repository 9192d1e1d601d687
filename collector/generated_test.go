package collector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// generator makes objects that are hard to write, the same ones each time.
type generator struct{ *rand.Rand }

func (g generator) text() string {
	pieces := []string{
		"a", "Z", " ", `\`, `"`, "\n", "\r", "\x00", "{", "}", ",", "=", "#", "é", "世", "\u2028", "\xff", "\xc3", "\xed\xa0\x80", "\ufffd",
	}
	var text strings.Builder
	for range g.IntN(6) {
		text.WriteString(pieces[g.IntN(len(pieces))])
	}
	return text.String()
}

func (g generator) number() value.Value {
	special := []float64{
		0, math.Copysign(0, -1), 1, -1, 0.1, 1e21, -1e-7, 1 << 53, 1<<53 + 2, -(1 << 53), math.MaxUint64, math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(), math.Pi, 123456789.125,
	}
	if g.IntN(2) == 0 {
		return value.Of(special[g.IntN(len(special))])
	}
	return value.Of(math.Float64frombits(g.Uint64()))
}

// histogram is one as the client makes it: bounds in order, whole counts.
func (g generator) histogram() *plus.Histogram {
	h := &plus.Histogram{Sum: value.Of(g.Float64() * 1e9)}
	bound := g.Float64()
	for range g.IntN(8) {
		h.Bounds, h.Counts = append(h.Bounds, bound), append(h.Counts, float64(g.IntN(1<<40)))
		bound *= 1 + g.Float64()*10
	}
	if g.IntN(2) == 0 {
		h.Bounds, h.Counts = append(h.Bounds, math.Inf(1)), append(h.Counts, float64(g.IntN(100)))
	}
	return h
}

func (g generator) thing() *thing {
	t := &thing{peer: g.text(), zone: g.text(), figure: g.number(), good: g.number(), bad: g.number(), times: g.histogram()}
	for i := range g.IntN(4) {
		t.codes = append(t.codes, thingCode{fmt.Sprint(i, g.text()), g.NormFloat64() * 1e6})
	}
	return t
}

func (g generator) target() []Label {
	names := []string{"a", "addr", "code", "env", bucketLabel, "peer", "quantile", "zone", "zz"}
	var labels []Label
	for _, name := range names {
		if g.IntN(3) == 0 {
			labels = append(labels, Label{name, g.text()})
		}
	}
	g.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	return labels
}

// Whatever stands in documents and configuration, the page is well-formed, and
// all renderers say the same.
func TestRenderersAgreeOnGeneratedPages(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	const pages, most = 300, 6
	lines := 0
	for range pages {
		objects := make([]*thing, g.IntN(most))
		for i := range objects {
			objects[i] = g.thing()
		}
		further := []string{"area", "code", "quality", "zzz"}[g.IntN(4)]
		page := pageOf(thingTable(further), g.target(), objects...)
		checkRenderers(t, page)
		if t.Failed() {
			t.Fatalf("that was made of %d objects; the first is %+v", len(objects), *objects[0])
		}
		lines += page.blocks[0][0].block.series()
	}
	if lines < pages {
		t.Errorf("%d pages have %d series only", pages, lines)
	}
}
