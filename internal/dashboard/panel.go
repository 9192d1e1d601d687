package dashboard

// Units of Grafana.
const (
	unitNone    = "none"
	unitCount   = "short"
	unitRate    = "reqps"
	unitConns   = "cps"
	unitOps     = "ops"
	unitRatio   = "percentunit"
	unitSeconds = "s"
	unitBytes   = "bytes"
	unitFlow    = "Bps"
	unitAgo     = "dateTimeFromNow"
)

// Colors with a meaning, which are the same in all dashboards.
const (
	green  = "green"
	blue   = "blue"
	orange = "orange"
	red5xx = "red"
	purple = "purple"
	grey   = "text"
)

// object is a part of the JSON that has no type of its own; its keys are sorted.
type object map[string]any

// panel is one graph, number or table. Its methods change it and return it.
type panel struct {
	kind        string
	title       string
	description string
	unit        string
	width       int // of 24
	height      int
	none        string // text if there are no data
	queries     []query

	defaults   object // fieldConfig.defaults beside unit and noValue
	custom     object // fieldConfig.defaults.custom
	options    object
	overrides  []override
	transforms []object
	points     int // maxDataPoints
}

// query is a PromQL expression with the legend of its series.
type query struct {
	expr   string
	legend string
}

// override changes fields by name, or by regular expression between slashes.
type override struct {
	name       string
	properties []property
}

type property struct {
	id    string
	value any
}

// step is a threshold: the color from this value on.
type step struct {
	from  any // nil is minus infinity
	color string
}

func q(expr, legend string) query { return query{expr: expr, legend: legend} }

// series is a graph over time.
func series(title, unit, description string, queries ...query) *panel {
	return &panel{
		kind: "timeseries", title: title, unit: unit, description: description, queries: queries, width: 8, height: 8,
		defaults: object{"min": 0, "color": object{"mode": "palette-classic"}},
		custom: object{
			"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never",
			"spanNulls": false, "axisPlacement": "auto", "stacking": object{"mode": "none", "group": "A"},
		},
		options: object{
			"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		},
	}
}

// stat is the current value as a number.
func stat(title, unit, description string, queries ...query) *panel {
	return &panel{
		kind: "stat", title: title, unit: unit, description: description, queries: queries, width: 4, height: 3,
		defaults: object{"color": object{"mode": "thresholds"}, "thresholds": thresholds(step{nil, grey})},
		options: object{
			"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto", "wideLayout": true,
			"text":          object{"valueSize": 30},
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

// bars is the current value of each series as a bar.
func bars(title, unit, description string, queries ...query) *panel {
	return &panel{
		kind: "bargauge", title: title, unit: unit, description: description, queries: queries, width: 8, height: 8,
		defaults: object{"min": 0, "color": object{"mode": "thresholds"}, "thresholds": thresholds(step{nil, blue})},
		options: object{
			"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color",
			"sizing": "manual", "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 40,
			"text":          object{"titleSize": 13, "valueSize": 18},
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

// states is a row of colored cells per series. status-history is used, since Perses does
// not import state-timeline.
func states(title, description string, queries ...query) *panel {
	return &panel{
		kind: "status-history", title: title, unit: unitCount, description: description, queries: queries, width: 24, height: 8, points: 90,
		defaults: object{"color": object{"mode": "thresholds"}, "thresholds": thresholds(step{nil, green}, step{1, orange})},
		custom:   object{"fillOpacity": 80, "lineWidth": 0},
		options: object{
			"showValue": "never", "rowHeight": 0.9, "colWidth": 1,
			"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": false},
			"tooltip": object{"mode": "single", "sort": "none"},
		},
	}
}

// size sets width and height in units of the grid, which has 24 columns.
func (p *panel) size(width, height int) *panel {
	p.width, p.height = width, height
	return p
}

// empty sets the text that is shown without data: what the panel needs, or that having
// nothing to show is good.
func (p *panel) empty(text string) *panel {
	p.none = text
	return p
}

// stacked adds the series up.
func (p *panel) stacked() *panel {
	p.custom["stacking"] = object{"mode": "normal", "group": "A"}
	if p.custom["drawStyle"] == "line" {
		p.custom["fillOpacity"] = 40
	}
	return p
}

// drawnAsBars is for counts per interval.
func (p *panel) drawnAsBars() *panel {
	p.custom["drawStyle"], p.custom["fillOpacity"], p.custom["lineWidth"] = "bars", 80, 0
	return p
}

// steps is for values that change at once, such as replicas.
func (p *panel) steps() *panel {
	p.custom["lineInterpolation"], p.custom["fillOpacity"] = "stepAfter", 0
	return p
}

// named shows the legend instead of the value.
func (p *panel) named() *panel {
	p.options["textMode"] = "name"
	return p
}

// limits colors values by thresholds.
func (p *panel) limits(steps ...step) *panel {
	p.defaults["color"] = object{"mode": "thresholds"}
	p.defaults["thresholds"] = thresholds(steps...)
	return p
}

// share ends the axis at 1.
func (p *panel) share() *panel {
	p.defaults["max"] = 1
	return p
}

// digits sets the number of decimals.
func (p *panel) digits(n int) *panel {
	p.defaults["decimals"] = n
	return p
}

// words shows texts instead of values, which are keys such as "1".
func (p *panel) words(texts map[string]string, colors map[string]string) *panel {
	p.defaults["mappings"] = mappings(texts, colors)
	return p
}

// color sets the color of a series by its legend.
func (p *panel) color(legend, color string) *panel {
	p.overrides = append(p.overrides, override{legend, []property{{"color", object{"mode": "fixed", "fixedColor": color}}}})
	return p
}

// dashed draws a series as a thin dashed line without area, such as a limit.
func (p *panel) dashed(legend, color string) *panel {
	p.overrides = append(p.overrides, override{legend, []property{
		{"color", object{"mode": "fixed", "fixedColor": color}},
		{"custom.lineStyle", object{"fill": "dash", "dash": []int{8, 8}}},
		{"custom.fillOpacity", 0},
		{"custom.stacking", object{"mode": "none", "group": "B"}},
	}})
	return p
}

// right moves a series of counts to the axis at the right.
func (p *panel) right(legend, unit string) *panel {
	p.overrides = append(p.overrides, override{legend, []property{
		{"unit", unit}, {"decimals", 0}, {"custom.axisPlacement", "right"},
	}})
	return p
}

func thresholds(steps ...step) object {
	var all []object
	for _, s := range steps {
		all = append(all, object{"value": s.from, "color": s.color})
	}
	return object{"mode": "absolute", "steps": all}
}

func mappings(texts, colors map[string]string) []object {
	options := object{}
	for value, text := range texts {
		option := object{"text": text}
		if c, ok := colors[value]; ok {
			option["color"] = c
		}
		options[value] = option
	}
	return []object{{"type": "value", "options": options}}
}
