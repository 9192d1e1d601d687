package accesslog

import (
	"errors"
	"fmt"
	"strings"
)

// Compile returns the parser of a log_format. It fails if the format has no
// $status, or if values cannot be told apart.
func Compile(o Options) (*Format, error) {
	t, err := o.read()
	if err != nil {
		return nil, err
	}
	prefix, all, err := pieces(t.text)
	if err != nil {
		return nil, err
	}
	f := &Format{prefix: prefix, escape: t.escape, unknown: t.escape.unknown(), steps: newSteps(all, t.escape)}
	f.assign()
	if !f.fields.Has(FieldStatus) {
		return nil, errors.New("the log_format has no $status that is separated from other variables: responses cannot be counted")
	}
	for i := range f.steps {
		s := &f.steps[i]
		if s.charset == list && s.set != nil && (strings.HasPrefix(s.until, comma) || strings.HasPrefix(s.until, redirect)) {
			return nil, fmt.Errorf("the log_format has %q after $%s, which also separates the upstream servers of a request", s.until, s.name)
		}
	}
	if err := f.checkExample(all); err != nil {
		return nil, err
	}
	f.notes = append(f.ambiguities(), f.lacking()...)
	return f, nil
}

// newSteps returns a step per variable. Variables without a text between them are
// skipped together, since it is unknown where the first one ends.
func newSteps(all []piece, e escape) []step {
	known := variables()
	var steps []step
	for i, p := range all {
		v := known[p.variable]
		s := step{name: p.variable, charset: v.charset, until: p.literal, fields: v.fields, set: v.set}
		if n := len(steps) - 1; n >= 0 && steps[n].until == "" {
			s.name, s.charset, s.fields, s.set = steps[n].name+"$"+s.name, anyText, 0, nil
			steps = steps[:n]
		}
		if last := i == len(all)-1; last || s.until != "" {
			s.ending = s.findEnding(last, e)
		}
		steps = append(steps, s)
	}
	for i := range len(steps) - 1 {
		s, next := &steps[i], &steps[i+1]
		if next.charset != number {
			continue
		}
		if s.next = next; (s.ending == atText || s.ending == atByte) && !s.closed(e) {
			s.ending = beforeNumber
		}
	}
	return steps
}

// assign selects the variable that sets each field. The others are skipped.
func (f *Format) assign() {
	for field := Field(1); field != 0; field <<= 1 {
		best := f.best(field)
		if best < 0 {
			continue
		}
		f.fields |= field
		for i := range f.steps {
			if i != best {
				f.steps[i].fields &^= field
			}
		}
	}
	for i := range f.steps {
		s := &f.steps[i]
		s.optional = s.fields&(FieldStatus|FieldServer) == 0
		if s.fields == 0 {
			s.set = nil
		}
	}
}

// best returns the step that is the best source of a field, -1 if there is none.
func (f *Format) best(field Field) int {
	known := variables()
	best := -1
	for i := range f.steps {
		s := &f.steps[i]
		if s.fields.Has(field) && (best < 0 || known[s.name].rank < known[f.steps[best].name].rank) {
			best = i
		}
	}
	return best
}

// checkExample parses the line that the format makes of usual values.
func (f *Format) checkExample(all []piece) error {
	known := variables()
	var line strings.Builder
	line.WriteString(f.prefix)
	for _, p := range all {
		v := known[p.variable]
		switch {
		case v.fields.Has(FieldStatus):
			line.WriteString("200")
		case v.fields.Has(FieldMethod | FieldURI):
			line.WriteString("GET / HTTP/1.1")
		case v.fields.Has(FieldCode):
			line.WriteString("502, 200")
		case v.charset == list:
			line.WriteString("0.000, 0.001")
		case v.charset == number:
			line.WriteString("0")
		default:
			line.WriteString("x")
		}
		line.WriteString(p.literal)
	}
	if err := f.Explain([]byte(line.String())); err != nil {
		return fmt.Errorf("the log_format is ambiguous, its own example %q does not fit: %w", line.String(), err)
	}
	return nil
}

// ambiguities says which values clients can shift or cut.
func (f *Format) ambiguities() []string {
	var notes []string
	open := "" // the variable whose end is uncertain, and so is the place of the next values
	for i := range f.steps {
		s := &f.steps[i]
		if strings.Contains(s.name, "$") {
			notes = append(notes, fmt.Sprintf("$%s are not read: nothing separates them", strings.ReplaceAll(s.name, "$", ", $")))
		}
		if open != "" && s.set != nil {
			notes = append(notes, fmt.Sprintf("$%s may be wrong: a $%s that clients send can have the same text as the format has after it", s.name, open))
		}
		switch {
		case s.ending != atEnd && !s.closed(f.escape):
			open = s.name
		case f.escape.separates(s.until):
			open = "" // the text is not part of any value, so that it is found wherever the search begins
		}
	}
	return notes
}

// closed reports whether the value cannot contain the text after it.
func (s *step) closed(e escape) bool {
	first := s.until[0]
	switch s.charset {
	case number, list:
		return strings.IndexByte("0123456789.-", first) < 0
	case token:
		return first <= ' ' || strings.IndexByte(`",;|`, first) >= 0 || first == ']' && s.name != "host" || e.excludes(first)
	case clock:
		return first == ']' || first == '"'
	case anyText:
	}
	return e.separates(s.until)
}

// lacking says what is not measured.
func (f *Format) lacking() []string {
	const times = FieldConnectTime | FieldHeaderTime | FieldResponseTime
	var notes []string
	for _, lack := range []struct {
		is   bool
		note string
	}{
		{!f.fields.Has(FieldServer), "no $server_name: the servers of nginx are counted together"},
		{!f.fields.Has(FieldMethod), "no $request_method or $request: methods are not counted"},
		{!f.fields.Has(FieldRequestTime), "no $request_time: request durations are not measured"},
		{!f.fields.Has(FieldBytesIn), "no $request_length: received bytes are not counted"},
		{!f.fields.Has(FieldBytesOut), "no $bytes_sent: sent bytes are not counted"},
		{f.uses("body_bytes_sent"), "$body_bytes_sent and no $bytes_sent: sent bytes do not include response headers"},
		{!f.fields.Has(FieldCode), "no $upstream_status: responses of upstreams are not counted"},
		{f.fields&times == 0, "no $upstream_response_time: durations of upstreams are not measured"},
		{f.fields&(FieldCode|times) != 0 && !f.fields.Has(FieldUpstream), "no $proxy_host: upstreams are counted together"},
		{!f.fields.Has(FieldCache), "no $upstream_cache_status: cache statuses are not counted"},
	} {
		if lack.is {
			notes = append(notes, lack.note)
		}
	}
	return notes
}

// uses reports whether the format reads the variable.
func (f *Format) uses(variable string) bool {
	for i := range f.steps {
		if f.steps[i].name == variable && f.steps[i].set != nil {
			return true
		}
	}
	return false
}
