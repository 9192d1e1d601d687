package web

import (
	"net/http/httptest"
	"testing"
	"time"
)

// timed is a response that records the deadlines of its writes.
type timed struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

// SetWriteDeadline is called by [http.ResponseController].
func (t *timed) SetWriteDeadline(deadline time.Time) error {
	t.deadline = deadline
	return nil
}

// Each piece of a response has a share of the timeout, the last one the rest.
func TestWriterDeadlines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ timeout, least, most time.Duration }{
		{30 * time.Second, 9 * time.Second, 10 * time.Second},
		{3 * time.Hour, 59 * time.Minute, time.Hour},
	} {
		ws, response := newWriters(1), &timed{ResponseRecorder: httptest.NewRecorder()}
		w := ws.begin(response, 1, c.timeout)
		before := time.Now()
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		after := time.Now()
		if response.deadline.Before(before.Add(c.least)) || response.deadline.After(after.Add(c.most)) {
			t.Errorf("timeout %s: the deadline of a piece is in %s", c.timeout, response.deadline.Sub(before))
		}
		w.end = time.Now()
		w.extend()
		if !response.deadline.Equal(w.end) {
			t.Errorf("timeout %s: the deadline of a piece is %s after the end", c.timeout, response.deadline.Sub(w.end))
		}
	}
}

// At the limits of number and size, the response that has been stalled longest is
// cut off, unless it has finished.
func TestWritersAreBounded(t *testing.T) {
	t.Parallel()
	ws := newWriters(1)
	ws.mostResponses, ws.mostRows = 3, 100
	begin := func(rows int) *writer {
		return ws.begin(&timed{ResponseRecorder: httptest.NewRecorder()}, rows, time.Hour)
	}
	a, b, c := begin(1), begin(1), begin(1)
	a.extend() // it goes on
	ws.finish(b)
	d := begin(1)
	wantCut(t, map[*writer]bool{a: false, b: false, c: false, d: false})
	c.progress = c.progress.Add(-time.Minute)
	e := begin(1)
	wantCut(t, map[*writer]bool{a: false, b: false, c: true, d: false, e: false})
	ws.finish(c) // again: it was removed already
	ws.finish(a)
	f := begin(1000) // the others are not stalled
	wantCut(t, map[*writer]bool{d: false, e: false, f: false})
	ws.finish(f)
	d.progress = d.progress.Add(-time.Minute)
	g := begin(1000)
	wantCut(t, map[*writer]bool{d: true, e: false, g: false})
	ws.finish(g)
	ws.finish(e)
	if ws.rows != 0 || len(ws.writing) != 0 {
		t.Errorf("%d rows of %d responses are left", ws.rows, len(ws.writing))
	}
}

func wantCut(tb testing.TB, want map[*writer]bool) {
	tb.Helper()
	for w, cut := range want {
		response, ok := w.ResponseWriter.(*timed)
		if !ok {
			tb.Fatalf("%T", w.ResponseWriter)
		}
		if past := response.deadline.Equal(time.Unix(1, 0)); w.cut != cut || past != cut {
			tb.Errorf("a response of %d rows is cut off: %t, and its deadline is past: %t; want %t", w.rows, w.cut, past, cut)
		}
		// It stays cut off when more is written.
		_, _ = w.Write([]byte("x")) // which a recorder accepts
		if past := response.deadline.Equal(time.Unix(1, 0)); past != cut {
			tb.Errorf("after a write the deadline of a response of %d rows is past: %t; want %t", w.rows, past, cut)
		}
	}
}
