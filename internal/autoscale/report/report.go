// Package report shows the results of simulations: as text with a chart, as JSON,
// and as one HTML page with an interactive chart.
package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/autoscale/simulate"
)

// Report is what is shown.
type Report struct {
	Load     string // what the load is
	Relative bool   // whether times are since the start
	Summary  simulate.Summary
	Results  []*simulate.Result
	Notes    []string
	// Search is nil unless the cheapest setting was searched.
	Search *simulate.Search
}

// clock formats a time of the load.
func (r *Report) clock(at time.Duration) string {
	if r.Relative {
		return simulate.Duration(at - r.Summary.Begin)
	}
	return time.Unix(0, int64(at)).UTC().Format("2006-01-02 15:04:05")
}

// number formats a number with three significant digits, but not fewer than all
// before the point.
func number(f float64) string {
	switch {
	case math.IsInf(f, 0):
		return "no pod"
	case f == 0:
		return "0"
	case math.Abs(f) >= 100:
		return grouped(strconv.FormatFloat(f, 'f', 0, 64))
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}

// grouped separates thousands.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percent formats a share of 1. What is not 0 is not shown as 0.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0:
		return "0%"
	case p < 0.01:
		return "<0.01%"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 2, 64) + "%"
	default:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
}

// describe is the setting in a line.
func describe(s *simulate.Setting) string { return strings.Join(parts(s), ", ") }

// parts are what describes a setting, always in the same order.
func parts(s *simulate.Setting) []string {
	m := s.Spec.Metrics[0]
	per := "per pod"
	if !m.Average {
		per = "in total"
	}
	keda := "without KEDA"
	if k := s.KEDA; k != nil {
		keda = fmt.Sprintf("KEDA with cooldown %s and polling every %s", simulate.Duration(k.Cooldown), simulate.Duration(k.Polling))
	}
	return []string{
		string(m.Source) + " metric", fmt.Sprintf("target %s %s", number(float64(m.Target)/1000), per),
		fmt.Sprintf("%d to %d replicas", s.Spec.Min, s.Spec.Max), s.Path(), keda,
	}
}

// common is what all settings have in common.
func (r *Report) common() string {
	list := parts(r.Results[0].Setting)
	for _, x := range r.Results[1:] {
		for i, part := range parts(x.Setting) {
			if list[i] != part {
				list[i] = ""
			}
		}
	}
	return strings.Join(slices.DeleteFunc(list, func(part string) bool { return part == "" }), ", ")
}
