package inject

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// text is a string with the offsets of its lines.
type text struct {
	s      string
	starts []int // offsets of the lines
}

func newText(s string) text {
	t := text{s: s, starts: []int{0}}
	for i := 0; i < len(s); {
		width := lineBreak(s[i:])
		if width == 0 {
			i++
			continue
		}
		i += width
		t.starts = append(t.starts, i)
	}
	return t
}

// lineBreak returns the length of the line break at the start of s, 0 for none. The YAML parser also counts lines at the
// line breaks of Unicode.
func lineBreak(s string) int {
	switch s[0] {
	case '\n':
		return 1
	case '\r':
		if strings.HasPrefix(s, "\r\n") {
			return 2
		}
		return 1
	case 0xC2:
		if strings.HasPrefix(s, "\u0085") {
			return 2
		}
	case 0xE2:
		if strings.HasPrefix(s, "\u2028") || strings.HasPrefix(s, "\u2029") {
			return 3
		}
	}
	return 0
}

// lines returns the number of lines. Text after the last line break counts, if there is any.
func (t *text) lines() int {
	if t.starts[len(t.starts)-1] == len(t.s) {
		return len(t.starts) - 1
	}
	return len(t.starts)
}

// start returns the offset of a line, counted from 0.
func (t *text) start(line int) int {
	if line >= len(t.starts) {
		return len(t.s)
	}
	return t.starts[line]
}

// end returns the offset after the line break of a line.
func (t *text) end(line int) int { return t.start(line + 1) }

// line returns a line without its line break.
func (t *text) line(line int) string {
	full := t.s[t.start(line):t.end(line)]
	return full[:len(full)-len(breakOf(full))]
}

// lineOf returns the line of an offset.
func (t *text) lineOf(offset int) int {
	return sort.SearchInts(t.starts, offset+1) - 1
}

// offset returns the offset of a line and a column of the parser, which counts characters, both from 1.
func (t *text) offset(line, column int) int {
	i := t.start(line - 1)
	for range column - 1 {
		if i >= len(t.s) {
			break
		}
		_, width := utf8.DecodeRuneInString(t.s[i:])
		i += width
	}
	return i
}

// breakOf returns the line break at the end of a line, empty for none.
func breakOf(line string) string {
	for _, s := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if strings.HasSuffix(line, s) {
			return s
		}
	}
	return ""
}

// eol returns the line break that is used near a line.
func (t *text) eol(line int) string {
	for _, l := range []int{line, line - 1, 0} {
		if l < 0 {
			continue
		}
		switch s := breakOf(t.s[t.start(l):t.end(l)]); s {
		case "\n", "\r\n", "\r":
			return s
		}
	}
	return "\n"
}

// indent returns the number of blanks at the start of a line.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// split splits a stream where its documents begin. Joined, the parts are the stream again. Comments and directives between
// documents belong to the document before them, except after "...".
func split(s string) []string {
	t := newText(s)
	var parts []string
	from, empty := 0, true
	for l := range t.lines() {
		line := t.line(l)
		switch {
		case isMark(line, "---"):
			if !empty {
				parts = append(parts, s[from:t.start(l)])
				from = t.start(l)
			}
			empty = false
		case isMark(line, "...") && empty && len(parts) > 0:
			parts[len(parts)-1] += s[from:t.end(l)]
			from = t.end(l)
		case isMark(line, "..."):
			parts = append(parts, s[from:t.end(l)])
			from, empty = t.end(l), true
		default:
			bare := strings.TrimSpace(line)
			empty = empty && (bare == "" || bare[0] == '#' || bare[0] == '%')
		}
	}
	if from < len(s) || len(parts) == 0 {
		parts = append(parts, splitJSON(s[from:])...)
	}
	return parts
}

// splitJSON splits JSON objects that follow one another without marks, each on separate lines, as jq writes them and
// kubectl reads them.
func splitJSON(s string) []string {
	var parts []string
	t := newText(s)
	from, at := 0, len(s)-len(strings.TrimLeft(s, blanks))
	for at < len(s) && s[at] == '{' {
		end := t.closing(at) + 1
		if end == 0 {
			break
		}
		next := len(s) - len(strings.TrimLeft(s[end:], blanks))
		if next == len(s) || s[next-1] != '\n' {
			break
		}
		parts = append(parts, s[from:next])
		from, at = next, next
	}
	return append(parts, s[from:])
}

// blanks may surround JSON objects.
const blanks = " \t\r\n"

// isMark reports whether a line is the mark "---" or "...", which is one even in a block scalar.
func isMark(line, mark string) bool {
	rest, found := strings.CutPrefix(line, mark)
	return found && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}
