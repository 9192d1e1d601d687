package oracle

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"time"

	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
)

// Oracle sets the fields of one document by the rules.
type Oracle struct {
	schema  *Schema
	Root    any // the document
	Invalid int // members
}

// expect sets the document to the expected values, and returns the number of invalid
// members.
func (s *Schema) expect(document any, n Node) (invalid int) {
	o := &Oracle{schema: s, Root: document}
	o.Fill(reflect.ValueOf(document).Elem(), n)
	return o.Invalid
}

// Fill sets a struct from a node.
func (o *Oracle) Fill(to reflect.Value, n Node) {
	name := to.Type().Name()
	switch set, rules := o.schema.Types[name], o.schema.Rules[name]; {
	case set != nil:
		set(o, to, to, n)
	case rules != nil:
		o.members(to, rules, n)
	default:
		o.List(to.FieldByName("All"), n)
	}
}

// List appends objects to a slice from the members of an object.
func (o *Oracle) List(to reflect.Value, n Node) {
	if !o.Is(n, '{') {
		return
	}
	for i, name := range n.Names {
		object := reflect.New(to.Type().Elem().Elem())
		key := object.Elem().FieldByName("Name")
		if !key.IsValid() {
			key = object.Elem().FieldByName("Path")
		}
		key.SetString(name)
		o.Fill(object.Elem(), n.Within[i])
		to.Set(reflect.Append(to, object))
	}
}

func (o *Oracle) members(to reflect.Value, rules *Rule, n Node) {
	if !o.Is(n, '{') {
		return
	}
	for i, name := range n.Names {
		switch rule := rules.Members[name]; {
		case rule == nil:
		case rule.Kind == "":
			o.members(to, rule, n.Within[i])
		default:
			o.member(to, to.FieldByName(rule.Field), rule.Kind, n.Within[i])
		}
	}
}

// Is reports whether a node is of a kind, and counts it if not.
func (o *Oracle) Is(n Node, kind byte) bool {
	if n.Kind != kind {
		o.Invalid++
	}
	return n.Kind == kind
}

func (o *Oracle) member(of, field reflect.Value, kind string, n Node) {
	switch kind {
	case "text":
		field.SetString(o.Text(n))
	case "each":
		o.Fill(field, n)
	case "fresh":
		field.Set(reflect.New(field.Type().Elem()))
		o.Fill(field.Elem(), n)
	case "list":
		field.SetZero()
		o.List(field, n)
	case "codes":
		put(field, o.codes(n))
	case "slots":
		put(field, o.slots(of.FieldByName("Name").String(), n))
	default:
		if number := o.number(kind, n); number != nil {
			put(field, *number)
			return
		}
		o.schema.Kinds[kind](o, of, field, n)
	}
}

func put(field reflect.Value, to any) { field.Set(reflect.ValueOf(to)) }

// number reads a member that is a value, nil if its kind is another one.
func (o *Oracle) number(kind string, n Node) *value.Value {
	var v value.Value
	switch kind {
	case "count":
		v = o.Count(n)
	case "gauge":
		v = o.Gauge(n)
	case "time":
		v = o.time(n)
	case "when":
		if v = (value.Value{}); n.Kind == '0' {
			v = o.Count(n)
		} else {
			v = o.time(n)
		}
	case "flag":
		if o.Is(n, 't') {
			v = value.OfBool(n.Text == "true")
		}
	default:
		return nil
	}
	return &v
}

// Text reads a string.
func (o *Oracle) Text(n Node) string {
	if !o.Is(n, '"') {
		return ""
	}
	return n.Text
}

// State reads one of these names as its number. Another name is the first one.
func (o *Oracle) State(n Node, names []string) int { return max(0, slices.Index(names, o.Text(n))) }

// Number reads any number.
func (o *Oracle) Number(n Node) value.Value {
	if !o.Is(n, '0') {
		return value.Value{}
	}
	var (
		float    float64
		unsigned uint64
		signed   int64
	)
	switch text := []byte(n.Text); {
	case bytes.ContainsAny(text, ".eE"):
		if json.Unmarshal(text, &float) == nil {
			return value.Of(float)
		}
	case json.Unmarshal(text, &unsigned) == nil:
		return value.Of(float64(unsigned))
	case json.Unmarshal(text, &signed) == nil:
		return value.Of(float64(signed))
	}
	o.Invalid++
	return value.Value{}
}

// Count reads a number that cannot be below zero.
func (o *Oracle) Count(n Node) value.Value {
	v := o.Number(n)
	if v.IsSet() && v.Float() < 0 {
		o.Invalid++
		return value.Value{}
	}
	return v
}

// Gauge reads a number that cannot be below zero, or from 2^63 on.
func (o *Oracle) Gauge(n Node) value.Value {
	v := o.Count(n)
	if v.IsSet() && v.Float() >= math.MaxInt64 {
		o.Invalid++
		return value.Value{}
	}
	return v
}

func (o *Oracle) time(n Node) value.Value {
	if !o.Is(n, '"') {
		return value.Value{}
	}
	t, err := time.Parse(time.RFC3339, n.Text)
	if err != nil || t.Before(time.Unix(0, 0)) {
		o.Invalid++
		return value.Value{}
	}
	return value.Of(float64(t.UnixMilli()) / 1e3)
}

// codes returns at most 1000; of duplicates the last is kept, at the position of the
// first.
func (o *Oracle) codes(n Node) []api.Code {
	var codes []api.Code
	if !o.Is(n, '{') {
		return codes
	}
	for i, name := range n.Names {
		code := api.Code{Code: name, Count: o.Count(n.Within[i])}
		switch at := slices.IndexFunc(codes, func(c api.Code) bool { return c.Code == name }); {
		case at >= 0:
			codes[at] = code
		case len(codes) < 1000 && len(name) <= 64:
			codes = append(codes, code)
		default:
			o.Invalid++
		}
	}
	return codes
}

// slots returns at most 64, with duplicates as in codes.
func (o *Oracle) slots(zone string, n Node) []api.Slot {
	var slots []api.Slot
	if !o.Is(n, '{') {
		return slots
	}
	for i, size := range n.Names {
		slot := api.Slot{Zone: zone, Size: size}
		o.Fill(reflect.ValueOf(&slot).Elem(), n.Within[i])
		switch at := slices.IndexFunc(slots, func(s api.Slot) bool { return s.Size == size }); {
		case at >= 0:
			slots[at] = slot
		case len(slots) < 64 && len(size) <= 64:
			slots = append(slots, slot)
		default:
			o.Invalid++
		}
	}
	return slots
}
