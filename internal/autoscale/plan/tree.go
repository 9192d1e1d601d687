package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Objects are trees of maps, lists and scalars here: a plan must keep fields that this
// program does not know.

// decode decodes JSON without losing digits of numbers.
func decode(text []byte, into *map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	fixNumbers(*into)
	return nil
}

// fixNumbers makes numbers those that the YAML decoder returns, so that trees of both are
// comparable.
func fixNumbers(tree any) any {
	switch t := tree.(type) {
	case map[string]any:
		for key, value := range t {
			t[key] = fixNumbers(value)
		}
	case []any:
		for i := range t {
			t[i] = fixNumbers(t[i])
		}
	case json.Number:
		if n, err := strconv.Atoi(t.String()); err == nil {
			return n
		}
		if f, err := t.Float64(); err == nil {
			return f
		}
	}
	return tree
}

// decodeAll decodes the documents of a YAML stream.
func decodeAll(text string) (all []any, _ error) {
	d := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document any
		err := d.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if document != nil {
			all = append(all, document)
		}
	}
}

// blockYAML formats an object, indented as kubectl does.
func blockYAML(of any) (string, error) {
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	const indent = 2
	e.SetIndent(indent)
	err := e.Encode(of)
	return b.String(), errors.Join(err, e.Close())
}

// withoutServerFields is an object as in a manifest.
func withoutServerFields(object map[string]any) map[string]any {
	object = maps.Clone(object)
	delete(object, "status")
	if metadata, ok := object["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		for _, key := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp"} {
			delete(metadata, key)
		}
		object["metadata"] = metadata
	}
	return object
}

// field is a field of a tree; nil if it does not exist.
func field(tree any, path ...string) any {
	for _, key := range path {
		m, _ := tree.(map[string]any)
		tree = m[key]
	}
	return tree
}

func clone(tree any) any {
	switch t := tree.(type) {
	case map[string]any:
		c := make(map[string]any, len(t))
		for key, value := range t {
			c[key] = clone(value)
		}
		return c
	case []any:
		c := make([]any, len(t))
		for i := range t {
			c[i] = clone(t[i])
		}
		return c
	}
	return tree
}

// equal compares trees. The API server fills in defaults, so that a field which is only in
// the first one is no difference within what the second one sets.
func equal(live, wanted any) bool {
	switch w := wanted.(type) {
	case map[string]any:
		l, isMap := live.(map[string]any)
		for key, value := range w {
			if !equal(l[key], value) {
				return false
			}
		}
		return isMap || len(w) == 0
	case []any:
		l, _ := live.([]any)
		return len(l) == len(w) && equalItems(l, w)
	}
	return reflect.DeepEqual(live, wanted)
}

func equalItems(live, wanted []any) bool {
	for i, item := range wanted {
		at := i
		if _, name := identity(item); name != "" {
			at = indexOf(live, name)
		}
		if at < 0 || !equal(live[at], item) {
			return false
		}
	}
	return true
}

// identity is the field that tells the items of a list apart, and its value; empty if items
// have none. See
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy.
func identity(item any) (key, value string) {
	for _, key := range []string{"mountPath", "name"} {
		if value, ok := field(item, key).(string); ok {
			return key, value
		}
	}
	return "", ""
}

func indexOf(list []any, name string) int {
	return slices.IndexFunc(list, func(item any) bool {
		_, value := identity(item)
		return value == name && name != ""
	})
}

// additions is what a tree has and another one does not, with the fields that identify the
// items of lists.
func additions(before, after any) any {
	a, isMap := after.(map[string]any)
	if !isMap {
		return addedItems(before, after)
	}
	b, _ := before.(map[string]any)
	added := map[string]any{}
	for key, value := range a {
		if old, found := b[key]; !found {
			added[key] = value
		} else if !reflect.DeepEqual(old, value) {
			added[key] = additions(old, value)
		}
	}
	return added
}

// addedItems are the items of a list that another one does not have; any other value as a
// whole.
func addedItems(before, after any) any {
	a, isList := after.([]any)
	if !isList || isAnonymous(a) {
		return after
	}
	b, _ := before.([]any)
	var added []any
	for _, item := range a {
		key, name := identity(item)
		at := indexOf(b, name)
		if at < 0 {
			added = append(added, item)
		} else if part, ok := additions(b[at], item).(map[string]any); ok && len(part) > 0 {
			part[key] = name
			added = append(added, part)
		}
	}
	return added
}

