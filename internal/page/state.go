package page

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/collector"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/view"
	"nginx-exporter/internal/doctor"
)

// State is the response of /api/v1/state. docs/state.schema.json describes it.
type State struct {
	Time     float64   `json:"time"`    // of the scrape, in Unix seconds
	Started  float64   `json:"started"` // of the exporter
	Version  string    `json:"version"`
	Scrapers []scraper `json:"scrapers"`
	Targets  []target  `json:"targets"`

	at   time.Time
	text func() ([]byte, error) // as JSON, made once
}

// scraper is a client that scrapes /metrics.
type scraper struct {
	Address string  `json:"address"`
	Agent   string  `json:"agent"`
	Age     float64 `json:"age_seconds"`
	Every   float64 `json:"interval_seconds,omitempty"`
}

// target is one nginx.
type target struct {
	Target   string            `json:"target"`
	Labels   map[string]string `json:"labels,omitempty"`
	Protocol string            `json:"protocol,omitempty"`
	Up       bool              `json:"up"`
	Error    *failure          `json:"error,omitempty"`
	Doctor   *diagnosis        `json:"doctor,omitempty"`
	Sent     *float64          `json:"requests_sent,omitempty"`
	Sources  []result          `json:"sources"`
	Tables   []table           `json:"tables"`
}

type failure struct {
	Reason  client.Reason `json:"reason"`
	Message string        `json:"message"`
	Advice  string        `json:"advice,omitempty"`
}

type diagnosis struct {
	Done     bool      `json:"done"`
	Findings []finding `json:"findings"`
}

// finding is a finding of doctor without its evidence, such as all addresses on which
// this machine listens: viewers need not have a password.
type finding struct {
	Code    doctor.Code `json:"code"`
	Message string      `json:"message"`
	Fix     []string    `json:"fix,omitempty"`
}

// result is the outcome of one source.
type result struct {
	Source  string   `json:"source"`
	OK      bool     `json:"ok"`
	Seconds float64  `json:"seconds"`
	Error   *failure `json:"error,omitempty"`
}

// table has the objects of a view by columns, which is shorter than by rows.
type table struct {
	Kind    view.Kind  `json:"kind"`
	Title   string     `json:"title"`
	By      []string   `json:"by"`
	Names   [][]string `json:"names"` // one slice for each label of By
	Columns []column   `json:"columns"`
}

// column has one value for each object, null if it is not known.
type column struct {
	Role    view.Role              `json:"role"`
	Metric  string                 `json:"metric"`
	Type    string                 `json:"type"`
	Label   string                 `json:"label,omitempty"`
	Value   string                 `json:"value,omitempty"`
	Scale   float64                `json:"scale,omitempty"`
	Summed  bool                   `json:"summed,omitempty"`
	Values  numbers                `json:"values"`
	States  []view.State           `json:"states,omitempty"`
	Codes   map[view.State]float64 `json:"codes,omitempty"`
	Texts   []string               `json:"texts,omitempty"`
	Buckets []buckets              `json:"buckets,omitempty"`
}

type buckets struct {
	Sum    float64   `json:"sum"`
	Bounds []float64 `json:"bounds"`
	Counts []float64 `json:"counts"`
}

// numbers are written at once: encoding/json would call a method for each.
type numbers []value.Value

// MarshalJSON implements [json.Marshaler].
func (n numbers) MarshalJSON() ([]byte, error) {
	const usual = 8 // bytes
	text := make([]byte, 0, len(n)*usual+len("[]"))
	text = append(text, '[')
	for i, v := range n {
		if i > 0 {
			text = append(text, ',')
		}
		if f := v.Float(); !v.IsSet() || math.IsInf(f, 0) {
			text = append(text, "null"...)
		} else {
			text = strconv.AppendFloat(text, f, 'f', -1, 64)
		}
	}
	return append(text, ']'), nil
}

// JSON returns the response. The caller must not change it.
func (s *State) JSON() ([]byte, error) { return s.text() }

// newState arranges snapshots whose scrape began at that time.
func (p *Page) newState(snapshots []*collector.Snapshot, began time.Time) *State {
	now := p.now()
	s := &State{
		Time: seconds(began), Started: seconds(p.started), Version: p.Version,
		Scrapers: []scraper{}, Targets: make([]target, len(snapshots)), at: now,
	}
	for _, one := range p.Scrapers.List() {
		s.Scrapers = append(s.Scrapers, scraper{one.Address, one.Agent, now.Sub(one.Last).Seconds(), one.Every.Seconds()})
	}
	for i, snapshot := range snapshots {
		s.Targets[i] = p.newTarget(snapshot)
	}
	s.text = sync.OnceValues(func() ([]byte, error) { return json.Marshal(s) })
	return s
}

func seconds(t time.Time) float64 {
	return float64(t.UnixMilli()) / float64(time.Second/time.Millisecond)
}

func (p *Page) newTarget(s *collector.Snapshot) target {
	t := target{Target: s.Target, Protocol: s.Protocol, Up: s.Up, Labels: labelMap(s.Labels), Sources: []result{}, Tables: []table{}}
	if s.Sent.IsSet() {
		sent := s.Sent.Float()
		t.Sent = &sent
	}
	for _, r := range s.Sources {
		t.Sources = append(t.Sources, result{Source: r.Source, OK: r.Success(), Seconds: r.Duration.Seconds(), Error: failureOf(r)})
	}
	for _, one := range s.Tables {
		t.Tables = append(t.Tables, newTable(one))
	}
	switch {
	case s.Target == "":
	case s.Up:
		p.exams.forget(s.Options)
	case s.Err != nil:
		t.Error = newFailure(s.Err)
		findings, done := p.exams.of(s.Options, s.Err)
		if p.Examine != nil {
			t.Doctor = &diagnosis{done, []finding{}}
			for i := range findings {
				t.Doctor.Findings = append(t.Doctor.Findings, finding{findings[i].Code, findings[i].Message, findings[i].Fix})
			}
		}
	}
	return t
}

func failureOf(r *source.Result) *failure {
	if r.Err == nil {
		return nil
	}
	return newFailure(r.Err)
}

func newFailure(err error) *failure {
	return &failure{client.ReasonOf(err), err.Error(), client.AdviceOf(err)}
}

func labelMap(labels []metric.Label) map[string]string {
	m := map[string]string{}
	for _, l := range labels {
		m[l.Name] = strings.ToValidUTF8(l.Value, "\uFFFD")
	}
	return m
}

func newTable(from *view.Table) table {
	t := table{Kind: from.Kind, Title: from.Title, By: append([]string{}, from.By...), Names: make([][]string, len(from.By)), Columns: []column{}}
	for i := range t.Names {
		t.Names[i] = make([]string, len(from.Names))
		for row, names := range from.Names {
			t.Names[i][row] = names[i]
		}
	}
	for i := range from.Data {
		d := &from.Data[i]
		c := column{
			Role: d.Role, Metric: d.Metric, Type: d.Kind.String(), Label: d.Label, Value: d.Value, Scale: d.Scale,
			Summed: d.Summed, Values: d.Values, States: d.States, Codes: d.Codes, Texts: d.Texts,
		}
		for _, b := range d.Buckets {
			c.Buckets = append(c.Buckets, buckets{b.Sum, append([]float64{}, b.Bounds...), append([]float64{}, b.Counts...)})
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}
