package stubstatus_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"nginx-exporter/client/stubstatus"
)

// FuzzParse writes seven numbers into a page whose separators, line ends
// and length are chosen as well. What can be read must be those numbers: a
// shifted, cut or wrapped one would be wrong data.
func FuzzParse(f *testing.F) {
	seed := func(n [7]uint64, between, end, later string, cut uint16) {
		f.Add(n[0], n[1], n[2], n[3], n[4], n[5], n[6], between, end, later, cut)
	}
	seed([7]uint64{291, 16630948, 16630946, 31070465, 6, 179, 106}, " ", " \n", "", 0)
	seed([7]uint64{1, 2, 2, 13, 0, 1, 1448}, "\t", "\r\n", "later: 1\n", 0)
	seed([7]uint64{1, 2, 2, 13, 0, 1, 1448}, " ", " \n", "", 4) // within the last number
	seed([7]uint64{1, 2, 2, 13, 0, 1, 1448}, " ", " \n", "", 1) // after its blank
	seed([7]uint64{0, math.MaxUint64, 1 << 63, 1<<53 + 1, 1<<63 - 1, 1 << 63, math.MaxUint64}, "  ", "\n", "\n", 0)
	seed([7]uint64{5, 4, 3, 2, 1, 0, 9}, " 7 ", " 8\n", "Waiting: 1", 0)
	f.Fuzz(func(t *testing.T, active, accepted, handled, requests, reading, writing, waiting uint64, between, end, later string, cut uint16) {
		numbers := []uint64{active, accepted, handled, requests, reading, writing, waiting}
		whole := stubPage(numbers, between, end)
		body := whole + later
		body = body[:max(0, len(body)-int(cut))]
		got, err := stubstatus.Parse([]byte(body))
		if err != nil {
			if got != nil {
				t.Errorf("%q: both %s and error %v", body, show(got), err)
			}
			if plain(between, end) && strings.HasPrefix(body, whole) {
				t.Errorf("%q is whole, but refused: %v", body, err)
			}
			return
		}
		if strings.ContainsAny(between+end, "0123456789:\n") && !plain(between, end) {
			return // it may have become another page
		}
		want := statusOf(gaugeOf(active), float64(accepted), float64(handled), float64(requests),
			gaugeOf(reading), gaugeOf(writing), gaugeOf(waiting))
		if *got != want {
			t.Errorf("%q gives %s; want %s", body, show(got), show(&want))
		}
	})
}

// stubPage is the page of these numbers, with one text between words and one
// at the end of each line.
func stubPage(numbers []uint64, between, end string) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatUint(n, 10)
	}
	return "Active connections: " + texts[0] + end +
		strings.Join([]string{"server", "accepts", "handled", "requests"}, between) + end +
		between + strings.Join(texts[1:4], between) + end +
		strings.Join([]string{"Reading:", texts[4], "Writing:", texts[5], "Waiting:", texts[6]}, between) + end
}

// plain reports whether a page with these separators is one that must be read.
func plain(between, end string) bool {
	end, ends := strings.CutSuffix(end, "\n")
	return ends && between != "" && strings.Trim(between+strings.TrimSuffix(end, "\r"), " \t") == ""
}

// gaugeOf is the expected value of a gauge, -1 for one that was negative.
func gaugeOf(n uint64) float64 {
	if n > math.MaxInt64 {
		return -1
	}
	return float64(n)
}
