package dashboard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// file is what the tests read of a generated dashboard.
type file struct {
	Inputs        []any `json:"__inputs"`
	Requires      []any `json:"__requires"`
	SchemaVersion int
	UID           string
	Tags          []string
	Links         []struct {
		Type                  string
		Tags                  []string
		IncludeVars, KeepTime bool
	}
	Panels     []filePanel
	Templating struct{ List []fileVariable }
}

type fileVariable struct {
	Name, Type, AllValue string
	Refresh              int
}

type filePanel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  grid
	Datasource               struct{ Type, UID string }
	Panels                   []filePanel
	FieldConfig              struct {
		Defaults struct{ Unit, NoValue string }
	}
	Targets []struct {
		Expr, LegendFormat string
		Instant, Range     bool
	}
}

// generated returns all dashboards as a reader of the JSON sees them.
func generated(t *testing.T) []file {
	t.Helper()
	var all []file
	for _, b := range Boards() {
		text, err := b.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var d file
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// panels returns the panels without rows.
func (d file) panels() []filePanel {
	var all []filePanel
	for _, p := range d.Panels {
		if p.Type != "row" {
			all = append(all, p)
		}
		all = append(all, p.Panels...)
	}
	return all
}

func TestDashboardsLoadEverywhere(t *testing.T) {
	// These are in Grafana since version 8, and in the importer of Perses.
	known := []string{"timeseries", "stat", "bargauge", "status-history", "table"}
	uids := map[string]bool{}
	for _, d := range generated(t) {
		if d.SchemaVersion != 39 {
			t.Errorf("%s: schemaVersion is %d", d.UID, d.SchemaVersion)
		}
		if d.Inputs == nil || d.Requires == nil || len(d.Inputs)+len(d.Requires) > 0 {
			t.Errorf("%s: grafana.com requires empty __inputs and __requires", d.UID)
		}
		if uids[d.UID] || len(d.UID) > 40 || !strings.HasPrefix(d.UID, "nginx-") {
			t.Errorf("uid %q is not unique, too long or without prefix", d.UID)
		}
		uids[d.UID] = true
		for _, p := range d.panels() {
			if !slices.Contains(known, p.Type) {
				t.Errorf("%s: %s: type %s", d.UID, p.Title, p.Type)
			}
			if p.Datasource.UID != "${datasource}" || p.Datasource.Type != "prometheus" {
				t.Errorf("%s: %s: data source %v", d.UID, p.Title, p.Datasource)
			}
		}
	}
}

func TestLinksCarryTimeAndVariables(t *testing.T) {
	for _, d := range generated(t) {
		if len(d.Links) != 1 || !d.Links[0].IncludeVars || !d.Links[0].KeepTime || d.Links[0].Type != "dashboards" {
			t.Fatalf("%s: links %+v", d.UID, d.Links)
		}
		if !slices.Contains(d.Tags, d.Links[0].Tags[0]) {
			t.Errorf("%s: the link has tag %s, the dashboard %s", d.UID, d.Links[0].Tags, d.Tags)
		}
	}
}

func TestLinksInTablesCarryTimeAndVariables(t *testing.T) {
	found := 0
	for _, b := range Boards() {
		text, err := b.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range regexp.MustCompile(`"url": "(/d/[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			found++
			for _, want := range []string{"/d/nginx-single?", "${datasource:queryparam}", "${namespace:queryparam}", "${job:queryparam}", "${__url_time_range}"} {
				if !strings.Contains(url[1], want) {
					t.Errorf("%s: link %s lacks %s", b.Name, url[1], want)
				}
			}
		}
	}
	if found < 4 {
		t.Errorf("%d links in tables", found)
	}
}

// TestPanelsExplainThemselves also checks that no panel says only "No data".
func TestPanelsExplainThemselves(t *testing.T) {
	for _, d := range generated(t) {
		seen := map[string]bool{}
		for _, p := range d.panels() {
			name := fmt.Sprintf("%s: panel %q", d.UID, p.Title)
			if p.Title == "" || p.FieldConfig.Defaults.Unit == "" || p.FieldConfig.Defaults.NoValue == "" {
				t.Errorf("%s has unit %q and noValue %q", name, p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.NoValue)
			}
			if len(p.Description) < 30 || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s has description %q", name, p.Description)
			}
			if seen[p.Type+p.Title] || seen[strconv.Itoa(p.ID)] {
				t.Errorf("%s or its id appears twice", name)
			}
			seen[p.Type+p.Title], seen[strconv.Itoa(p.ID)] = true, true
		}
	}
}

// TestLegends checks that no legend is a whole query.
func TestLegends(t *testing.T) {
	for _, d := range generated(t) {
		for _, p := range d.panels() {
			for _, target := range p.Targets {
				if target.LegendFormat == "" && p.Type != "table" {
					t.Errorf("%s: %s has no legendFormat", d.UID, p.Title)
				}
				if target.Instant == target.Range {
					t.Errorf("%s: %s: instant %v, range %v", d.UID, p.Title, target.Instant, target.Range)
				}
			}
		}
	}
}

func TestVariablesWorkWithManyPodsAndWithoutKubernetes(t *testing.T) {
	for _, d := range generated(t) {
		for _, v := range d.Templating.List {
			if v.Type == "datasource" {
				continue
			}
			want := ".+"
			if slices.Contains([]string{"namespace", "addr", "server"}, v.Name) {
				want = ".*" // series may lack these labels
			}
			if v.AllValue != want || v.Refresh != 2 {
				t.Errorf("%s: %s: allValue %q, want %q; refresh %d", d.UID, v.Name, v.AllValue, want, v.Refresh)
			}
		}
	}
}

func TestRangesFollowTheScrapeInterval(t *testing.T) {
	ranges := regexp.MustCompile(`\[[^]]*\]( offset| @ end)?`)
	allowed := []string{"[$__rate_interval]", "[$__rate_interval] offset", "[$__range]", "[$__range] @ end"}
	for _, d := range generated(t) {
		for _, p := range d.panels() {
			for _, target := range p.Targets {
				for _, r := range ranges.FindAllString(target.Expr, -1) {
					if !slices.Contains(allowed, r) {
						t.Errorf("%s: %s: range %s in %s", d.UID, p.Title, r, target.Expr)
					}
				}
				if strings.Contains(target.Expr, "SELECT") {
					t.Errorf("%s: %s: SELECT is left in %s", d.UID, p.Title, target.Expr)
				}
			}
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	for _, d := range generated(t) {
		taken := map[[2]int]string{}
		for _, p := range append(d.panels(), d.Panels...) {
			if p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: %q is wider than the page", d.UID, p.Title)
			}
			for cell := range p.GridPos.W * p.GridPos.H {
				at := [2]int{p.GridPos.X + cell%p.GridPos.W, p.GridPos.Y + cell/p.GridPos.W}
				if other, ok := taken[at]; ok && other != p.Title {
					t.Fatalf("%s: %q and %q overlap at %v", d.UID, p.Title, other, at)
				}
				taken[at] = p.Title
			}
		}
	}
}
