package angie

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
)

// node is a JSON value as encoding/json reads it. Unlike an any it keeps the order
// of members, and duplicate ones.
type node struct {
	kind   byte // { [ " 0 t n
	text   string
	names  []string // of members
	within []node
}

// parse reads a document. It returns false if encoding/json rejects it.
func parse(document []byte) (node, bool) {
	if !json.Valid(document) {
		return node{}, false
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	n, err := parseOne(decoder)
	return n, err == nil
}

func parseOne(decoder *json.Decoder) (node, error) {
	token, err := decoder.Token()
	if err != nil {
		return node{}, fmt.Errorf("a valid document has no next token: %w", err)
	}
	switch token := token.(type) {
	case json.Delim:
		n := node{kind: byte(token)}
		for decoder.More() {
			one, err := parseOne(decoder)
			if err != nil {
				return node{}, err
			}
			if n.kind == '{' {
				n.names = append(n.names, one.text)
				if one, err = parseOne(decoder); err != nil {
					return node{}, err
				}
			}
			n.within = append(n.within, one)
		}
		_, err := decoder.Token()
		return n, err
	case string:
		return node{kind: '"', text: token}, nil
	case json.Number:
		return node{kind: '0', text: token.String()}, nil
	case bool:
		return node{kind: 't', text: strconv.FormatBool(token)}, nil
	default:
		return node{kind: 'n'}, nil
	}
}

// oracle sets the fields of a part by the rules, from a tree of encoding/json.
type oracle struct {
	rules   map[string]*rule
	invalid int
}

// expect sets the part to the expected values and returns the number of invalid
// members.
func expect(rules map[string]*rule, part Part, n node) (invalid int) {
	o := &oracle{rules: rules}
	to := reflect.ValueOf(part).Elem()
	switch part := part.(type) {
	case *Upstreams:
		o.list(to.FieldByName("All"), n, func(upstream reflect.Value, of node) { o.upstream(part, upstream, of) })
	case *MetricZones:
		o.list(to.FieldByName("All"), n, func(zone reflect.Value, of node) { o.metricZone(part, zone, of) })
	default:
		if to.NumField() == 1 && to.Type().Field(0).Name == "All" {
			o.list(to.Field(0), n, o.fill)
		} else {
			o.fill(to, n)
		}
	}
	return o.invalid
}

// list sets a slice of pointers to objects from the members of an object.
func (o *oracle) list(to reflect.Value, n node, fill func(reflect.Value, node)) {
	if !o.is(n, '{') {
		return
	}
	for i, name := range n.names {
		object := reflect.New(to.Type().Elem().Elem())
		key := object.Elem().FieldByName("Name")
		if !key.IsValid() {
			key = object.Elem().FieldByName("Path")
		}
		key.SetString(name)
		fill(object.Elem(), n.within[i])
		to.Set(reflect.Append(to, object))
	}
}

// fill sets the fields of a struct from an object.
func (o *oracle) fill(to reflect.Value, n node) { o.members(to, o.rules[to.Type().Name()], n) }

func (o *oracle) members(to reflect.Value, rules *rule, n node) {
	if !o.is(n, '{') {
		return
	}
	for i, name := range n.names {
		switch r := rules.members[name]; {
		case r == nil:
		case r.kind == "":
			o.members(to, r, n.within[i])
		default:
			o.member(to, to.FieldByName(r.field), r.kind, n.within[i])
		}
	}
}

// is reports whether a node is of a kind, and counts it if not.
func (o *oracle) is(n node, kind byte) bool {
	if n.kind != kind {
		o.invalid++
	}
	return n.kind == kind
}

func set(field reflect.Value, to any) { field.Set(reflect.ValueOf(to)) }

func (o *oracle) member(of, field reflect.Value, kind string, n node) {
	switch kind {
	case "text":
		set(field, o.text(n))
	case "gauge":
		set(field, o.gauge(n))
	case "count":
		set(field, o.count(n))
	case "when":
		set(field, o.when(n))
	case "flag":
		set(field, o.flag(n))
	case "state":
		set(field, State(max(0, slices.Index(States(), o.text(n))))) // nine states
	case "acme":
		set(field, max(0, slices.Index(ACMEStates(), o.text(n))))
	case "certificate":
		set(field, max(0, slices.Index(CertificateStates(), o.text(n))))
	case "each":
		o.fill(field, n)
	case "fresh":
		set(field, reflect.New(field.Type().Elem()).Interface())
		o.fill(field.Elem(), n)
	case "codes":
		set(field, o.codes(n))
	case "slots":
		set(field, o.slots(of, n))
	case "shards":
		field.SetZero()
		o.list(field, n, o.fill)
	default:
		panic("no such kind: " + kind + " of " + of.Type().Name())
	}
}

func (o *oracle) text(n node) string {
	if !o.is(n, '"') {
		return ""
	}
	return n.text
}

func (o *oracle) number(n node) value.Value {
	if !o.is(n, '0') {
		return value.Value{}
	}
	var (
		float    float64
		unsigned uint64
		signed   int64
	)
	switch text := []byte(n.text); {
	case bytes.ContainsAny(text, ".eE"):
		if json.Unmarshal(text, &float) == nil {
			return value.Of(float)
		}
	case json.Unmarshal(text, &unsigned) == nil:
		return value.Of(float64(unsigned))
	case json.Unmarshal(text, &signed) == nil:
		return value.Of(float64(signed))
	}
	o.invalid++
	return value.Value{}
}

func (o *oracle) count(n node) value.Value {
	v := o.number(n)
	if v.IsSet() && v.Float() < 0 {
		o.invalid++
		return value.Value{}
	}
	return v
}

func (o *oracle) gauge(n node) value.Value {
	v := o.count(n)
	if v.IsSet() && v.Float() >= math.MaxInt64 {
		o.invalid++
		return value.Value{}
	}
	return v
}

func (o *oracle) when(n node) value.Value {
	if n.kind == '0' {
		return o.count(n)
	}
	if !o.is(n, '"') {
		return value.Value{}
	}
	t, err := time.Parse(time.RFC3339Nano, n.text)
	if err != nil || t.Before(time.Unix(0, 0)) {
		o.invalid++
		return value.Value{}
	}
	return value.Of(float64(t.Truncate(time.Millisecond).UnixMilli()) / 1e3)
}

func (o *oracle) flag(n node) value.Value {
	if !o.is(n, 't') {
		return value.Value{}
	}
	return value.OfBool(n.text == "true")
}

func (o *oracle) codes(n node) []api.Code {
	if !o.is(n, '{') {
		return nil
	}
	var codes []api.Code
	for i, name := range n.names {
		code := api.Code{Code: name, Count: o.count(n.within[i])}
		at := slices.IndexFunc(codes, func(c api.Code) bool { return c.Code == name })
		switch {
		case at >= 0:
			codes[at] = code
		case len(codes) < 1000 && len(name) <= 64:
			codes = append(codes, code)
		default:
			o.invalid++
		}
	}
	return codes
}

func (o *oracle) slots(of reflect.Value, n node) []api.Slot {
	if !o.is(n, '{') {
		return nil
	}
	var slots []api.Slot
	for i, size := range n.names {
		slot := api.Slot{Zone: of.FieldByName("Name").String(), Size: size}
		o.fill(reflect.ValueOf(&slot).Elem(), n.within[i])
		at := slices.IndexFunc(slots, func(s api.Slot) bool { return s.Size == size })
		switch {
		case at >= 0:
			slots[at] = slot
		case len(slots) < 64 && len(size) <= 64:
			slots = append(slots, slot)
		default:
			o.invalid++
		}
	}
	return slots
}

// upstream sets an upstream. Its servers are those of all upstreams.
func (o *oracle) upstream(all *Upstreams, to reflect.Value, n node) {
	upstream, _ := to.Addr().Interface().(*Upstream)
	if !o.is(n, '{') {
		return
	}
	for i, name := range n.names {
		if name != "peers" {
			o.members(to, o.rules["Upstream"], node{kind: '{', names: n.names[i : i+1], within: n.within[i : i+1]})
			continue
		}
		upstream.Listed = upstream.Listed || n.within[i].kind == '{'
		first := len(all.Peers)
		o.list(reflect.ValueOf(all).Elem().FieldByName("Peers"), n.within[i], o.fill)
		for _, p := range all.Peers[first:] {
			p.Upstream = upstream
			upstream.States[p.State]++
		}
	}
}

func (o *oracle) metricZone(all *MetricZones, to reflect.Value, n node) {
	zone, _ := to.Addr().Interface().(*MetricZone)
	if !o.is(n, '{') {
		return
	}
	for i, name := range n.names {
		switch {
		case name == "discarded":
			zone.Discarded = o.count(n.within[i])
		case name == "metrics" && o.is(n.within[i], '{'):
			for j, key := range n.within[i].names {
				o.key(all, Metric{Zone: zone, Key: key}, n.within[i].within[j])
			}
		}
	}
}

// key adds the metrics of a key of a zone.
func (o *oracle) key(all *MetricZones, m Metric, n node) {
	add := func(m Metric) {
		if m.Histogram != nil || m.Value.IsSet() {
			all.Metrics = append(all.Metrics, &m)
		}
	}
	if n.kind != '{' {
		m.Value = o.number(n)
		add(m)
		return
	}
	values, nested := make([]value.Value, len(n.names)), false
	for i, one := range n.within {
		if nested = nested || one.kind == '{'; one.kind != '{' {
			values[i] = o.number(one)
		}
	}
	if m.Histogram = histogramOf(n.names, values); m.Histogram != nil && !nested {
		add(m)
		return
	}
	for i, name := range n.names {
		m.Name, m.Value, m.Histogram = name, values[i], nil
		if n.within[i].kind == '{' {
			buckets := make([]value.Value, len(n.within[i].names))
			for j, one := range n.within[i].within {
				buckets[j] = o.number(one)
			}
			if m.Histogram = histogramOf(n.within[i].names, buckets); m.Histogram == nil {
				o.invalid++
			}
		}
		add(m)
	}
}

// histogramOf is the histogram with these buckets, nil if they are none.
func histogramOf(names []string, counts []value.Value) *Histogram {
	type bucket struct{ bound, count float64 }
	var buckets []bucket
	for i, name := range names {
		bound, err := strconv.ParseFloat(name, 64)
		if err != nil || math.IsNaN(bound) || !counts[i].IsSet() {
			return nil
		}
		buckets = append(buckets, bucket{bound, counts[i].Float()})
	}
	slices.SortStableFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	var h Histogram
	before := bucket{math.NaN(), 0}
	for _, b := range buckets {
		if b.count < before.count || b.count != math.Floor(b.count) || b.count > maxCount || b.bound == before.bound {
			return nil
		}
		h.Bounds, h.Counts = append(h.Bounds, b.bound), append(h.Counts, b.count-before.count)
		before = b
	}
	if len(buckets) == 0 {
		return nil
	}
	return &h
}