// operation is an operation of a JSON patch, see https://www.rfc-editor.org/rfc/rfc6902.
type operation struct {
	Op    string `json:"op"    yaml:"op"`
	Path  string `json:"path"  yaml:"path"`
	Value any    `json:"value" yaml:"value"`
}

// operations add what a tree has and another one does not.
func operations(path string, before, after any) (all []operation) {
	a, isMap := after.(map[string]any)
	if !isMap {
		return itemOperations(path, before, after)
	}
	b, _ := before.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(a)) {
		at := path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		if old, found := b[key]; found {
			all = append(all, operations(at, old, a[key])...)
		} else {
			all = append(all, operation{"add", at, a[key]})
		}
	}
	return all
}

func itemOperations(path string, before, after any) (all []operation) {
	a, _ := after.([]any)
	b, _ := before.([]any)
	for i, item := range a {
		_, name := identity(item)
		at := indexOf(b, name)
		position := "/-"
		if i == 0 {
			position = "/0"
		}
		switch {
		case at >= 0:
			all = append(all, operations(fmt.Sprintf("%s/%d", path, at), b[at], item)...)
		case name != "":
			all = append(all, operation{"add", path + position, item})
		}
	}
	return all
}

// diff lists the lines of YAML in which two trees differ, below the lines that lead to them.
func diff(before, after any) []string { return diffAt(before, after, "") }

func diffAt(before, after any, indent string) (lines []string) {
	b, wasMap := before.(map[string]any)
	a, isMap := after.(map[string]any)
	if wasMap && isMap {
		keys := slices.Collect(maps.Keys(a))
		keys = slices.AppendSeq(keys, maps.Keys(b))
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			lines = append(lines, diffField(b, a, key, indent)...)
		}
		return lines
	}
	old, _ := before.([]any)
	items, _ := after.([]any)
	if len(old) == 1 && len(items) == 1 && isAnonymous(items) {
		return append([]string{"  " + indent + "-"}, diffAt(old[0], items[0], indent+"  ")...)
	}
	for i := range old {
		if key, name := identity(old[i]); indexOf(items, name) < 0 {
			lines = append(lines, marked("-", indent, []any{map[string]any{key: name}})...)
		}
	}
	for i := range items {
		key, name := identity(items[i])
		at := indexOf(old, name)
		if at < 0 {
			lines = append(lines, marked("+", indent, []any{items[i]})...)
		} else if below := diffAt(old[at], items[i], indent+"  "); len(below) > 0 {
			lines = append(append(lines, fmt.Sprintf("  %s- %s: %s", indent, key, name)), below...)
		}
	}
	return lines
}

// diffField is the difference of one field of two maps.
func diffField(before, after map[string]any, key, indent string) []string {
	old, was := before[key]
	value, is := after[key]
	switch {
	case reflect.DeepEqual(old, value):
		return nil
	case !was:
		return marked("+", indent, map[string]any{key: value})
	case !is:
		return marked("-", indent, map[string]any{key: old})
	case reflect.TypeOf(old) != reflect.TypeOf(value) || isScalar(old) || !matchable(old, value):
		return append(marked("-", indent, map[string]any{key: old}), marked("+", indent, map[string]any{key: value})...)
	}
	below := diffAt(old, value, indent+"  ")
	if len(below) == 0 {
		return nil
	}
	return append([]string{fmt.Sprintf("  %s%s:", indent, key)}, below...)
}

func isScalar(of any) bool {
	switch of.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// matchable reports whether the items of two lists can be matched.
func matchable(before, after any) bool {
	b, _ := before.([]any)
	a, _ := after.([]any)
	isMaps := len(a) == 1 && len(b) == 1 && !isScalar(a[0]) && !isScalar(b[0])
	return isMaps || !isAnonymous(before) && !isAnonymous(after)
}

// isAnonymous reports whether a list has items without an identity.
func isAnonymous(of any) bool {
	items, isList := of.([]any)
	return isList && slices.ContainsFunc(items, func(item any) bool { _, name := identity(item); return name == "" })
}

// marked are the lines of a tree as YAML, with a mark.
func marked(mark, indent string, tree any) (lines []string) {
	text, err := blockYAML(tree)
	if err != nil {
		text = err.Error() // a tree that was decoded can be encoded
	}
	for line := range strings.Lines(text) {
		lines = append(lines, mark+" "+indent+strings.TrimSuffix(line, "\n"))
	}
	return lines
}
