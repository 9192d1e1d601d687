package client

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
)

// tree is a JSON value as encoding/json reads it. Unlike an any it keeps the
// order of members, and those that come twice.
type tree struct {
	kind    byte // { [ " 0 t n
	text    string
	flag    bool
	within  []tree
	names   []string // of within, if this is an object
	deepest int      // how deep it is nested
}

// grow reads a document. It is false for what encoding/json refuses.
func grow(document []byte) (tree, bool) {
	if !json.Valid(document) {
		return tree{}, false
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	value, err := growOne(decoder)
	return value, err == nil
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
		value, err := growOne(decoder)
		if err != nil {
			return tree{}, err
		}
		grown.within = append(grown.within, value)
		grown.deepest = max(grown.deepest, value.deepest)
	}
	grown.deepest++
	_, err := decoder.Token()
	return grown, err
}

// oracle fills a document in from what encoding/json made of it, by the rules.
type oracle struct {
	schema schema
	peers  []*PlusPeer
	unfit  int
}

// expect returns what a document must become, and how much of it is unfit.
func (all schema) expect(document PlusDocument, value tree) (unfit int) {
	o := &oracle{schema: all}
	switch document := document.(type) {
	case *PlusWorkers:
		for _, worker := range value.within { // of an object or an array
			document.All = append(document.All, &PlusWorker{})
			o.fill(reflect.ValueOf(document.All[len(document.All)-1]).Elem(), worker)
		}
	case *PlusUpstreams:
		o.zones(reflect.ValueOf(document).Elem(), value)
		document.Peers = o.peers
	case *PlusZoneSync:
		o.fill(reflect.ValueOf(document).Elem(), value)
	default:
		if to := reflect.ValueOf(document).Elem(); to.NumField() == 1 && to.Type().Field(0).Name == "All" {
			o.zones(to, value)
		} else {
			o.fill(to, value)
		}
	}
	return o.unfit
}

// fill fills a struct in from an object.
func (o *oracle) fill(to reflect.Value, value tree) {
	if pairs := to.FieldByName("Pairs"); pairs.IsValid() {
		if o.is(value, '{') {
			set(pairs, NumberOf(float64(len(value.within))))
		}
		return
	}
	o.members(to, o.schema[to.Type().Name()], value)
}

func (o *oracle) members(to reflect.Value, rules *rule, value tree) {
	if !o.is(value, '{') {
		return
	}
	for i, name := range value.names {
		switch within := rules.known[name]; {
		case within == nil:
		case within.kind == "":
			o.members(to, within, value.within[i])
		default:
			o.member(to, within, value.within[i])
		}
	}
}

// is reports whether a value is of a kind, and counts it if not.
func (o *oracle) is(value tree, kind byte) bool {
	if value.kind != kind {
		o.unfit++
	}
	return value.kind == kind
}

func set(field reflect.Value, value any) { field.Set(reflect.ValueOf(value)) }

func (o *oracle) member(to reflect.Value, rules *rule, value tree) {
	field := to.FieldByName(rules.field)
	switch rules.kind {
	case "text":
		set(field, o.text(value))
	case "gauge":
		set(field, o.gauge(value))
	case "count":
		set(field, o.count(value))
	case "flag":
		set(field, o.flag(value))
	case "time":
		set(field, o.time(value))
	case "id":
		set(field, o.id(value))
	case "state":
		set(field, PlusState(max(0, slices.Index(PlusStates(), o.text(value))))) // seven states
	case "each":
		o.fill(field, value)
	case "fresh":
		set(field, reflect.New(field.Type().Elem()).Interface())
		o.fill(field.Elem(), value)
	case "zones":
		o.zones(field, value)
	case "codes":
		set(field, o.codes(value))
	case "slots":
		set(field, o.slots(value))
	case "buckets":
		o.buckets(to.Addr().Interface().(*PlusHistogram), value)
	case "peers":
		o.peersOf(to.Addr().Interface().(*PlusUpstream), value)
	default:
		panic("no such kind: " + rules.kind)
	}
}

