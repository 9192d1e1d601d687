package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// Search is a search for the cheapest setting.
type Search struct {
	Limit float64 // of the share of time above target, 0 to 1
	Tried int
	// Found is the setting with the fewest pod-hours within the limit, or nil.
	Found *Result
}

// Candidates returns variations of a setting: lower targets and other windows for
// scaling down. The first one is the setting itself.
func Candidates(base Setting) []Setting {
	list := []Setting{base}
	for _, target := range targets(base.Spec.Metrics[0].Target) {
		for _, window := range windows(&base) {
			s := base
			s.Spec.Metrics = []hpa.Metric{base.Spec.Metrics[0]}
			s.Spec.Metrics[0].Target = target
			s.Spec.Behavior = withWindow(base.Spec.Behavior, window)
			s.Name = fmt.Sprintf("target %v, down window %s", float64(target)/1000, Duration(window))
			list = append(list, s)
		}
	}
	return list
}

// targets returns 30% to 100% of the target in steps of 5%.
func targets(target int64) []int64 {
	const steps, lowest = 20, 6
	var list []int64
	for n := int64(steps); n >= lowest; n-- {
		if t := target * n / steps; t > 0 && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// windows returns the window for scaling down of the setting, and others. None is 0: that
// saves little more than a minute does, and follows noise.
func windows(base *Setting) []time.Duration {
	own := base.Options.DownscaleStabilization
	if b := base.Spec.Behavior; b != nil && b.Down.Window != nil {
		own = *b.Down.Window
	}
	list := []time.Duration{own}
	for _, w := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute} {
		if w != own {
			list = append(list, w)
		}
	}
	return list
}

// withWindow returns the behavior with a window for scaling down. An HPA without
// behavior gets the default policies of the API.
func withWindow(base *hpa.Behavior, window time.Duration) *hpa.Behavior {
	b := &hpa.Behavior{}
	if base != nil {
		*b = *base
	}
	b.Down.Window = &window
	return b
}

// Cheapest returns the results within the limit of the share of time above target,
// cheapest first: with the fewest pod-hours, then the least time above target.
func Cheapest(results []*Result, limit float64) []*Result {
	var list []*Result
	for _, r := range results {
		if r.Share() <= limit {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *Result) int {
		return cmp.Or(cmp.Compare(a.PodHours, b.PodHours), cmp.Compare(a.Above, b.Above))
	})
	return list
}
