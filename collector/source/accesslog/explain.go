package accesslog

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"nginx-exporter/collector/metric"
)

// Explain writes what lines become: the values of the first ones, why lines are not
// counted, and the metrics. It counts them, so the source must not be used
// otherwise.
func (s *Source) Explain(lines io.Reader, to io.Writer) error {
	const longest, shown, failures = 1 << 20, 20, 5 // bytes of a line; lines to show
	out := bufio.NewWriter(to)
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, longest)
	s.mu.Lock()
	defer s.mu.Unlock()
	number := 0
	for scanner.Scan() {
		number++
		text := scanner.Bytes()
		excluded := s.counts.excluded
		switch ok := s.counts.add(text); {
		case !ok && s.counts.failed <= failures:
			fmt.Fprintf(out, "line %d: not counted: %v\n", number, s.options.Format.Explain(text))
		case ok && s.counts.parsed <= shown && s.counts.excluded > excluded:
			fmt.Fprintf(out, "line %d: excluded: %v\n", number, &s.counts.record)
		case ok && s.counts.parsed <= shown:
			fmt.Fprintf(out, "line %d: %v\n", number, &s.counts.record)
		}
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d is longer than %d bytes", number+1, longest)
	case err != nil:
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	fmt.Fprintf(out, "%d lines: %d counted, %d excluded, %d do not match the format\n",
		number, s.counts.parsed-s.counts.excluded, s.counts.excluded, s.counts.failed)
	b, e := metric.NewBatch(nil), &metric.Exposition{}
	s.counts.addTo(b)
	e.Add(b)
	if err := e.WriteText(out); err != nil {
		return err
	}
	return out.Flush()
}
