package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

// TestPanelsOnRecordedData evaluates every panel, annotation and variable on a real
// Prometheus with 60 pods made of recorded runs. Panels without data must be in the
// list, and no graph may have more than ten lines.
func TestPanelsOnRecordedData(t *testing.T) {
	p := startPrometheus(t, recorded.Fleet{Pods: 60, Every: 3, Start: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)})
	p.checkOthers(t)
	for _, b := range Boards() {
		for _, r := range b.rows {
			for _, panel := range r.panels {
				p.check(t, b, panel)
			}
		}
		for _, a := range b.annotations {
			p.evaluate(t, b, b.expand(a.expr), false)
		}
		for _, v := range b.variables {
			// nginx-module-vts is outside of Kubernetes, and each exporter has one target.
			if len(p.values(t, b, v)) == 0 && v.name != "addr" && (v.name != "namespace" || b.Name != "vts") {
				t.Errorf("%s: variable %s has no values", b.Name, v.name)
			}
		}
	}
}

// checkOthers checks that the dashboard of one instance shows all status interfaces.
func (p *prometheus) checkOthers(t *testing.T) {
	t.Helper()
	b, shown := single(), []string{"State", "Version", "Requests", "Connections by state"}
	for _, info := range []string{"nginxplus_build_info", "angie_build_info", "nginx_vts_info"} {
		instances := p.values(t, b, variable{metric: info, values: "instance"})
		if len(instances) == 0 {
			t.Fatalf("no instance has %s", info)
		}
		for _, panel := range append(singleNow(), singleTraffic()...) {
			if !slices.Contains(shown, panel.title) {
				continue
			}
			series := 0
			for _, query := range panel.queries {
				series += p.evaluate(t, b, strings.ReplaceAll(b.expand(query.expr), "$instance", instances[0]), false)
			}
			if series == 0 {
				t.Errorf("%s: %s has no data", info, panel.title)
			}
		}
	}
}

// withoutData are the panels that are empty on the recorded data.
func withoutData() map[string]string {
	return map[string]string{
		"fleet: Down":                           "no instance is down at the end",
		"red: Lines not counted":                "all lines have the format",
		"exporter: Series dropped":              "all series are exposed",
		"exporter: Earliest certificate expiry": "no target has https",
		"exporter: Scraped more than once":      "each instance has one job",
	}
}

// prometheus is a Prometheus with a fleet.
type prometheus struct {
	api   string
	fleet recorded.Fleet
	step  int
}

func startPrometheus(t *testing.T, fleet recorded.Fleet) *prometheus {
	t.Helper()
	folder := t.TempDir()
	text := filepath.Join(folder, "fleet.txt")
	file, err := os.Create(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := fleet.WriteOpenMetrics(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(folder, "data")
	out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "openmetrics", text, data).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool: %v: %s", err, out)
	}
	config := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	step := fleet.Every * int(recorded.Interval.Seconds())
	address := nginxtest.FreeAddress(t, "127.0.0.1")
	process := proctest.Start(t, "", exec.CommandContext(t.Context(), "prometheus", "--config.file="+config, "--storage.tsdb.path="+data,
		"--web.listen-address="+address, "--storage.tsdb.retention.time=100y", "--log.level=warn", fmt.Sprintf("--query.lookback-delta=%ds", 2*step)))
	p := &prometheus{"http://" + address, fleet, step}
	process.Await(t, "Prometheus to be ready", func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.api+"/-/ready", nil)
		if err != nil {
			return false
		}
		response, err := (&http.Client{}).Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return p
}

// get returns the data of a response of the API.
func (p *prometheus) get(t *testing.T, path string, parameters url.Values, data any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.api+path+"?"+parameters.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Error string
		Data  json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body.Error != "" {
		t.Errorf("%s: %s", parameters, body.Error)
		return
	}
	if err := json.Unmarshal(body.Data, data); err != nil {
		t.Fatal(err)
	}
}

