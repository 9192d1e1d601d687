package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// ANSI colors of the marks.
var colors = map[Action]string{Add: "\x1b[32m", Change: "\x1b[33m", Remove: "\x1b[31m", Manual: "\x1b[35m"} //nolint:gochecknoglobals // constant

const plain = "\x1b[0m"

// WriteText writes the plan for people. Without details, the sidecar is shown in brief.
func (p *Plan) WriteText(w io.Writer, colored, details bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Workload)
	if p.Goal != "" {
		fmt.Fprintf(&b, "  goal         %s\n", p.Goal)
	}
	for _, f := range p.Observed {
		fmt.Fprintf(&b, "  %-12s %s\n", f.Name, f.Value)
	}
	engine := p.Engine
	if engine == "" {
		engine = "none"
	}
	if p.Why != "" {
		fmt.Fprintf(&b, "  %-12s %s: %s\n", "engine", engine, p.Why)
	}
	b.WriteString("\n")
	for i := range p.Steps {
		p.Steps[i].write(&b, colored, details, i+1 < len(p.Steps) && p.Steps[i].sharesReason(&p.Steps[i+1]))
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	if len(p.Notes) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Plan: %s.\n", p.Summary())
	if len(p.Blocked()) > 0 {
		b.WriteString("Nothing can be applied before what is for you is done.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary counts the steps.
func (p *Plan) Summary() string {
	var parts []string
	for _, of := range []struct {
		action Action
		text   string
	}{{Add, "%d to add"}, {Change, "%d to change"}, {Remove, "%d to remove"}, {Keep, "%d as they should be"}, {Manual, "%d for you"}} {
		if n := p.Count(of.action); n > 0 {
			parts = append(parts, fmt.Sprintf(of.text, n))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// sharesReason reports whether the next step is one of the same kind for the same reason.
func (s *Step) sharesReason(next *Step) bool {
	return s.Action == next.Action && s.Reason == next.Reason && len(s.Diff)+len(s.Do) == 0
}

// write writes a step: its object, the reason unless it follows, and what changes.
func (s *Step) write(b *strings.Builder, colored, details, follows bool) {
	color := func(a Action, text string) string {
		if !colored || colors[a] == "" {
			return text
		}
		return colors[a] + text + plain
	}
	fmt.Fprintf(b, "  %s %s\n", color(s.Action, s.Action.Mark()), s.Object)
	if follows {
		return
	}
	fmt.Fprintf(b, "      %s\n", s.Reason)
	lines := s.Diff
	if !details && len(s.brief) > 0 {
		lines = s.brief
	}
	if s.Action != Change {
		lines = nil
	}
	for _, line := range lines {
		action := map[byte]Action{'+': Add, '-': Remove}[line[0]]
		fmt.Fprintf(b, "        %s\n", color(action, line))
	}
	for _, line := range s.Do {
		fmt.Fprintf(b, "        %s\n", line)
	}
	b.WriteString("\n")
}

// WriteJSON writes the plan for programs.
func (p *Plan) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(p)
}
