package suggest

import (
	"fmt"
	"io"
	"math"
	"strings"

	"nginx-exporter/internal/autoscale/simulate"
)

// Sizes of the chart.
const (
	height    = 12
	axisWidth = 6
	minWidth  = 40
	maxWidth  = 120
)

// WriteText writes the suggestion with its points for a terminal of some columns.
func (s *Suggestion) WriteText(to io.Writer, columns int) error {
	var b strings.Builder
	if s.Confidence == None {
		b.WriteString("No target can be suggested.\n")
	} else {
		fmt.Fprintf(&b, "Suggested target: %.4g requests per second of a pod (confidence: %s)\n", s.Target, s.Confidence)
		fmt.Fprintf(&b, "  CPU reaches its request at %.3g requests per second (R² %.2f; %d samples in %s; rates from %.3g to %.3g)\n",
			s.Limit, s.R2, len(s.Samples), simulate.Duration(s.Span), s.Rates[0], s.Rates[1])
		if s.Knee > 0 {
			fmt.Fprintf(&b, "  the latency is twice that of a low load from %.3g requests per second on\n", s.Knee)
		}
	}
	for _, reason := range s.Missing {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	if len(s.Samples) > 0 {
		s.writeChart(&b, min(max(columns, minWidth), maxWidth)-axisWidth-1)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// writeChart draws the points, the line, and where it reaches the request.
func (s *Suggestion) writeChart(b *strings.Builder, width int) {
	right, top := s.Limit*1.1, 1.1
	for _, p := range s.Samples {
		right, top = max(right, p.Rate), max(top, p.CPU)
	}
	if right == 0 {
		right = 1
	}
	column := func(rate float64) int { return min(int(rate/right*float64(width)), width-1) }
	row := func(cpu float64) int { return min(int(cpu/top*height), height-1) }
	counts := make([][]int, height)
	for y := range counts {
		counts[y] = make([]int, width)
	}
	for _, p := range s.Samples {
		counts[row(max(p.CPU, 0))][column(p.Rate)]++
	}
	b.WriteString("\nCPU usage (% of the request)\n")
	for y := height - 1; y >= 0; y-- {
		label := ""
		if y == 0 || y == row(1) {
			label = fmt.Sprintf("%d%%", y/max(row(1), 1)*100)
		}
		fmt.Fprintf(b, "%*s │", axisWidth-1, label)
		var line strings.Builder
		for x := range width {
			line.WriteRune(s.mark(counts[y][x], y, x, width, right, top))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	fmt.Fprintf(b, "%*s └%s\n", axisWidth-1, "", strings.Repeat("─", width))
	end := fmt.Sprintf("%.3g requests per second of a pod", right)
	fmt.Fprintf(b, "%*s0%*s\n", axisWidth, "", width, end)
}

// mark is the character of a cell.
func (s *Suggestion) mark(count, y, x, width int, right, top float64) rune {
	few := max(len(s.Samples)/200, 1)
	rate := (float64(x) + 0.5) / float64(width) * right
	fitted := int(math.Floor((s.Base + s.PerRequest*rate) / top * height))
	switch {
	case count > few:
		return '●'
	case count > 0:
		return '·'
	case s.PerRequest > 0 && fitted == y:
		return '─'
	case s.Limit > 0 && int(s.Limit/right*float64(width)) == x && y <= int(height/top):
		return '┊'
	}
	return ' '
}
