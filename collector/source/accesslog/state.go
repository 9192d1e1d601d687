package accesslog

import (
	"time"

	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// state is the state of a log for its own metrics.
type state struct {
	name   string
	input  input.Stats
	counts counts
}

// addState adds the metrics of the log itself.
func (s *Source) addState(b *metric.Batch, stats input.Stats) {
	metric.Add(b, s.state, &state{name: s.options.Name, input: stats, counts: counts{
		parsed: s.counts.parsed, failed: s.counts.failed, excluded: s.counts.excluded, limited: s.counts.limited, sets: s.counts.sets,
	}})
}

func newStateTable() *metric.Table[*state] {
	counter := func(n uint64) value.Value { return value.Of(float64(n)) }
	optional := func(n uint64, has bool) value.Value {
		if !has {
			return value.Value{}
		}
		return counter(n)
	}
	positive := func(n int64) value.Value {
		if n <= 0 {
			return value.Value{}
		}
		return value.Of(float64(n))
	}
	return metric.NewTable("access log", "nginx_exporter_log_", []metric.Row[*state]{
		metric.Gauge("allocated_bytes", "Space of the access log on disk.",
			func(s *state) value.Value { return positive(s.input.Allocated) }),
		metric.Gauge("buffer_bytes", "Size of the receive buffer of the socket.",
			func(s *state) value.Value { return positive(s.input.Buffer) }),
		metric.Counter("bytes_total", "Bytes read from the access log.",
			func(s *state) value.Value { return counter(s.input.Bytes) }),
		metric.Counter("dropped_total", "Log messages that the kernel dropped because the buffer of the socket was full.",
			func(s *state) value.Value { return optional(s.input.Dropped, s.input.HasDropped) }),
		metric.Gauge("lag_bytes", "Bytes of the access log that are not read yet.",
			func(s *state) value.Value { return value.Of(float64(s.input.Backlog)) }),
		metric.Gauge("last_line_timestamp_seconds", "When the last line was read, in Unix time.",
			func(s *state) value.Value {
				if s.input.LastLine.IsZero() {
					return value.Value{}
				}
				return value.Of(float64(s.input.LastLine.UnixMilli()) / float64(time.Second/time.Millisecond))
			}),
		metric.Counter("lines_excluded_total", "Lines not counted because of an exclusion.",
			func(s *state) value.Value { return counter(s.counts.excluded) }),
		metric.CounterVec("lines_failed_total", "Lines not counted, by reason.", "reason",
			metric.Labelled("format", func(s *state) value.Value { return counter(s.counts.failed) })),
		metric.Counter("lines_oversized_total", "Lines above the maximum length, which a file skips and a socket cuts.",
			func(s *state) value.Value { return counter(s.input.Oversized) }),
		metric.Counter("lines_total", "Lines read from the access log.",
			func(s *state) value.Value { return counter(s.counts.parsed + s.counts.failed) }),
		metric.Counter("rotated_total", "How often the file of the access log was replaced.",
			func(s *state) value.Value { return counter(s.input.Rotated) }),
		metric.Gauge("series", "Combinations of label values that are counted.",
			func(s *state) value.Value { return value.Of(float64(s.counts.sets)) }),
		metric.Counter("series_limited_total", "Lines counted with the value other because there were too many combinations of label values.",
			func(s *state) value.Value { return counter(s.counts.limited) }),
		metric.Counter("truncated_total", "How often lines may have been lost because the file was truncated.",
			func(s *state) value.Value { return counter(s.input.Truncated) }),
	}, metric.LabelFrom("log", func(s *state) string { return s.name }))
}
