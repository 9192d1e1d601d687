// Package picture draws terminal output as SVG, for the documentation. Tests compare the
// files with what the program prints, so that they cannot be outdated.
//
// It is for tests only, and must not import anything of this program.
package picture

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels of a cell, its text, and the frame.
const (
	cellWidth, cellHeight = 8, 18
	baseline, fontSize    = 13.5, 13
	margin                = 16
	radius                = 8
)

// Colors of a dark terminal.
const (
	background, foreground = "#0d1117", "#d1d9e0"
	comment                = "#8b949e"
)

// ansiColor is the color of an ANSI sequence; that of the text for any other.
func ansiColor(code string) string {
	color, found := map[string]string{"31": "#ff7b72", "32": "#56d364", "33": "#e3b341", "35": "#d2a8ff", "36": "#79c0ff", "90": comment}[code]
	if !found {
		return foreground
	}
	return color
}

// SVG draws lines of text, which may have ANSI colors, below a command.
func SVG(command, output string) string {
	lines := append([]string{"\x1b[90m$\x1b[0m " + command}, strings.Split(strings.TrimRight(output, "\n"), "\n")...)
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(sequence().ReplaceAllString(line, "")))
	}
	width, height := columns*cellWidth+2*margin, len(lines)*cellHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(command))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="%d" fill="%s"/>`+"\n", width, height, radius, background)
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="%d" fill="%s" xml:space="preserve">`+"\n", fontSize, foreground)
	for i, line := range lines {
		writeLine(&b, line, margin+i*cellHeight)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func sequence() *regexp.Regexp { return regexp.MustCompile("\x1b\\[([0-9]*)m") }

// writeLine writes one line whose top is at y.
func writeLine(b *strings.Builder, line string, y int) {
	color, column := foreground, 0
	for line != "" {
		at := sequence().FindStringSubmatchIndex(line)
		text, rest := line, ""
		if at != nil {
			text, rest = line[:at[0]], line[at[1]:]
		}
		writeRun(b, text, color, column, y)
		column += utf8.RuneCountInString(text)
		if at != nil {
			color = ansiColor(line[at[2]:at[3]])
		}
		line = rest
	}
}

// writeRun writes text of one color. Words have their place, since fonts differ in width;
// blocks are drawn, since fonts differ in height.
func writeRun(b *strings.Builder, text, color string, column, y int) {
	cells := []rune(text)
	for from := 0; from < len(cells); {
		to := from + 1
		switch {
		case cells[from] == ' ':
		case isDrawn(cells[from]):
			for to < len(cells) && cells[to] == cells[from] {
				to++
			}
			writeBlock(b, cells[from], color, column+from, to-from, y)
		default:
			for to < len(cells) && !isDrawn(cells[to]) && (cells[to] != ' ' || to+1 < len(cells) && cells[to+1] != ' ' && !isDrawn(cells[to+1])) {
				to++
			}
			writeWords(b, string(cells[from:to]), color, column+from, to-from, y)
		}
		from = to
	}
}

func writeWords(b *strings.Builder, text, color string, column, length, y int) {
	fill := ""
	if color != foreground {
		fill = ` fill="` + color + `"`
	}
	fmt.Fprintf(b, `<text x="%d" y="%.1f" textLength="%d"%s>%s</text>`+"\n", margin+column*cellWidth, float64(y)+baseline, length*cellWidth, fill, html.EscapeString(text))
}

// isDrawn reports whether a character is a block, a shade or a vertical line.
func isDrawn(c rune) bool { return c >= '▁' && c <= '█' || c >= '░' && c <= '▓' || c == '│' }

// writeBlock draws blocks of eighths from the bottom, shades, and lines.
func writeBlock(b *strings.Builder, c rune, color string, column, length, y int) {
	const eighths = 8
	x, top, height, opacity := float64(margin+column*cellWidth), float64(y), float64(cellHeight), 1.0
	width := float64(length * cellWidth)
	switch {
	case c == '│':
		x, width, opacity = x+cellWidth/2, 1, 0.5
	case c >= '░':
		opacity = 0.25 * float64(c-'░'+1)
	default:
		height *= float64(c-'▁'+1) / eighths
		top += cellHeight - height
	}
	if color == foreground && c != '│' {
		color = ansiColor("36")
	}
	fmt.Fprintf(b, `<rect x="%g" y="%g" width="%g" height="%g" fill="%s"`, x, top, width, height, color)
	if opacity < 1 {
		fmt.Fprintf(b, ` fill-opacity="%g"`, opacity)
	}
	b.WriteString("/>\n")
}
