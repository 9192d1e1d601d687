package plus

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
)

// tree is a JSON value as encoding/json reads it. Unlike an any it keeps the
// order of members, and duplicate ones.
type tree struct {
	kind    byte // { [ " 0 t n
	text    string
	flag    bool
	within  []tree
	names   []string // of within, if this is an object
	deepest int      // how deep it is nested
}

// grow reads a document. It returns false if encoding/json rejects it.
func grow(document []byte) (tree, bool) {
	if !json.Valid(document) {
		return tree{}, false
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	node, err := growOne(decoder)
	return node, err == nil
}

func growOne(decoder *json.Decoder) (tree, error) {
	token, err := decoder.Token()
	if err != nil {
		return tree{}, fmt.Errorf("a valid document has no next token: %w", err)
	}
	switch token := token.(type) {
	case json.Delim:
		return growWithin(decoder, byte(token))
	case string:
		return tree{kind: '"', text: token}, nil
	case json.Number:
		return tree{kind: '0', text: token.String()}, nil
	case bool:
		return tree{kind: 't', flag: token}, nil
	default:
		return tree{kind: 'n'}, nil
	}
}

func growWithin(decoder *json.Decoder, kind byte) (tree, error) {
	grown := tree{kind: kind}
	for decoder.More() {
		if kind == '{' {
			name, err := growOne(decoder)
			if err != nil {
				return tree{}, err
			}
			grown.names = append(grown.names, name.text)
		}
		node, err := growOne(decoder)
		if err != nil {
			return tree{}, err
		}
		grown.within = append(grown.within, node)
		grown.deepest = max(grown.deepest, node.deepest)
	}
	grown.deepest++
	_, err := decoder.Token()
	return grown, err
}

// oracle sets the fields of a document by the rules, from a tree of encoding/json.
type oracle struct {
	schema  schema
	peers   []*Peer
	invalid int
}

// expect sets the document to the expected values and returns the number of
// invalid members.
func (all schema) expect(document Document, node tree) (invalid int) {
	o := &oracle{schema: all}
	switch document := document.(type) {
	case *Workers:
		for _, worker := range node.within { // of an object or an array
			document.All = append(document.All, &Worker{})
			o.fill(reflect.ValueOf(document.All[len(document.All)-1]).Elem(), worker)
		}
	case *Upstreams:
		o.zones(reflect.ValueOf(document).Elem(), node)
		document.Peers = o.peers
	case *ZoneSync:
		o.fill(reflect.ValueOf(document).Elem(), node)
	default:
		if to := reflect.ValueOf(document).Elem(); to.NumField() == 1 && to.Type().Field(0).Name == "All" {
			o.zones(to, node)
		} else {
			o.fill(to, node)
		}
	}
	return o.invalid
}

// fill sets the fields of a struct from an object.
func (o *oracle) fill(to reflect.Value, node tree) {
	if pairs := to.FieldByName("Pairs"); pairs.IsValid() {
		if o.is(node, '{') {
			set(pairs, value.Of(float64(len(node.within))))
		}
		return
	}
	o.members(to, o.schema[to.Type().Name()], node)
}

func (o *oracle) members(to reflect.Value, rules *rule, node tree) {
	if !o.is(node, '{') {
		return
	}
	for i, name := range node.names {
		switch within := rules.known[name]; {
		case within == nil:
		case within.kind == "":
			o.members(to, within, node.within[i])
		default:
			o.member(to, within, node.within[i])
		}
	}
}

// is reports whether a node is of a kind, and counts it if not.
func (o *oracle) is(node tree, kind byte) bool {
	if node.kind != kind {
		o.invalid++
	}
	return node.kind == kind
}

func set(field reflect.Value, to any) { field.Set(reflect.ValueOf(to)) }

func (o *oracle) member(to reflect.Value, rules *rule, node tree) {
	field := to.FieldByName(rules.field)
	switch rules.kind {
	case "text":
		set(field, o.text(node))
	case "gauge":
		set(field, o.gauge(node))
	case "end":
		end := o.gauge(node)
		if end.Float() == 0 {
			end = value.Value{}
		}
		set(field, end)
	case "count":
		set(field, o.count(node))
	case "flag":
		set(field, o.flag(node))
	case "time":
		set(field, o.time(node))
	case "id":
		set(field, o.id(node))
	case "state":
		set(field, State(max(0, slices.Index(States(), o.text(node))))) // seven states
	case "each":
		o.fill(field, node)
	case "fresh":
		set(field, reflect.New(field.Type().Elem()).Interface())
		o.fill(field.Elem(), node)
	case "zones":
		o.zones(field, node)
	case "codes":
		set(field, o.codes(node))
	case "slots":
		set(field, o.slots(to, node))
	case "buckets":
		o.buckets(to.Addr().Interface().(*Histogram), node)
	case "peers":
		o.peersOf(to.Addr().Interface().(*Upstream), node)
	default:
		panic("no such kind: " + rules.kind)
	}
}

func (o *oracle) text(node tree) string {
	if !o.is(node, '"') {
		return ""
	}
	return node.text
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (o *oracle) number(node tree) value.Value {
	if !o.is(node, '0') {
		return value.Value{}
	}
	var (
		float    float64
		unsigned uint64
		signed   int64
	)
	switch text := []byte(node.text); {
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

func (o *oracle) count(node tree) value.Value {
	n := o.number(node)
	if n.IsSet() && n.Float() < 0 {
		o.invalid++
		return value.Value{}
	}
	return n
}

func (o *oracle) gauge(node tree) value.Value {
	n := o.count(node)
	if n.IsSet() && n.Float() >= math.MaxInt64 {
		o.invalid++
		return value.Value{}
	}
	return n
}

func (o *oracle) flag(node tree) value.Value {
	if !o.is(node, 't') {
		return value.Value{}
	}
	return value.Of(float64(btoi(node.flag)))
}

func (o *oracle) time(node tree) value.Value {
	if !o.is(node, '"') {
		return value.Value{}
	}
	t, err := time.Parse(time.RFC3339, node.text)
	if err != nil || t.Before(time.Unix(0, 0)) {
		o.invalid++
		return value.Value{}
	}
	return value.Of(float64(t.UnixMilli()) / 1e3)
}

// id is a whole number that a float can hold exactly.
func (o *oracle) id(node tree) string {
	n := o.number(node)
	if !n.IsSet() {
		return ""
	}
	if f := n.Float(); math.Abs(f) <= 1<<53 && f == math.Trunc(f) {
		return strconv.FormatInt(int64(f), 10)
	}
	o.invalid++
	return ""
}

// zones sets the field All of a document.
func (o *oracle) zones(to reflect.Value, node tree) {
	if !o.is(node, '{') {
		return
	}
	all := to.FieldByName("All")
	for i, name := range node.names {
		zone := reflect.New(all.Type().Elem().Elem())
		zone.Elem().FieldByName("Name").SetString(name)
		o.fill(zone.Elem(), node.within[i])
		all.Set(reflect.Append(all, zone))
	}
}

func (o *oracle) peersOf(upstream *Upstream, node tree) {
	if !o.is(node, '[') {
		return
	}
	upstream.Listed = true
	for _, one := range node.within {
		peer := &Peer{Upstream: upstream}
		o.fill(reflect.ValueOf(peer).Elem(), one)
		upstream.States[peer.State]++
		o.peers = append(o.peers, peer)
	}
}

// codes returns at most 1000; of duplicates the last is kept, at the position of
// the first.
func (o *oracle) codes(node tree) []api.Code {
	var codes []api.Code
	if !o.is(node, '{') {
		return codes
	}
	for i, name := range node.names {
		code := api.Code{Code: name, Count: o.count(node.within[i])}
		switch at := slices.IndexFunc(codes, func(c api.Code) bool { return c.Code == name }); {
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

// slots returns at most 64, with duplicates as in codes.
func (o *oracle) slots(of reflect.Value, node tree) []api.Slot {
	var slots []api.Slot
	if !o.is(node, '{') {
		return slots
	}
	for i, name := range node.names {
		slot := api.Slot{Zone: of.FieldByName("Name").String(), Size: name}
		o.fill(reflect.ValueOf(&slot).Elem(), node.within[i])
		switch at := slices.IndexFunc(slots, func(s api.Slot) bool { return s.Size == name }); {
		case at >= 0:
			slots[at] = slot
		case len(slots) < 64 && len(name) <= 64:
			slots = append(slots, slot)
		default:
			o.invalid++
		}
	}
	return slots
}

// buckets sets all buckets, or none if one is invalid.
func (o *oracle) buckets(h *Histogram, node tree) {
	h.Bounds, h.Counts = nil, nil
	if !o.is(node, '{') {
		return
	}
	type bucket struct{ bound, count float64 }
	var (
		buckets []bucket
		total   float64
		valid   = len(node.within) <= 256
	)
	for i, name := range node.names {
		bound, err := strconv.ParseFloat(name, 64)
		count := o.count(node.within[i]).Float()
		total += count
		valid = valid && err == nil && bound >= 1e-6 && count == math.Floor(count)
		buckets = append(buckets, bucket{bound, count})
	}
	slices.SortStableFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	unique := slices.CompactFunc(slices.Clone(buckets), func(a, b bucket) bool { return a.bound == b.bound })
	if !valid || len(unique) < len(buckets) || total > 1<<53 {
		h.Bounds = nil
		o.invalid++
		return
	}
	for _, b := range buckets {
		h.Bounds, h.Counts = append(h.Bounds, b.bound), append(h.Counts, b.count)
	}
}

// dump formats a document for messages.
func dump(of reflect.Value) string {
	if n, ok := of.Interface().(value.Value); ok {
		return strconv.FormatFloat(n.Float(), 'g', -1, 64)
	}
	var text strings.Builder
	switch of.Kind() {
	case reflect.Pointer:
		if of.IsNil() {
			return "nil"
		}
		return "&" + dump(of.Elem())
	case reflect.Slice:
		if of.IsNil() {
			return "nil"
		}
		for i := range of.Len() {
			text.WriteString(" " + dump(of.Index(i)))
		}
		return "[" + text.String() + " ]"
	case reflect.Struct:
		for i := range of.NumField() {
			if field := of.Type().Field(i); field.Name != "Upstream" && !of.Field(i).IsZero() {
				text.WriteString(" " + field.Name + ":" + dump(of.Field(i)))
			}
		}
		return "{" + text.String() + " }"
	default:
		return fmt.Sprintf("%#v", of.Interface())
	}
}

// clipped shortens a text for messages.
func clipped(tb testing.TB, text string) string {
	tb.Helper()
	const most = 4000
	if len(text) > most {
		return text[:most] + fmt.Sprintf("... (%d bytes)", len(text))
	}
	return text
}
