package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// schemaVersion is that of Grafana 10.4: newer versions migrate it when they load it.
const schemaVersion = 39

// tag is common to all dashboards, which link to each other by it.
const tag = "nginx-exporter"

// uid is the identifier in URLs.
func uid(name string) string { return "nginx-" + name }

type dashboardJSON struct {
	Inputs        []object       `json:"__inputs"`   // required by the upload to grafana.com,
	Requires      []object       `json:"__requires"` // and empty, since the data source is a variable
	Annotations   object         `json:"annotations"`
	Description   string         `json:"description"`
	Editable      bool           `json:"editable"`
	GraphTooltip  int            `json:"graphTooltip"`
	Links         []object       `json:"links"`
	Panels        []panelJSON    `json:"panels"`
	Refresh       string         `json:"refresh"`
	SchemaVersion int            `json:"schemaVersion"`
	Tags          []string       `json:"tags"`
	Templating    templatingJSON `json:"templating"`
	Time          object         `json:"time"`
	Timezone      string         `json:"timezone"`
	Title         string         `json:"title"`
	UID           string         `json:"uid"`
	Version       int            `json:"version"`
}

type templatingJSON struct {
	List []object `json:"list"`
}

type panelJSON struct {
	ID              int          `json:"id"`
	Type            string       `json:"type"`
	Title           string       `json:"title"`
	Description     string       `json:"description,omitempty"`
	GridPos         grid         `json:"gridPos"`
	Collapsed       *bool        `json:"collapsed,omitempty"`
	Panels          *[]panelJSON `json:"panels,omitempty"`
	Datasource      object       `json:"datasource,omitempty"`
	FieldConfig     *fieldsJSON  `json:"fieldConfig,omitempty"`
	MaxDataPoints   int          `json:"maxDataPoints,omitempty"`
	Options         object       `json:"options,omitempty"`
	Targets         []queryJSON  `json:"targets,omitempty"`
	Transformations []object     `json:"transformations,omitempty"`
}

type grid struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type fieldsJSON struct {
	Defaults  object         `json:"defaults"`
	Overrides []overrideJSON `json:"overrides"`
}

type overrideJSON struct {
	Matcher    object   `json:"matcher"`
	Properties []object `json:"properties"`
}

type queryJSON struct {
	RefID        string `json:"refId"`
	Datasource   object `json:"datasource"`
	EditorMode   string `json:"editorMode"`
	Expr         string `json:"expr"`
	Format       string `json:"format"`
	Instant      bool   `json:"instant"`
	LegendFormat string `json:"legendFormat,omitempty"`
	Range        bool   `json:"range"`
}

func source() object { return object{"type": "prometheus", "uid": "${datasource}"} }

// JSON returns the dashboard as a file.
func (b Board) JSON() ([]byte, error) {
	d := dashboardJSON{
		Inputs: []object{}, Requires: []object{},
		Annotations: object{"list": b.annotationsJSON()}, Description: b.Description,
		GraphTooltip: 1, // shared crosshair
		Links: []object{{
			"type": "dashboards", "tags": []string{tag}, "title": "nginx", "tooltip": "", "url": "", "icon": "external link",
			"asDropdown": false, "includeVars": true, "keepTime": true, "targetBlank": false,
		}},
		Panels: b.panelsJSON(), Refresh: "30s", SchemaVersion: schemaVersion, Tags: []string{"nginx", tag},
		Templating: templatingJSON{b.variablesJSON()}, Time: object{"from": "now-3h", "to": "now"}, Timezone: "browser",
		Title: b.Title, UID: uid(b.Name), Version: 1,
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", b.Name, err)
	}
	return out.Bytes(), nil
}

func (b Board) expand(expr string) string { return strings.ReplaceAll(expr, "SELECT", b.selector) }

