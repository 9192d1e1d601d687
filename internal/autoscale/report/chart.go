package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"nginx-exporter/internal/autoscale/simulate"
)

// Sizes of the chart in the terminal.
const (
	loadHeight     = 6
	replicasHeight = 5
	axisWidth      = 8
	minWidth       = 40
	maxWidth       = 200
	maxCharts      = 6 // settings; more are only in the table
)

// writeChart draws the load, and the replicas and the load per pod of each setting.
func (r *Report) writeChart(b *strings.Builder, width int) {
	width = min(max(width, minWidth), maxWidth) - axisWidth - 1
	first := r.Results[0]
	spread := sample(first, width)
	b.WriteString("\nRequests per second\n")
	bars(b, spread.rate, loadHeight)
	for _, x := range r.Results[:min(len(r.Results), maxCharts)] {
		s := sample(x, width)
		fmt.Fprintf(b, "\nReplicas, %s\n", x.Setting.Name)
		bars(b, s.replicas, replicasHeight)
		fmt.Fprintf(b, "%*s %s\n", axisWidth, "per pod", shades(s.load, x.Setting.Above))
	}
	r.writeAxis(b, width)
	fmt.Fprintf(b, "%*s per pod: ░ above target by up to 20%%, ▒ 50%%, ▓ 100%%, █ more, or no pod\n", axisWidth, "")
}

// columnsOf are the values of a chart, one for each column.
type columnsOf struct{ rate, replicas, load []float64 }

// sample returns the highest values for each of width columns.
func sample(x *simulate.Result, width int) columnsOf {
	c := columnsOf{make([]float64, width), make([]float64, width), make([]float64, width)}
	buckets := x.Timeline.Buckets
	for i := range width {
		from := i * len(buckets) / width
		to := max((i+1)*len(buckets)/width, from+1)
		for _, bucket := range buckets[min(from, len(buckets)):min(to, len(buckets))] {
			c.rate[i] = max(c.rate[i], bucket.MaxRate)
			c.replicas[i] = max(c.replicas[i], float64(bucket.High))
			c.load[i] = max(c.load[i], bucket.Load)
		}
	}
	return c
}

// bars draws columns with eighths of a character.
func bars(b *strings.Builder, values []float64, height int) {
	highest := 0.0
	for _, v := range values {
		highest = max(highest, v)
	}
	if highest == 0 {
		highest = 1
	}
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	const eighths = 8
	for row := height - 1; row >= 0; row-- {
		label := ""
		switch row {
		case height - 1:
			label = number(highest)
		case 0:
			label = "0"
		}
		fmt.Fprintf(b, "%*s ", axisWidth-1, label)
		b.WriteString("│")
		var line strings.Builder
		for _, v := range values {
			filled := int(math.Ceil(v/highest*float64(height*eighths))) - row*eighths
			line.WriteRune(blocks[min(max(filled, 0), eighths)])
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// shades marks columns by how far the load per pod is above target.
func shades(load []float64, above float64) string {
	var line strings.Builder
	for _, v := range load {
		excess := v/above - 1
		if above == 0 {
			excess = math.Inf(1)
		}
		switch {
		case v <= above:
			line.WriteRune('·')
		case excess <= 0.2:
			line.WriteRune('░')
		case excess <= 0.5:
			line.WriteRune('▒')
		case excess <= 1:
			line.WriteRune('▓')
		default:
			line.WriteRune('█')
		}
	}
	return line.String()
}

// writeAxis writes times below the chart.
func (r *Report) writeAxis(b *strings.Builder, width int) {
	const label = 18
	begin, total := r.Summary.Begin, r.Summary.End-r.Summary.Begin
	line := []rune(strings.Repeat(" ", axisWidth+1+width))
	for at := 0; at+label <= width || at == 0; at += label {
		passed := time.Duration(float64(total) * float64(at) / float64(width))
		text := simulate.Duration(passed.Round(rounding(total)))
		if !r.Relative {
			text = time.Unix(0, int64(begin+passed)).UTC().Format("01-02 15:04")
		}
		copy(line[axisWidth+at:], []rune("└"+text))
	}
	b.WriteString(strings.TrimRight(string(line), " ") + "\n")
}

// rounding is the unit of times on the axis.
func rounding(total time.Duration) time.Duration {
	switch {
	case total >= 48*time.Hour:
		return time.Hour
	case total >= 30*time.Minute:
		return time.Minute
	}
	return time.Second
}
