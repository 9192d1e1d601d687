package dashboard

import "fmt"

// column is a column of a table, in the order of the table. Labels without a column are
// hidden.
type column struct {
	field  string // a label, or "Value #A" of the first query and so on
	title  string
	width  int // in pixels, 0 shares what the others leave
	unit   string
	texts  map[string]string // words instead of values
	colors map[string]string // of these values
	link   string
}

// table shows current values, one row per set of labels, sorted by the column with the
// title sort, the largest first. All labels of the queries need a column.
func table(title, description, sort string, columns []column, queries ...query) *panel {
	p := &panel{
		kind: "table", title: title, description: description, unit: unitNone, queries: queries, width: 8, height: 8,
		defaults:   object{"color": object{"mode": "thresholds"}, "thresholds": thresholds(step{nil, grey})},
		custom:     object{"align": "auto", "cellOptions": object{"type": "auto"}, "filterable": false},
		options:    object{"showHeader": true, "cellHeight": "sm", "footer": object{"show": false, "reducer": []string{"sum"}, "countRows": false}},
		transforms: []object{{"id": "merge", "options": object{}}},
	}
	if sort != "" {
		p.options["sortBy"] = []object{{"displayName": sort, "desc": true}}
	}
	names, order := object{}, object{}
	for i, c := range columns {
		names[c.field], order[c.field] = c.title, i
		p.overrides = append(p.overrides, c.override())
	}
	p.transforms = append(p.transforms, object{"id": "organize", "options": object{
		"excludeByName": object{"Time": true}, "indexByName": order, "renameByName": names,
	}})
	return p
}

func (c column) override() override {
	// Without it, a label that a row lacks has the text of a panel without data.
	o := override{name: c.title, properties: []property{{"noValue", "–"}}}
	if c.width > 0 {
		o.properties = append(o.properties, property{"custom.width", c.width})
	}
	if c.unit != "" {
		o.properties = append(o.properties, property{"unit", c.unit})
	}
	if c.texts != nil {
		o.properties = append(o.properties, property{"mappings", mappings(c.texts, c.colors)}, property{"custom.align", "left"})
	}
	if c.colors != nil {
		o.properties = append(o.properties, property{"custom.cellOptions", object{"type": "color-text"}})
	}
	if c.link != "" {
		o.properties = append(o.properties, property{"links", []object{{"title": "Open", "url": c.link}}})
	}
	return o
}

// value is the name of the value of the query with this index, from 0.
func value(query int) string { return fmt.Sprintf("Value #%c", 'A'+query) }