func (o *oracle) text(value tree) string {
	if !o.is(value, '"') {
		return ""
	}
	return value.text
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (o *oracle) gauge(value tree) Number {
	if !o.is(value, '0') {
		return Number{}
	}
	var (
		float    float64
		unsigned uint64
		signed   int64
	)
	switch text := []byte(value.text); {
	case bytes.ContainsAny(text, ".eE"):
		if json.Unmarshal(text, &float) == nil {
			return NumberOf(float)
		}
	case json.Unmarshal(text, &unsigned) == nil:
		return NumberOf(float64(unsigned))
	case json.Unmarshal(text, &signed) == nil:
		return NumberOf(float64(signed))
	}
	o.unfit++
	return Number{}
}

func (o *oracle) count(value tree) Number {
	n := o.gauge(value)
	if n.Known() && n.Float() < 0 {
		o.unfit++
		return Number{}
	}
	return n
}

func (o *oracle) flag(value tree) Number {
	if !o.is(value, 't') {
		return Number{}
	}
	return NumberOf(float64(btoi(value.flag)))
}

func (o *oracle) time(value tree) Number {
	if !o.is(value, '"') {
		return Number{}
	}
	t, err := time.Parse(time.RFC3339, value.text)
	if err != nil {
		o.unfit++
		return Number{}
	}
	return NumberOf(float64(t.UnixMilli()) / 1e3)
}

// id is a whole number that a float can hold exactly.
func (o *oracle) id(value tree) string {
	n := o.gauge(value)
	if !n.Known() {
		return ""
	}
	if f := n.Float(); math.Abs(f) <= 1<<53 && f == math.Trunc(f) {
		return strconv.FormatInt(int64(f), 10)
	}
	o.unfit++
	return ""
}

// zones fills All of a document in.
func (o *oracle) zones(to reflect.Value, value tree) {
	if !o.is(value, '{') {
		return
	}
	all := to.FieldByName("All")
	for i, name := range value.names {
		zone := reflect.New(all.Type().Elem().Elem())
		zone.Elem().FieldByName("Name").SetString(name)
		o.fill(zone.Elem(), value.within[i])
		all.Set(reflect.Append(all, zone))
	}
}

func (o *oracle) peersOf(upstream *PlusUpstream, value tree) {
	if !o.is(value, '[') {
		return
	}
	upstream.Listed = true
	for _, one := range value.within {
		peer := &PlusPeer{Upstream: upstream}
		o.fill(reflect.ValueOf(peer).Elem(), one)
		upstream.States[peer.State]++
		o.peers = append(o.peers, peer)
	}
}

// codes holds at most 1000; of two with one name the last stays, in the place
// of the first.
func (o *oracle) codes(value tree) []PlusCode {
	var codes []PlusCode
	if !o.is(value, '{') {
		return codes
	}
	for i, name := range value.names {
		code := PlusCode{name, o.count(value.within[i])}
		switch at := slices.IndexFunc(codes, func(c PlusCode) bool { return c.Code == name }); {
		case at >= 0:
			codes[at] = code
		case len(codes) < 1000:
			codes = append(codes, code)
		default:
			o.unfit++
		}
	}
	return codes
}

// slots holds at most 64, as codes does.
func (o *oracle) slots(value tree) []PlusSlot {
	var slots []PlusSlot
	if !o.is(value, '{') {
		return slots
	}
	for i, name := range value.names {
		slot := PlusSlot{Size: name}
		o.fill(reflect.ValueOf(&slot).Elem(), value.within[i])
		switch at := slices.IndexFunc(slots, func(s PlusSlot) bool { return s.Size == name }); {
		case at >= 0:
			slots[at] = slot
		case len(slots) < 64:
			slots = append(slots, slot)
		default:
			o.unfit++
		}
	}
	return slots
}

// buckets are all sound, or none is there.
func (o *oracle) buckets(h *PlusHistogram, value tree) {
	h.Bounds, h.Counts = []float64{}, nil
	if !o.is(value, '{') {
		return
	}
	type bucket struct{ bound, count float64 }
	var (
		buckets []bucket
		total   float64
		sound   = len(value.within) <= 256
	)
	for i, name := range value.names {
		bound, err := strconv.ParseFloat(name, 64)
		count := o.count(value.within[i]).Float()
		total += count
		sound = sound && err == nil && bound >= 1e-6 && count == math.Floor(count)
		buckets = append(buckets, bucket{bound, count})
	}
	slices.SortStableFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	unique := slices.CompactFunc(slices.Clone(buckets), func(a, b bucket) bool { return a.bound == b.bound })
	if !sound || len(unique) < len(buckets) || total > 1<<53 {
		h.Bounds = nil
		o.unfit++
		return
	}
	for _, b := range buckets {
		h.Bounds, h.Counts = append(h.Bounds, b.bound), append(h.Counts, b.count)
	}
}

// dump writes a document for people.
func dump(value reflect.Value) string {
	if n, ok := value.Interface().(Number); ok {
		return strconv.FormatFloat(n.Float(), 'g', -1, 64)
	}
	var text strings.Builder
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return "nil"
		}
		return "&" + dump(value.Elem())
	case reflect.Slice:
		if value.IsNil() {
			return "nil"
		}
		for i := range value.Len() {
			text.WriteString(" " + dump(value.Index(i)))
		}
		return "[" + text.String() + " ]"
	case reflect.Struct:
		for i := range value.NumField() {
			if field := value.Type().Field(i); field.Name != "Upstream" && !value.Field(i).IsZero() {
				text.WriteString(" " + field.Name + ":" + dump(value.Field(i)))
			}
		}
		return "{" + text.String() + " }"
	default:
		return fmt.Sprintf("%#v", value.Interface())
	}
}

// clipped keeps a message readable.
func clipped(tb testing.TB, text string) string {
	tb.Helper()
	const most = 4000
	if len(text) > most {
		return text[:most] + fmt.Sprintf("... (%d bytes)", len(text))
	}
	return text
}