func (b Board) annotationsJSON() []object {
	list := []object{{
		"builtIn": 1, "datasource": object{"type": "grafana", "uid": "-- Grafana --"}, "enable": true, "hide": true,
		"iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard",
	}}
	for _, a := range b.annotations {
		list = append(list, object{
			"datasource": source(), "enable": a.enabled, "expr": b.expand(a.expr), "iconColor": a.color, "name": a.name,
			"step": "60s", "textFormat": a.text, "titleFormat": a.title, "useValueForTime": false,
		})
	}
	return list
}

func (b Board) variablesJSON() []object {
	list := []object{{
		"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "regex": "", "refresh": 1, "hide": 0,
		"multi": false, "includeAll": false, "skipUrlSync": false, "options": []object{}, "current": object{},
	}}
	for _, v := range b.variables {
		text := fmt.Sprintf("label_values(%s, %s)", v.metric, v.values)
		current := object{}
		if !v.one {
			current = object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}
		}
		list = append(list, object{
			"name": v.name, "label": v.label, "type": "query", "datasource": source(), "definition": text,
			"query": object{"query": text, "refId": "variable-" + v.name}, "regex": "", "refresh": 2, "sort": 1, "hide": 0,
			"multi": !v.one, "includeAll": !v.one, "allValue": v.all, "skipUrlSync": false, "options": []object{}, "current": current,
		})
	}
	return list
}

// panelsJSON places panels from left to right and from top to bottom.
func (b Board) panelsJSON() []panelJSON {
	var all []panelJSON
	id, y := 0, 0
	for _, r := range b.rows {
		var header *panelJSON
		if r.title != "" {
			id++
			all = append(all, panelJSON{
				ID: id, Type: "row", Title: r.title, GridPos: grid{1, 24, 0, y}, Collapsed: &r.collapsed, Panels: &[]panelJSON{},
			})
			header = &all[len(all)-1]
			y++
		}
		placed := b.place(r.panels, &id, &y)
		if header != nil && r.collapsed {
			*header.Panels = placed
		} else {
			all = append(all, placed...)
		}
	}
	return all
}

// place moves id and y behind the panels.
func (b Board) place(panels []*panel, id, y *int) []panelJSON {
	var all []panelJSON
	x, height := 0, 0
	for _, p := range panels {
		if x+p.width > 24 {
			*y += height
			x, height = 0, 0
		}
		*id++
		all = append(all, b.panelJSON(p, *id, grid{p.height, p.width, x, *y}))
		x += p.width
		height = max(height, p.height)
	}
	*y += height
	return all
}

func (b Board) panelJSON(p *panel, id int, at grid) panelJSON {
	defaults := object{"unit": p.unit}
	for key, v := range p.defaults {
		defaults[key] = v
	}
	if p.custom != nil {
		defaults["custom"] = p.custom
	}
	if p.none != "" {
		defaults["noValue"] = p.none
	}
	out := panelJSON{
		ID: id, Type: p.kind, Title: p.title, Description: p.description, GridPos: at, Datasource: source(),
		FieldConfig: &fieldsJSON{defaults, []overrideJSON{}}, MaxDataPoints: p.points, Options: p.options, Transformations: p.transforms,
	}
	for _, o := range p.overrides {
		properties := make([]object, 0, len(o.properties))
		for _, each := range o.properties {
			properties = append(properties, object{"id": each.id, "value": each.value})
		}
		out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, overrideJSON{object{"id": "byName", "options": o.name}, properties})
	}
	for i, query := range p.queries {
		out.Targets = append(out.Targets, b.queryJSON(p, query, i))
	}
	return out
}

// queryJSON requests only the current value where the panel shows nothing else.
func (b Board) queryJSON(p *panel, query query, index int) queryJSON {
	instant := p.kind == "table" || p.kind == "bargauge" || p.kind == "stat"
	format := "time_series"
	if p.kind == "table" {
		format = "table"
	}
	return queryJSON{
		RefID: string(rune('A' + index)), Datasource: source(), EditorMode: "code", Expr: b.expand(query.expr), Format: format,
		Instant: instant, LegendFormat: query.legend, Range: !instant,
	}
}
