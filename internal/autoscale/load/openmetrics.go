package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// openMetrics reads one series of an OpenMetrics file with timestamps, such as that
// of promtool tsdb dump-openmetrics. Counters are recognized by their type.
//
// See https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md.
func (f File) openMetrics(name string, from io.Reader) (*Load, error) {
	e := exposition{counters: map[string]bool{}, always: f.Counter}
	if err := e.choose(f.Series); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	return newLoad(name, func() (sample, error) {
		for lines.Scan() {
			e.line++
			s, found, err := e.read(strings.TrimSpace(lines.Text()))
			if err != nil {
				return s, fmt.Errorf("line %d: %w", e.line, err)
			}
			if found {
				return s, nil
			}
		}
		if err := lines.Err(); err != nil {
			return sample{}, fmt.Errorf("line %d: %w", e.line+1, err)
		}
		if e.series == "" && f.Series != "" {
			return sample{}, fmt.Errorf("the file has no series %q", f.Series)
		}
		return sample{}, io.EOF
	}), nil
}

// exposition is the state of reading a file.
type exposition struct {
	name     string          // that was chosen, empty for any
	labels   []string        // that were chosen, such as pod="a"
	counters map[string]bool // by name
	always   bool            // take all series as counters
	series   string          // that is read
	line     int
}

// choose parses the choice of a series, such as requests_total{pod="a"}.
func (e *exposition) choose(series string) error {
	if series == "" {
		return nil
	}
	p, err := split(series + " 0")
	if err != nil {
		return fmt.Errorf("--series=%s is not a series: use a name, or NAME{LABEL=\"VALUE\"}", shorten(series))
	}
	e.name, e.labels = p.name, splitLabels(p.labels)
	return nil
}

// maxCounters bounds the memory for types.
const maxCounters = 10000

// read reads a line, and returns its sample if it is of the chosen series.
func (e *exposition) read(line string) (s sample, found bool, err error) {
	if name, isType := strings.CutPrefix(line, "# TYPE "); isType {
		name, counter := strings.CutSuffix(name, " counter")
		if counter && len(e.counters) < maxCounters {
			e.counters[name] = true
		}
	}
	if line == "" || line[0] == '#' {
		return s, false, nil
	}
	p, err := split(line)
	if err != nil {
		return s, false, err
	}
	if !e.chosen(p) {
		return s, false, nil
	}
	switch series := p.name + "{" + p.labels + "}"; e.series {
	case series:
	case "":
		e.series = series
	default:
		return s, false, fmt.Errorf("the file has several series, such as %s and %s: select one with --series",
			shorten(strings.TrimSuffix(e.series, "{}")), shorten(strings.TrimSuffix(series, "{}")))
	}
	s, err = e.sample(p)
	return s, err == nil, err
}

// chosen reports whether the series of a sample is to be read.
func (e *exposition) chosen(p parts) bool {
	if strings.HasSuffix(p.name, "_created") && e.counters[strings.TrimSuffix(p.name, "_created")] {
		return false
	}
	if e.name != "" && p.name != e.name {
		return false
	}
	have := splitLabels(p.labels)
	for _, label := range e.labels {
		if !slices.Contains(have, label) {
			return false
		}
	}
	return true
}

func (e *exposition) sample(p parts) (s sample, err error) {
	s.where = "line " + strconv.Itoa(e.line)
	s.counter = e.always || e.counters[p.name] || e.counters[strings.TrimSuffix(p.name, "_total")]
	if p.at == "" {
		return s, errors.New("the sample has no timestamp: one scrape is not a series over time")
	}
	at, err := strconv.ParseFloat(p.at, 64)
	if err != nil {
		return s, fmt.Errorf("%q is not a timestamp", shorten(p.at))
	}
	if s.at, err = unix(at); err != nil {
		return s, err
	}
	s.value, err = parseValue(p.value)
	return s, err
}

// parts are the parts of a sample, as they are written.
type parts struct{ name, labels, value, at string }

// split splits a line into its parts. An exemplar is left out.
func split(line string) (parts, error) {
	broken := fmt.Errorf("%q is not a sample of OpenMetrics", shorten(line))
	var p parts
	end := strings.IndexAny(line, "{ \t")
	if end <= 0 {
		return p, broken
	}
	p.name, line = line[:end], line[end:]
	if line[0] == '{' {
		end := unquoted(line, '}')
		if end < 0 {
			return p, broken
		}
		p.labels, line = line[1:end], line[end+1:]
	}
	line, _, _ = strings.Cut(line, " # ")
	fields := strings.Fields(line)
	if len(fields) == 0 || len(fields) > 2 {
		return p, broken
	}
	p.value = fields[0]
	if len(fields) == 2 {
		p.at = fields[1]
	}
	return p, nil
}

// splitLabels splits labels at their commas.
func splitLabels(text string) []string {
	var list []string
	for text != "" {
		label, rest := text, ""
		if end := unquoted(text, ','); end >= 0 {
			label, rest = text[:end], text[end+1:]
		}
		if label = strings.TrimSpace(label); label != "" {
			list = append(list, label)
		}
		text = rest
	}
	return list
}

// unquoted returns the index of the first c outside of quotes, or -1.
func unquoted(text string, c byte) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == c && !quoted:
			return i
		}
	}
	return -1
}
