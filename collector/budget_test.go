package collector

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"nginx-exporter/client/value"
)

// peers makes documents like those of an upstream's peers.
func peers(n int) []*thing {
	list := make([]*thing, n)
	for i := range list {
		list[i] = &thing{
			peer: fmt.Sprintf("10.0.%d.%d:8080", i/256, i%256), zone: "shop",
			figure: value.Of(float64(31070465 + i)), good: value.Of(float64(i)), bad: value.Of(0.5),
			codes: []thingCode{{"200", float64(i)}, {"404", 1}, {"502", 2}}, times: things()[0].times,
		}
	}
	return list
}

// peerTable has rows of every kind, and labels as they are in real tables.
func peerTable() *table[*thing] {
	t := thingTable("code")
	for i := range t.rows {
		if t.rows[i].name == "parts" {
			t.rows[i].parts[1].label = "bad"
		}
	}
	return t
}

// rowOf returns what renders the family of that name once more, into memory
// that is there already.
func rowOf(tb testing.TB, page *Page, name string) func() {
	tb.Helper()
	for i := range page.collector.families {
		if f := &page.collector.families[i]; f.Name == name {
			block := page.blocks[f.table][0]
			buffer, _, _ := block.block.appendText(nil, f.Name, f.row, 0)
			if len(buffer) == 0 {
				tb.Fatalf("%s makes no lines", name)
			}
			return func() { buffer, _, _ = block.block.appendText(buffer[:0], f.Name, f.row, 0) }
		}
	}
	tb.Fatalf("there is no family %s", name)
	return nil
}

// A page of a hundred thousand series is made without an object for each: what
// a row allocates does not grow with the number of its series.
func TestRowAllocations(t *testing.T) {
	const runs, few, many = 50, 10, 1000
	target := []Label{{"addr", "http://web1:8080/stub_status"}}
	for name, most := range map[string]float64{
		"test_plain": 0, "test_inner_lifted": 0, "test_parts": 12, "test_each": 12, "test_times_seconds": 12,
	} {
		for _, n := range []int{few, many} {
			row := rowOf(t, pageOf(peerTable(), target, peers(n)...), name)
			if got := testing.AllocsPerRun(runs, row); got > most {
				t.Errorf("%s of %d objects takes %v allocations; at most %v are wanted", name, n, got, most)
			}
		}
	}
}

// Every row of every table that has neither a further label nor buckets is
// rendered without an allocation.
func TestPlainRowsDoNotAllocate(t *testing.T) {
	all := documents(t)
	for _, table := range newTables(&Options{}).all {
		page := walk(t, table).filled(all, []Label{{"addr", "a"}})
		for i, d := range table.descs() {
			if label, _ := walk(t, table).known(i); label != "" || d.Kind == Histogram {
				continue
			}
			if got := testing.AllocsPerRun(50, rowOf(t, page, d.Name)); got > 0 {
				t.Errorf("%s takes %v allocations a row", d.Name, got)
			}
		}
	}
}

func TestTextOfSidecarPageAllocations(t *testing.T) {
	// One more than what the page needs, since the buffer is lent from a pool
	// that may be emptied at any time.
	const most = 3
	page := scrape(t, Options{}, start(t, says("nginx/1.29.1", plainPage)).options(t))
	got := testing.AllocsPerRun(200, func() {
		if err := page.WriteText(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
	if got > most {
		t.Errorf("writing the page takes %v allocations; at most %v are wanted", got, most)
	}
}

// errWriter fails after some bytes.
type errWriter struct{ left int }

var errFull = errors.New("full")

func (w *errWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

// The pages are much longer than the buffer, which is written in pieces.
func TestLongPages(t *testing.T) {
	const many = 2000
	page := pageOf(peerTable(), nil, peers(many)...)
	for range 2 { // the second time with the buffers of the first
		families := checkRenderers(t, page)
		if got := len(families["test_each"].GetMetric()); got != 3*many {
			t.Fatalf("%d series of test_each; want %d", got, 3*many)
		}
	}
	whole := len(textOf(t, page))
	for _, left := range []int{0, flushAt, whole - 1} {
		if err := page.WriteText(&errWriter{left}); err == nil {
			t.Errorf("a writer that fails after %d of %d bytes makes no error", left, whole)
		}
	}
	if err := page.WriteText(&errWriter{whole}); err != nil {
		t.Error(err)
	}
}

func TestFullPageIsWrittenOrFails(t *testing.T) {
	page := scrape(t, Options{ExporterMetrics: MetricsFull})
	ours := len(textOf(t, &Page{collector: page.collector, blocks: page.blocks, process: nil}))
	if err := page.WriteText(&errWriter{ours}); err == nil {
		t.Error("a writer that fails at the metrics of the process makes no error")
	}
}
