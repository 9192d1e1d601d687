package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// style is how a state looks: its mark, and the colour for terminals.
type style struct{ mark, colour string }

func styleOf(s State) style {
	const green, yellow, red = "32", "33", "31"
	switch s {
	case OK:
		return style{"✓", green}
	case Warning:
		return style{"!", yellow}
	case Waiting:
		return style{"…", yellow}
	case Broken:
		return style{"✗", red}
	case Blind:
	}
	return style{"?", yellow}
}

// palette paints, or does not.
type palette bool

func (p palette) paint(colour, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

const (
	bold  = "1"
	faint = "2"
)

// WriteText writes the report as a short tree, with colours if wanted.
func (r *Report) WriteText(w io.Writer, colours bool) error {
	t := tree{colours: palette(colours)}
	t.line("", t.colours.paint(bold, oneLine(r.Subject)))
	width := 0
	for _, link := range r.Links {
		width = max(width, utf8.RuneCountInString(link.Name))
	}
	for i, link := range r.Links {
		t.link(&link, width, i == len(r.Links)-1)
	}
	t.line("", r.summary())
	_, err := io.WriteString(w, t.text.String())
	return err
}

func (r *Report) summary() string {
	switch r.Verdict() {
	case Healthy:
		for _, link := range r.Links {
			if link.State == Warning {
				return "It works; mind the warnings."
			}
		}
		return "Everything is in order."
	case Pending:
		return "Not yet, which is normal at this point; look again, or use --watch."
	case Ill:
		if r.Apart {
			return "Broken. Look again after mending it: what one fault hides comes to light then."
		}
		return "Broken. Mend this first; what comes after it was not looked at."
	case Unseen:
	}
	return "Could not look further."
}

// tree collects the lines.
type tree struct {
	text    strings.Builder
	colours palette
}

func (t *tree) line(prefix, text string) {
	t.text.WriteString(strings.TrimRight(prefix+text, " ") + "\n")
}

func (t *tree) link(link *Link, width int, last bool) {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	style := styleOf(link.State)
	name := link.Name + strings.Repeat(" ", width-utf8.RuneCountInString(link.Name))
	t.line(branch, fmt.Sprintf("%s %s  %s", t.colours.paint(style.colour, style.mark), name, oneLine(link.Says)))
	for i := range link.Findings {
		t.finding(&link.Findings[i], below+"     ")
	}
}

func (t *tree) finding(f *Finding, prefix string) {
	t.line(prefix, t.colours.paint(bold, oneLine(f.Says))+" "+t.colours.paint(faint, "["+string(f.Code)+"]"))
	for _, e := range f.Evidence {
		t.line(prefix+"  ", t.colours.paint(faint, e.Name+":")+" "+oneLine(e.Value))
	}
	for i, fix := range f.Fix {
		head := "fix: "
		if i > 0 {
			head = "     "
		}
		t.line(prefix+"  ", head+clean(fix))
	}
}

// oneLine makes one line of a text, of bounded length.
func oneLine(text string) string {
	const longest = 600
	text = strings.Join(strings.Fields(clean(text)), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}

// clean takes out what could steer a terminal: what is shown comes from
// clusters and servers.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
