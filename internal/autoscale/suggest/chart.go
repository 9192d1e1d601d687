package suggest

import (
	"fmt"
	"io"
	"math"
	"strings"

	"nginx-exporter/internal/autoscale/simulate"
)

// Sizes of the charts.
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
		fmt.Fprintf(&b, "  %s\n", s.latencyText())
	}
	for _, reason := range s.Missing {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	width := min(max(columns, minWidth), maxWidth) - axisWidth - 1
	if len(s.Samples) > 0 {
		b.WriteString("\nCPU usage (% of the request)\n")
		s.cpuChart(width).write(&b, width)
	}
	if s.Latencies >= minLatencies {
		b.WriteString("\nLatency, 95th percentile (seconds)\n")
		s.latencyChart(width).write(&b, width)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// latencyText says what the latency means for the target, or what is missing.
func (s *Suggestion) latencyText() string {
	switch {
	case s.Latencies == 0:
		return "Latency is not considered: there is no nginx_http_request_duration_seconds, which the exporter reads from access logs (inject --access-log)"
	case s.Latencies < minLatencies:
		return fmt.Sprintf("Latency is not considered: it is known for %d samples, of the %d required", s.Latencies, minLatencies)
	case s.Knee > 0:
		return fmt.Sprintf("Latency (95th percentile) is twice that of a low load from %.3g requests per second on", s.Knee)
	}
	return "Latency (95th percentile) stays below twice that of a low load"
}

// chart has points with the request rate as x, up to right and top.
type chart struct {
	right, top float64
	few        int // points of a cell that is drawn small
	counts     [][]int
	label      func(row int) string
	line       func(rate float64) float64 // nil for none
	at         float64                    // rate of a vertical line, 0 for none
	until      float64                    // height of that line
}

// newChart counts the points in cells.
func (s *Suggestion) newChart(width int, top float64, value func(Sample) float64) *chart {
	c := &chart{right: s.Limit * 1.1, top: top, few: max(len(s.Samples)/200, 1), counts: make([][]int, height)}
	for _, p := range s.Samples {
		c.right, c.top = max(c.right, p.Rate), max(c.top, value(p))
	}
	if c.right == 0 {
		c.right = 1
	}
	for y := range c.counts {
		c.counts[y] = make([]int, width)
	}
	for _, p := range s.Samples {
		if v := value(p); v >= 0 {
			c.counts[c.row(v)][c.column(p.Rate, width)]++
		}
	}
	return c
}

func (c *chart) row(value float64) int { return min(int(value/c.top*height), height-1) }

func (c *chart) column(rate float64, width int) int {
	return min(int(rate/c.right*float64(width)), width-1)
}

// cpuChart has the fitted line, and where it reaches the request.
func (s *Suggestion) cpuChart(width int) *chart {
	c := s.newChart(width, 1.1, func(p Sample) float64 { return max(p.CPU, 0) })
	c.at, c.until = s.Limit, 1
	c.label = func(row int) string {
		if row == 0 || row == c.row(1) {
			return fmt.Sprintf("%d%%", row/max(c.row(1), 1)*100)
		}
		return ""
	}
	if s.PerRequest > 0 {
		c.line = func(rate float64) float64 { return s.Base + s.PerRequest*rate }
	}
	return c
}

// latencyChart has the rate from which on the latency is twice that of a low load.
func (s *Suggestion) latencyChart(width int) *chart {
	highest := 0.0
	for _, p := range s.Samples {
		highest = max(highest, p.Latency)
	}
	c := s.newChart(width, highest*1.1, func(p Sample) float64 {
		if p.Latency <= 0 {
			return -1 // unknown
		}
		return p.Latency
	})
	c.at, c.until = s.Knee, c.top
	c.label = func(row int) string {
		switch row {
		case 0:
			return "0"
		case height - 1:
			return fmt.Sprintf("%.2g", c.top)
		}
		return ""
	}
	return c
}

// write draws the chart.
func (c *chart) write(b *strings.Builder, width int) {
	for y := height - 1; y >= 0; y-- {
		fmt.Fprintf(b, "%*s │", axisWidth-1, c.label(y))
		var line strings.Builder
		for x := range width {
			line.WriteRune(c.mark(y, x, width))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	fmt.Fprintf(b, "%*s └%s\n", axisWidth-1, "", strings.Repeat("─", width))
	end := fmt.Sprintf("%.3g requests per second of a pod", c.right)
	fmt.Fprintf(b, "%*s0%*s\n", axisWidth, "", width, end)
}

// mark is the character of a cell.
func (c *chart) mark(y, x, width int) rune {
	rate := (float64(x) + 0.5) / float64(width) * c.right
	switch count := c.counts[y][x]; {
	case count > c.few:
		return '●'
	case count > 0:
		return '·'
	case c.line != nil && int(math.Floor(c.line(rate)/c.top*height)) == y:
		return '─'
	case c.at > 0 && int(c.at/c.right*float64(width)) == x && y <= int(c.until*height/c.top):
		return '┊'
	}
	return ' '
}
