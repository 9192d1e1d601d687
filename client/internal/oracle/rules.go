package oracle

import (
	"reflect"
	"slices"
	"strings"
)

// Rule is a member of an object and what it means, or members that are known in it.
type Rule struct {
	Kind, Field string
	Names       []string // of Members, in the order of the rules
	Members     map[string]*Rule
}

// Set sets a field of a struct, or all of a struct, from a node. The struct of a
// member is of.
type Set func(o *Oracle, of, field reflect.Value, n Node)

// Schema says how documents are read.
type Schema struct {
	// Rules are those of structs, by the name of the type.
	Rules map[string]*Rule

	// Kinds are the kinds of members beside those of the package.
	Kinds map[string]Set

	// Types are types without rules. Lists have none either.
	Types map[string]Set

	// Arrays are the documents that may be an array.
	Arrays []string
}

// NewSchema parses rules, by the name of a type: the path of a member, its kind and
// its field, one rule per line.
//
//	text    a string
//	flag    true or false
//	count   a number that cannot be below zero
//	gauge   a number that cannot be below zero, or from 2^63 on
//	time    a time
//	when    a time, or a number that cannot be below zero
//	each    an object that sets a struct; duplicates are merged
//	fresh   an object that sets a new struct; the last duplicate is kept
//	list    an object that sets a list; the last duplicate is kept
//	codes   the status codes of an object
//	slots   the slots of a shared memory zone
func NewSchema(texts ...map[string]string) *Schema {
	s := &Schema{Rules: map[string]*Rule{}}
	for _, rules := range texts {
		for name, text := range rules {
			root := &Rule{}
			for line := range strings.Lines(text) {
				if words := strings.Fields(line); len(words) > 0 {
					root.add(strings.Split(words[0], "."), words[1], words[2])
				}
			}
			s.Rules[name] = root
		}
	}
	return s
}

func (r *Rule) add(path []string, kind, field string) {
	within := r.Members[path[0]]
	if within == nil {
		if r.Members == nil {
			r.Members = map[string]*Rule{}
		}
		within = &Rule{}
		r.Members[path[0]] = within
		r.Names = append(r.Names, path[0])
	}
	if len(path) > 1 {
		within.add(path[1:], kind, field)
		return
	}
	within.Kind, within.Field = kind, field
}

// fields lists the fields that rules fill in.
func (r *Rule) fields() []string {
	fields := []string{r.Field}
	for _, within := range r.Members {
		fields = append(fields, within.fields()...)
	}
	return fields
}

// Missing returns the fields of structs that no rule fills, which would never be
// compared, but for those of these names, which something else sets.
func (s *Schema) Missing(others string, structs ...any) []string {
	var missing []string
	for _, example := range structs {
		kind := reflect.TypeOf(example)
		filled := strings.Fields(others)
		if root := s.Rules[kind.Name()]; root != nil {
			filled = append(filled, root.fields()...)
		}
		for _, field := range reflect.VisibleFields(kind) {
			outer := kind.Field(field.Index[0]).Name // another one if the field is of an embedded struct
			if !field.Anonymous && !slices.Contains(filled, field.Name) && !slices.Contains(filled, outer) {
				missing = append(missing, kind.Name()+"."+field.Name)
			}
		}
	}
	return missing
}

// Common has the rules of the objects in client/api.
func Common() map[string]string {
	const size = `
		size gauge Size
		max_size gauge MaxSize
		cold flag Cold`
	var cache strings.Builder
	for _, name := range []string{"Hit", "Stale", "Updating", "Revalidated", "Miss", "Expired", "Bypass"} {
		cache.WriteString(strings.ToLower(name) + " each " + name + "\n")
	}
	return map[string]string{
		"Connections": `
			accepted count Accepted
			dropped count Dropped
			active gauge Active
			idle gauge Idle`,
		"Slab": `
			pages.used gauge PagesUsed
			pages.free gauge PagesFree
			slots slots Slots`,
		"Slot": `
			used gauge Used
			free gauge Free
			reqs count Requests
			fails count Failures`,
		"Cache":     cache.String() + size,
		"CacheSize": size,
		"CacheUse": `
			responses count Responses
			bytes count Bytes
			responses_written count ResponsesWritten
			bytes_written count BytesWritten`,
		"Lookups": `
			name count ByName
			srv count Services
			addr count ByAddress`,
	}
}
