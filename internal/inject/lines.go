package inject

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// text is what an editor would show: lines of which each keeps its end.
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

// lineBreak returns the length of the line break that s begins with, 0 for
// none. YAML's parser counts lines at the breaks of Unicode, too.
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

// lines is the number of lines; what follows the last line break is a line
// only when there is something.
func (t *text) lines() int {
	if t.starts[len(t.starts)-1] == len(t.s) {
		return len(t.starts) - 1
	}
	return len(t.starts)
}

// start and end are the offsets of a line, counted from 0; the end is that of
// its line break.
func (t *text) start(line int) int {
	if line >= len(t.starts) {
		return len(t.s)
	}
	return t.starts[line]
}

func (t *text) end(line int) int { return t.start(line + 1) }

// line is the text of a line without its end.
func (t *text) line(line int) string {
	full := t.s[t.start(line):t.end(line)]
	return full[:len(full)-len(breakOf(full))]
}

// lineOf is the line in which an offset is.
func (t *text) lineOf(offset int) int {
	return sort.SearchInts(t.starts, offset+1) - 1
}

// offset is where the parser's line and column, counted from 1, are. The
// parser counts characters.
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

// breakOf returns the line break that ends a line.
func breakOf(line string) string {
	for _, s := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if strings.HasSuffix(line, s) {
			return s
		}
	}
	return ""
}

// eol is how lines end around one of them.
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

// indent is the number of blanks that a line begins with.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// split parts a stream where its documents begin. All parts together are the
// stream; line breaks, comments and directives stay with the document that
// follows them only at the start of the stream and after "...".
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

// splitJSON parts objects of JSON that follow one another without marks, each
// on lines of its own, as jq writes them and kubectl reads them.
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

// blanks is what may stand around objects.
const blanks = " \t\r\n"

// isMark reports whether a line is "---" or "...", with whatever may follow.
// YAML takes it for one wherever it stands, in a block scalar too.
func isMark(line, mark string) bool {
	rest, found := strings.CutPrefix(line, mark)
	return found && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}