// interpolate replaces variables as Grafana does: All, except for variables with one
// value, which have their first.
func (p *prometheus) interpolate(t *testing.T, b Board, expr string) string {
	t.Helper()
	for _, v := range b.variables {
		if !strings.Contains(expr, "$"+v.name) {
			continue
		}
		chosen := v.all
		if v.one {
			chosen = p.values(t, b, v)[0]
		}
		expr = strings.ReplaceAll(expr, `"$`+v.name+`"`, strconv.Quote(chosen))
	}
	length := int(p.fleet.End().Sub(p.fleet.Start).Seconds())
	return strings.NewReplacer("$__rate_interval", fmt.Sprintf("%ds", 4*p.step), "$__range", fmt.Sprintf("%ds", length)).Replace(expr)
}

// values returns the values of a variable.
func (p *prometheus) values(t *testing.T, b Board, v variable) []string {
	t.Helper()
	parameters := url.Values{
		"match[]": {p.interpolate(t, b, v.metric)},
		"start":   {p.fleet.Start.Format(time.RFC3339)},
		"end":     {p.fleet.End().Format(time.RFC3339)},
	}
	var values []string
	p.get(t, "/api/v1/label/"+v.values+"/values", parameters, &values)
	return values
}

// evaluate returns the number of series with at least one value, as Grafana requests
// them.
func (p *prometheus) evaluate(t *testing.T, b Board, expr string, instant bool) int {
	t.Helper()
	expr = p.interpolate(t, b, expr)
	path, parameters := "/api/v1/query", url.Values{"query": {expr}, "time": {p.fleet.End().Format(time.RFC3339)}}
	if !instant {
		path = "/api/v1/query_range"
		parameters = url.Values{
			"query": {expr}, "start": {p.fleet.Start.Format(time.RFC3339)}, "end": {p.fleet.End().Format(time.RFC3339)},
			"step": {strconv.Itoa(p.step)},
		}
	}
	var data struct {
		Result []struct {
			Value  [2]any
			Values [][2]any
		}
	}
	p.get(t, path, parameters, &data)
	series := 0
	for _, r := range data.Result {
		if slices.ContainsFunc(append(r.Values, r.Value), func(sample [2]any) bool {
			text, ok := sample[1].(string)
			v, err := strconv.ParseFloat(text, 64)
			return ok && err == nil && !math.IsNaN(v)
		}) {
			series++
		}
	}
	return series
}

func (p *prometheus) check(t *testing.T, b Board, panel *panel) {
	t.Helper()
	name, series := b.Name+": "+panel.title, 0
	for i, query := range panel.queries {
		series += p.evaluate(t, b, b.expand(query.expr), b.queryJSON(panel, query, i).Instant)
	}
	reason, listed := withoutData()[name]
	switch {
	case series == 0 && !listed:
		t.Errorf("%s has no data", name)
	case series > 0 && listed:
		t.Errorf("%s has data, although %s", name, reason)
	case series > 10 && panel.kind != "table":
		t.Errorf("%s has %d lines", name, series)
	case series > 50*len(panel.queries):
		t.Errorf("%s has %d rows", name, series)
	}
}

// TestLinesAreLimited checks that series are limited wherever their label has as many
// values as there are pods, zones or servers.
func TestLinesAreLimited(t *testing.T) {
	few := []string{"code", "state", "reason", "status", "window", "alertname", "severity", "le", "version"}
	by := regexp.MustCompile(`^\(*[a-z_]+ by \(([^)]*)\)`)
	for _, d := range generated(t) {
		for _, p := range d.panels() {
			for _, target := range p.Targets {
				match := by.FindStringSubmatch(target.Expr)
				if match == nil || strings.Contains(target.Expr, "topk(10, ") || strings.Contains(target.Expr, "topk(50, ") {
					continue
				}
				for label := range strings.SplitSeq(match[1], ", ") {
					if !slices.Contains(few, label) {
						t.Errorf("%s: %s: any number of lines by %s: %s", d.UID, p.Title, label, target.Expr)
					}
				}
			}
		}
	}
}

// TestRecordings checks that a run can be read back.
func TestRecordings(t *testing.T) {
	for _, name := range recorded.Names() {
		run, err := recorded.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var first bytes.Buffer
		if err := run.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := recorded.Read(&first)
		if err != nil {
			t.Fatal(err)
		}
		if run.Scrapes != recorded.Scrapes || len(again.Series) != len(run.Series) {
			t.Errorf("%s has %d scrapes; %d series of %d are read back", name, run.Scrapes, len(again.Series), len(run.Series))
		}
	}
}
