package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"nginx-exporter/internal/autoscale/simulate"
)

// document is the JSON form. Times are in seconds since the epoch, or since the
// start if the load is made up; durations are in seconds.
type document struct {
	Load    jsonLoad     `json:"load"`
	Results []jsonResult `json:"results"`
	Search  *jsonSearch  `json:"search,omitempty"`
	Notes   []string     `json:"notes"`
}

type jsonLoad struct {
	Name     string  `json:"name"`
	Relative bool    `json:"relative"`
	Begin    float64 `json:"begin"`
	End      float64 `json:"end"`
	Samples  int     `json:"samples"`
	Gaps     int     `json:"gaps"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
}

type jsonSearch struct {
	Limit float64 `json:"above_target_share_limit"`
	Tried int     `json:"tried"`
	Found string  `json:"found"` // the name of a result, empty if none
}

type jsonResult struct {
	Name       string       `json:"name"`
	Setting    string       `json:"setting"`
	Target     float64      `json:"target"`
	Above      float64      `json:"above"`
	Min        int32        `json:"min_replicas"`
	Max        int32        `json:"max_replicas"`
	PodHours   float64      `json:"pod_hours"`
	AboveFor   float64      `json:"above_target_seconds"`
	AboveShare float64      `json:"above_target_share"`
	AtMax      float64      `json:"above_target_at_max_seconds"`
	Requests   float64      `json:"requests"`
	Unserved   float64      `json:"unserved_requests"`
	Low        int32        `json:"lowest_replicas"`
	Peak       int32        `json:"highest_replicas"`
	Ups        int          `json:"scale_ups"`
	Downs      int          `json:"scale_downs"`
	Flaps      int          `json:"flaps"`
	Worst      *float64     `json:"highest_load_per_pod"` // null without a ready pod
	WorstAt    float64      `json:"highest_load_per_pod_at"`
	Changes    []jsonChange `json:"changes"`
	More       int          `json:"changes_omitted"`
	Timeline   jsonTimeline `json:"timeline"`
}

type jsonChange struct {
	At         float64 `json:"at"`
	Before     int32   `json:"before"`
	After      int32   `json:"after"`
	Reason     string  `json:"reason"`
	Proposal   *int32  `json:"proposal,omitempty"`
	Stabilized *int32  `json:"stabilized,omitempty"`
	Limit      string  `json:"limit,omitempty"`
}

// jsonTimeline has one value for each interval: averages, and the highest load of a
// pod.
type jsonTimeline struct {
	Width    float64    `json:"width"`
	Rate     []float64  `json:"rate"`
	Replicas []float64  `json:"replicas"`
	Ready    []float64  `json:"ready"`
	Load     []*float64 `json:"highest_load_per_pod"`
}

// WriteJSON writes the results as JSON.
func (r *Report) WriteJSON(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", " ")
	return encoder.Encode(r.document())
}

func (r *Report) document() document {
	s := r.Summary
	d := document{
		Load: jsonLoad{
			Name: r.Load, Relative: r.Relative, Begin: s.Begin.Seconds(), End: s.End.Seconds(), Samples: s.Points, Gaps: s.Gaps, Min: round(s.Min), Max: round(s.Max),
		},
		Notes: r.notes(), Results: []jsonResult{},
	}
	if s := r.Search; s != nil {
		d.Search = &jsonSearch{Limit: s.Limit, Tried: s.Tried}
		if s.Found != nil {
			d.Search.Found = s.Found.Setting.Name
		}
	}
	for _, x := range r.Results {
		d.Results = append(d.Results, r.result(x))
	}
	return d
}

func (r *Report) result(x *simulate.Result) jsonResult {
	out := jsonResult{
		Name: x.Setting.Name, Setting: describe(x.Setting), Target: float64(x.Setting.Spec.Metrics[0].Target) / 1000, Above: x.Setting.Above,
		Min: x.Setting.Spec.Min, Max: x.Setting.Spec.Max,
		PodHours: round(x.PodHours), AboveFor: seconds(x.Above), AboveShare: round(x.Share()), AtMax: seconds(x.AtMax),
		Requests: round(x.Requests), Unserved: round(x.Unserved), Low: x.Low, Peak: x.Peak, Ups: x.Ups, Downs: x.Downs, Flaps: x.Flaps,
		Worst: finite(x.Worst), WorstAt: seconds(x.WorstAt), Changes: []jsonChange{}, More: x.MoreChanges, Timeline: timeline(x),
	}
	for _, c := range x.Changes {
		j := jsonChange{At: seconds(c.At), Before: c.Before, After: c.After, Reason: c.Reason, Limit: c.Limit}
		if c.Measured {
			j.Proposal, j.Stabilized = &c.Proposal, &c.Stabilized
		}
		out.Changes = append(out.Changes, j)
	}
	return out
}

func timeline(x *simulate.Result) jsonTimeline {
	t := jsonTimeline{Width: x.Timeline.Width.Seconds()}
	for _, b := range x.Timeline.Buckets {
		t.Rate = append(t.Rate, round(b.Rate))
		t.Replicas = append(t.Replicas, round(b.Replicas))
		t.Ready = append(t.Ready, round(b.Ready))
		t.Load = append(t.Load, finite(b.Load))
	}
	return t
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// round keeps six significant digits, which halves the size.
func round(f float64) float64 {
	if f == 0 {
		return 0
	}
	factor := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(f))))
	if factor < 1 {
		return math.Round(f)
	}
	return math.Round(f*factor) / factor
}

// finite is null for an infinite number, which JSON does not have.
func finite(f float64) *float64 {
	if math.IsInf(f, 0) {
		return nil
	}
	f = round(f)
	return &f
}
