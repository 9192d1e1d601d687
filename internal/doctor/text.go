package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// style is the mark of a state and its color on a terminal.
type style struct{ mark, color string }

func styleOf(s State) style {
	const green, yellow, red = "32", "33", "31"
	switch s {
	case OK:
		return style{"✓", green}
	case Warning:
		return style{"!", yellow}
	case Waiting:
		return style{"…", yellow}
	case Failed:
		return style{"✗", red}
	case Unknown:
	}
	return style{"?", yellow}
}

// palette adds colors if it is true.
type palette bool

func (p palette) paint(color, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

const (
	bold  = "1"
	faint = "2"
)

// WriteText writes the report as a short tree, with colors if wanted.
func (r *Report) WriteText(w io.Writer, colors bool) error {
	t := tree{colors: palette(colors)}
	t.line("", t.colors.paint(bold, oneLine(r.Subject)))
	width := 0
	for _, step := range r.Steps {
		width = max(width, utf8.RuneCountInString(step.Name))
	}
	for i, step := range r.Steps {
		t.step(&step, width, i == len(r.Steps)-1)
	}
	t.line("", r.summary())
	_, err := io.WriteString(w, t.text.String())
	return err
}

func (r *Report) summary() string {
	switch r.Verdict() {
	case Healthy:
		for _, step := range r.Steps {
			if step.State == Warning {
				return "Everything works, with warnings."
			}
		}
		return "No problems found."
	case Pending:
		return "Not ready yet, which is normal at this point. Run doctor again, or use --watch."
	case Unhealthy:
		if r.Independent {
			return "Problem found. Fix it and run doctor again; it may hide others."
		}
		return "Problem found. Fix it and run doctor again; later steps were not checked."
	case Inconclusive:
	}
	return "Diagnosis could not be completed."
}

// tree collects the lines.
type tree struct {
	text   strings.Builder
	colors palette
}

func (t *tree) line(prefix, text string) {
	t.text.WriteString(strings.TrimRight(prefix+text, " ") + "\n")
}

func (t *tree) step(step *Step, width int, last bool) {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	style := styleOf(step.State)
	name := step.Name + strings.Repeat(" ", width-utf8.RuneCountInString(step.Name))
	t.line(branch, fmt.Sprintf("%s %s  %s", t.colors.paint(style.color, style.mark), name, oneLine(step.Message)))
	for i := range step.Findings {
		t.finding(&step.Findings[i], below+"     ")
	}
}

func (t *tree) finding(f *Finding, prefix string) {
	t.line(prefix, t.colors.paint(bold, oneLine(f.Message))+" "+t.colors.paint(faint, "["+string(f.Code)+"]"))
	for _, e := range f.Evidence {
		t.line(prefix+"  ", t.colors.paint(faint, e.Name+":")+" "+oneLine(e.Value))
	}
	for i, fix := range f.Fix {
		head := "fix: "
		if i > 0 {
			head = "     "
		}
		t.line(prefix+"  ", head+clean(fix))
	}
}

// oneLine joins a text into one line of bounded length.
func oneLine(text string) string {
	const longest = 600
	text = strings.Join(strings.Fields(clean(text)), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}

// clean replaces characters that control a terminal: the text comes from
// clusters and servers.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
