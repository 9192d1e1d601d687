package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/report"
	"nginx-exporter/internal/autoscale/simulate"
)

var update = flag.Bool("update", false, "rewrite golden files")

// setting has a target in thousandths.
func setting(name string, target int64) simulate.Setting {
	return simulate.Setting{
		Name: name, Options: hpa.Defaults(), SyncPeriod: 15 * time.Second, Start: -1, Above: float64(target) / 1000, Capacity: 100,
		Spec:    hpa.Spec{Min: 2, Max: 12, Metrics: []hpa.Metric{{Source: hpa.Pods, Name: "requests_per_second", Average: true, Target: target}}},
		Delay:   simulate.Delay{Scrape: 15 * time.Second, Window: time.Minute},
		Startup: simulate.Startup{Pending: 10 * time.Second, Starting: 20 * time.Second},
	}
}

func results(t *testing.T, shape load.Shape, settings ...simulate.Setting) *report.Report {
	t.Helper()
	l, err := shape.Load()
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{Load: l.Name, Relative: true}
	if r.Results, r.Summary, err = simulate.Run(l.Points, settings); err != nil {
		t.Fatal(err)
	}
	return r
}

// step is a step with two settings, of which one has behavior.
func step(t *testing.T) *report.Report {
	t.Helper()
	fast := setting("with behavior", 80_000)
	window := 30 * time.Second
	fast.Spec.Behavior = &hpa.Behavior{Down: hpa.Rules{Window: &window}}
	r := results(t, load.Shape{Name: "step", Base: 100, Peak: 700, Duration: 20 * time.Minute}, setting("without behavior", 50_000), fast)
	r.Notes = []string{"The metric of type Resource of web.yaml is not simulated."}
	return r
}

func golden(t *testing.T, name string, write func(io.Writer) error) []byte {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil { //nolint:gosec // not a secret
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs; got\n%s", path, got.Bytes())
	}
	return got.Bytes()
}

// TestGoldenText compares the result in the terminal.
func TestGoldenText(t *testing.T) {
	golden(t, "step.txt", func(w io.Writer) error {
		return step(t).WriteText(w, report.TextOptions{Chart: true, Width: 80, Changes: true})
	})
}

// TestGoldenRecorded compares the result of a load at real times, with a gap and
// without pods.
func TestGoldenRecorded(t *testing.T) {
	s := setting("zero", 50_000)
	s.Spec.Metrics[0].Source, s.Spec.Min = hpa.External, 0
	s.KEDA = &simulate.KEDA{Polling: 30 * time.Second, Cooldown: 5 * time.Minute}
	begin := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).UnixNano()
	points := func(yield func(simulate.Point, error) bool) {
		for i := range 240 {
			rate := 0.0
			if i >= 60 && i < 120 {
				rate = 160
			}
			at := time.Duration(begin) + time.Duration(i)*15*time.Second
			if i >= 200 {
				at += 20 * time.Minute
			}
			if !yield(simulate.Point{At: at, Rate: rate}, nil) {
				return
			}
		}
	}
	found, summary, err := simulate.Run(points, []simulate.Setting{s})
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{Load: "load.csv", Summary: summary, Results: found}
	golden(t, "recorded.txt", func(w io.Writer) error {
		return r.WriteText(w, report.TextOptions{Chart: true, Width: 80, Changes: true})
	})
}

// TestGoldenDays compares the chart of a load with a rhythm that is shorter than a column:
// it has the lowest and the highest values.
func TestGoldenDays(t *testing.T) {
	points := func(yield func(simulate.Point, error) bool) {
		for at := time.Duration(0); at < 100*24*time.Hour; at += time.Minute {
			growth := 1 + at.Hours()/2400
			if !yield(simulate.Point{At: at, Rate: growth * (200 - 150*math.Cos(2*math.Pi*at.Hours()/24))}, nil) {
				return
			}
		}
	}
	found, summary, err := simulate.Run(points, []simulate.Setting{setting("target 80", 80_000)})
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{Load: "load.csv", Summary: summary, Results: found}
	golden(t, "days.txt", func(w io.Writer) error {
		return r.WriteText(w, report.TextOptions{Chart: true, Width: 80})
	})
}

// TestGoldenSearch compares what a search found.
func TestGoldenSearch(t *testing.T) {
	shape := load.Shape{Name: "sine", Base: 100, Peak: 500, Duration: 6 * time.Hour}
	r := results(t, shape, simulate.Candidates(setting("target 50", 50_000))...)
	cheapest := simulate.Cheapest(r.Results[1:], 0.01)
	r.Search = &simulate.Search{Limit: 0.01, Tried: len(r.Results) - 1, Found: cheapest[0]}
	r.Results = append(r.Results[:1:1], cheapest[:3]...)
	golden(t, "search.txt", func(w io.Writer) error { return r.WriteText(w, report.TextOptions{}) })
	r.Search.Found = nil
	golden(t, "search-none.txt", func(w io.Writer) error { return r.WriteText(w, report.TextOptions{}) })
}

// TestGoldenJSON compares the JSON form.
func TestGoldenJSON(t *testing.T) {
	if got := golden(t, "step.json", func(w io.Writer) error { return step(t).WriteJSON(w) }); !json.Valid(got) {
		t.Error("not JSON")
	}
}

// TestGoldenHTML compares the page, and checks that it needs nothing else: no
// address, and only the script and the style that its policy allows.
func TestGoldenHTML(t *testing.T) {
	page := string(golden(t, "step.html", func(w io.Writer) error { return step(t).WriteHTML(w) }))
	for _, forbidden := range []string{"src=", "@import", "url(", "https://", "fetch(", "eval(", " style=", "onclick"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
	if rest := strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""); strings.Contains(rest, "http://") {
		t.Error("the page has an address")
	}
	for _, element := range []string{"script", "style"} {
		text := regexp.MustCompile(`(?s)<` + element + `>(.*?)</` + element + `>`).FindStringSubmatch(page)[1]
		sum := sha256.Sum256([]byte(text))
		if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(page, want) {
			t.Errorf("the policy does not have %s", want)
		}
	}
}

// TestHTMLEscapes checks that a name cannot become part of the page.
func TestHTMLEscapes(t *testing.T) {
	r := step(t)
	r.Load = "</script><script>alert(1)</script> & @DATA@"
	r.Results[0].Setting.Name = "</script><b>"
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "alert(1)</script>") || strings.Contains(page.String(), "<b>") || strings.Count(page.String(), "</script>") != 2 {
		t.Error("a name became HTML")
	}
	data := regexp.MustCompile(`(?s)id="data">(.*?)</script>`).FindSubmatch(page.Bytes())[1]
	var d struct{ Load struct{ Name string } }
	if err := json.Unmarshal(data, &d); err != nil || d.Load.Name != r.Load {
		t.Errorf("name %q, %v", d.Load.Name, err)
	}
}

// TestSize bounds the page of a long simulation.
func TestSize(t *testing.T) {
	r := results(t, load.Shape{Name: "sine", Base: 123.456, Peak: 4567.89, Duration: 20 * 24 * time.Hour}, setting("a", 50_000), setting("b", 81_234))
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 300_000 {
		t.Errorf("%d bytes", page.Len())
	}
}
