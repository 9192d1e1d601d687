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
	// Otherwise a day of which each column has a part would look like its highest value.
	ranges := (r.Summary.End-r.Summary.Begin)/time.Duration(width) >= rangesFrom
	b.WriteString("\nRequests per second\n")
	bars(b, sample(first, width, ranges).rate, loadHeight)
	for _, x := range r.Results[:min(len(r.Results), maxCharts)] {
		s := sample(x, width, ranges)
		fmt.Fprintf(b, "\nReplicas, %s\n", x.Setting.Name)
		bars(b, s.replicas, replicasHeight)
		fmt.Fprintf(b, "%*s %s\n", axisWidth, "per pod", shades(s.load, x.Setting.Above))
	}
	r.writeAxis(b, width)
	if ranges {
		fmt.Fprintf(b, "%*s █ up to the lowest value in the time of a column, ░ up to the highest\n", axisWidth, "")
	}
	fmt.Fprintf(b, "%*s per pod: ░ above target by up to 20%%, ▒ 50%%, ▓ 100%%, █ more, or no pod\n", axisWidth, "")
}

// rangesFrom is the time of a column from which on it has its lowest value, too.
const rangesFrom = 30 * time.Minute

// columnsOf are the values of a chart, one for each column.
type columnsOf struct {
	rate, replicas []span
	load           []float64 // the highest
}

// span is from the lowest to the highest value of a column.
type span struct{ low, high float64 }

// sample returns the values for each of width columns; without ranges, low is high.
func sample(x *simulate.Result, width int, ranges bool) columnsOf {
	c := columnsOf{make([]span, width), make([]span, width), make([]float64, width)}
	buckets := x.Timeline.Buckets
	for i := range width {
		from := i * len(buckets) / width
		to := max((i+1)*len(buckets)/width, from+1)
		rate, replicas := span{low: math.Inf(1)}, span{low: math.Inf(1)}
		for _, bucket := range buckets[min(from, len(buckets)):min(to, len(buckets))] {
			rate = span{min(rate.low, bucket.Rate), max(rate.high, bucket.MaxRate)}
			replicas = span{min(replicas.low, float64(bucket.Low)), max(replicas.high, float64(bucket.High))}
			c.load[i] = max(c.load[i], bucket.Load)
		}
		if !ranges {
			rate.low, replicas.low = rate.high, replicas.high
		}
		c.rate[i], c.replicas[i] = rate, replicas
	}
	return c
}

// bars draws columns with eighths of a character.
func bars(b *strings.Builder, values []span, height int) {
	highest := 0.0
	for _, v := range values {
		highest = max(highest, v.high)
	}
	if highest == 0 {
		highest = 1
	}
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
			line.WriteRune(cell(v.low/highest*float64(height)-float64(row), v.high/highest*float64(height)-float64(row)))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// cell is the character of a bar from the bottom of the cell up to low, and of a range from
// there up to high, both in parts of its height.
func cell(low, high float64) rune {
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	const eighths = 8
	filled := int(math.Ceil(low * eighths))
	if filled <= 0 && high > 0 {
		return '░'
	}
	return blocks[min(max(filled, 0), eighths)]
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
