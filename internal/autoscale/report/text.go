package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/simulate"
)

// TextOptions are choices for text.
type TextOptions struct {
	Chart   bool
	Width   int  // of the chart, in columns
	Changes bool // list the changes of the replicas
}

// WriteText writes the results for a terminal.
func (r *Report) WriteText(to io.Writer, o TextOptions) error {
	var b strings.Builder
	r.writeHead(&b)
	if o.Chart {
		r.writeChart(&b, o.Width)
	}
	r.writeTable(&b)
	r.writeSearch(&b)
	if o.Changes {
		r.writeChanges(&b)
	}
	for _, note := range r.notes() {
		fmt.Fprintf(&b, "\nNote: %s\n", note)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// notes returns all remarks.
func (r *Report) notes() []string {
	list := append([]string{}, r.Notes...)
	if s := r.Summary; s.Gaps > 0 {
		list = append(list, fmt.Sprintf("Gaps in the load: %d, %s in total; its last rate is kept in them.", s.Gaps, simulate.Duration(s.Missing)))
	}
	return list
}

func (r *Report) writeHead(b *strings.Builder) {
	s := r.Summary
	fmt.Fprintf(b, "Load: %s\n", r.Load)
	fmt.Fprintf(b, "      %s, %s to %s requests per second", simulate.Duration(s.End-s.Begin), number(s.Min), number(s.Max))
	if !r.Relative {
		fmt.Fprintf(b, ", from %s UTC", r.clock(s.Begin))
	}
	b.WriteString("\n")
	first := r.Results[0].Setting
	fmt.Fprintf(b, "HPA:  %s\n", r.common())
	fmt.Fprintf(b, "      Kubernetes 1.%d, sync every %s, tolerance %s, metrics scraped every %s over %s\n",
		first.Options.Version, simulate.Duration(first.SyncPeriod), number(first.Options.Tolerance), simulate.Duration(first.Delay.Scrape), simulate.Duration(first.Delay.Window))
	fmt.Fprintf(b, "Pods: pending for %s, then starting for %s", simulate.Duration(first.Startup.Pending), simulate.Duration(first.Startup.Starting))
	if first.Capacity > 0 {
		fmt.Fprintf(b, ", serving at most %s requests per second", number(first.Capacity))
	}
	b.WriteString("\n")
}

// columns are those of the table.
func columns() []struct {
	title string
	cell  func(*Report, *simulate.Result) string
} {
	return []struct {
		title string
		cell  func(*Report, *simulate.Result) string
	}{
		{"SETTING", func(_ *Report, x *simulate.Result) string { return x.Setting.Name }},
		{"POD-HOURS", func(_ *Report, x *simulate.Result) string { return number(x.PodHours) }},
		{"ABOVE TARGET", func(_ *Report, x *simulate.Result) string {
			return fmt.Sprintf("%s (%s)", simulate.Duration(x.Above), percent(x.Share()))
		}},
		{"UNSERVED", func(_ *Report, x *simulate.Result) string {
			return fmt.Sprintf("%s (%s)", number(x.Unserved), percent(x.UnservedShare()))
		}},
		{"REPLICAS", func(_ *Report, x *simulate.Result) string { return fmt.Sprintf("%d to %d", x.Low, x.Peak) }},
		{"UP/DOWN", func(_ *Report, x *simulate.Result) string { return fmt.Sprintf("%d/%d", x.Ups, x.Downs) }},
		{"FLAPS", func(_ *Report, x *simulate.Result) string { return strconv.Itoa(x.Flaps) }},
		{"WORST POD", func(_ *Report, x *simulate.Result) string { return number(x.Worst) }},
		{"AT", func(r *Report, x *simulate.Result) string { return r.clock(x.WorstAt) }},
	}
}

func (r *Report) writeTable(b *strings.Builder) {
	b.WriteString("\n")
	w := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	var titles []string
	for _, c := range columns() {
		titles = append(titles, c.title)
	}
	fmt.Fprintln(w, strings.Join(titles, "\t"))
	for _, x := range r.Results {
		var cells []string
		for _, c := range columns() {
			cells = append(cells, c.cell(r, x))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	_ = w.Flush() // to a strings.Builder
	fmt.Fprintf(b, "\nAbove target: time with more than %s requests per second of a ready pod.\n", r.above())
	fmt.Fprintf(b, "Flaps: scaling up within %s after scaling down.\n", simulate.Duration(simulate.FlapWindow))
	if r.Results[0].Setting.Capacity == 0 {
		b.WriteString("Unserved: without a ready pod; --capacity counts those that ready pods cannot serve, too.\n")
	}
	for _, x := range r.Results {
		if x.AtMax > 0 {
			fmt.Fprintf(b, "At the maximum of %[2]d replicas, %[1]s was above target for %[3]s.\n", x.Setting.Name, x.Setting.Spec.Max, simulate.Duration(x.AtMax))
		}
	}
}

// above is the request rate that counts as above target.
func (r *Report) above() string {
	first := r.Results[0].Setting.Above
	for _, x := range r.Results {
		if x.Setting.Above != first {
			return "the target"
		}
	}
	return number(first)
}

func (r *Report) writeChanges(b *strings.Builder) {
	for _, x := range r.Results {
		fmt.Fprintf(b, "\nChanges of %s:\n", x.Setting.Name)
		w := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
		for _, c := range x.Changes {
			fmt.Fprintf(w, "  %s\t%d -> %d\t%s\n", r.clock(c.At), c.Before, c.After, explain(c))
		}
		_ = w.Flush() // to a strings.Builder
		if len(x.Changes) == 0 {
			b.WriteString("  none\n")
		}
		if x.MoreChanges > 0 {
			fmt.Fprintf(b, "  and %d more\n", x.MoreChanges)
		}
	}
}

// explain says why the count changed, and why not by more.
func explain(c simulate.Change) string {
	text := c.Reason
	if text == "" {
		text = "stabilization window"
	}
	if !c.Measured {
		return text
	}
	text += fmt.Sprintf("; the metric proposes %d", c.Proposal)
	if c.Stabilized != c.Proposal {
		text += fmt.Sprintf(", the stabilization window allows %d", c.Stabilized)
	}
	limits := map[string]string{
		"ScaleUpLimit": "the limit for scaling up", "ScaleDownLimit": "the limit for scaling down",
		"TooManyReplicas": "maxReplicas", "TooFewReplicas": "minReplicas",
	}
	if limit, found := limits[c.Limit]; found {
		text += fmt.Sprintf(", %s %d", limit, c.After)
	}
	return text
}

// writeSearch writes what the search found.
func (r *Report) writeSearch(b *strings.Builder) {
	s := r.Search
	if s == nil {
		return
	}
	base := r.Results[0]
	if s.Found == nil {
		fmt.Fprintf(b, "\nNone of %d settings stays within %s of the time above %s requests per second of a pod.\nPods that start faster, a shorter rate window or a higher maximum may help.\n",
			s.Tried, percent(s.Limit), number(base.Setting.Above))
		return
	}
	fmt.Fprintf(b, "\nCheapest of %d settings within %s of the time above %s requests per second of a pod: %s.\nIt takes %s pod-hours, %s takes %s.\n\n",
		s.Tried, percent(s.Limit), number(base.Setting.Above), s.Found.Setting.Name, number(s.Found.PodHours), base.Setting.Name, number(base.PodHours))
	writeSpec(b, &s.Found.Setting.Spec)
}

// writeSpec writes what to change in the HPA.
func writeSpec(b *strings.Builder, s *hpa.Spec) {
	m := s.Metrics[0]
	key := "value"
	if m.Average {
		key = "averageValue"
	}
	target := strconv.FormatInt(m.Target, 10) + "m"
	if m.Target%1000 == 0 {
		target = strconv.FormatInt(m.Target/1000, 10)
	}
	fmt.Fprintf(b, "  spec:\n    minReplicas: %d\n    maxReplicas: %d\n    metrics: # the target of %s\n      %s: %s\n", s.Min, s.Max, m.Name, key, strconv.Quote(target))
	if s.Behavior != nil && s.Behavior.Down.Window != nil {
		fmt.Fprintf(b, "    behavior:\n      scaleDown:\n        stabilizationWindowSeconds: %d\n", int(s.Behavior.Down.Window.Seconds()))
	}
}
