package accesslog

import (
	"bytes"
	"strings"
	"testing"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
)

// FuzzCount counts any lines: whatever they are, no two series have the same labels,
// sums are the number of lines, and Prometheus accepts the result.
func FuzzCount(f *testing.F) {
	f.Add(strings.Join(corpus(f, "nginx_exporter")[9:13], "\n"))
	f.Add(strings.Join(generate(f, accesslog.Own, 3), "\n"))
	f.Add(own(`\xFF`, "GET", "200", "0.001", `\xFE, \xFF`, "200", "0.001", `\x0A`, "/") + "\n" +
		own("other", "other", "999", "0.001", "other", "-, 200 : -", "0.001", "other", "/"))
	f.Fuzz(func(t *testing.T, text string) {
		const most = 8
		s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{MaxSeries: most, MethodDurations: true})
		s.deliver(bytes.Split([]byte(text), []byte("\n")))
		b := metric.NewBatch(nil)
		if err := s.Collect(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if b.Duplicates > 0 || b.Invalid > 0 || b.Cut > 0 || s.counts.sets > most {
			t.Errorf("%d series with the same labels, %d invalid, %d cut, %d sets", b.Duplicates, b.Invalid, b.Cut, s.counts.sets)
		}
		e := &metric.Exposition{}
		e.Add(b)
		total := 0.0
		for _, m := range oracle.Check(t, e)["nginx_http_responses_total"].GetMetric() {
			total += m.Counter.GetValue()
		}
		if total != float64(s.counts.parsed) {
			t.Errorf("%v responses of %d lines", total, s.counts.parsed)
		}
	})
}
