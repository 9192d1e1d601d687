package inject

import (
	"iter"

	"go.yaml.in/yaml/v3"
)

// entry is a key of a mapping and its value.
type entry struct {
	key, value *yaml.Node
}

// entries iterates over a mapping. Anything else has none.
func entries(m *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if m == nil || m.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(m.Content); i += 2 {
			if !yield(m.Content[i], m.Content[i+1]) {
				return
			}
		}
	}
}

// own returns the entry of a key in the mapping itself, without merged mappings (<<).
func own(m *yaml.Node, key string) (entry, bool) {
	for k, v := range entries(deref(m)) {
		if k.Kind == yaml.ScalarNode && k.Value == key {
			return entry{k, v}, true
		}
	}
	return entry{}, false
}

// get returns the value at a path of keys, nil for none. It follows aliases and merged mappings (<<).
func get(m *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		budget := 1000 // Merges of merges could multiply without end.
		m = lookup(m, key, &budget)
	}
	return m
}

func lookup(m *yaml.Node, key string, budget *int) *yaml.Node {
	m = deref(m)
	if *budget--; *budget < 0 {
		return nil
	}
	if e, found := own(m, key); found {
		return deref(e.value)
	}
	merged, found := own(m, "<<")
	if !found {
		return nil
	}
	bases := []*yaml.Node{merged.value}
	if v := deref(merged.value); v != nil && v.Kind == yaml.SequenceNode {
		bases = v.Content
	}
	for _, base := range bases {
		if v := lookup(base, key, budget); v != nil {
			return v
		}
	}
	return nil
}

// deref follows an alias to its anchor.
func deref(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

// str returns the value of a scalar, empty for null and for anything else.
func str(n *yaml.Node) string {
	if n = deref(n); n == nil || n.Kind != yaml.ScalarNode || isNull(n) {
		return ""
	}
	return n.Value
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// isFlow reports whether a node is written in flow style, with brackets.
func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// same reports whether two trees have the same content, anchors and aliases. Comments, quotes and positions may differ.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Anchor != b.Anchor || a.Value != b.Value || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind != yaml.AliasNode && a.ShortTag() != b.ShortTag() {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// encode returns the nodes of a value of this package or of package sidecar.
func encode(v any) *yaml.Node {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		// Only a value of a type that YAML cannot represent fails.
		panic(err)
	}
	return &n
}

// mapping returns a mapping with one entry.
func mapping(key string, value *yaml.Node) *yaml.Node {
	return add(&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}, key, value)
}

// add appends an entry to a mapping.
func add(m *yaml.Node, key string, value *yaml.Node) *yaml.Node {
	m.Content = append(m.Content, encode(key), value)
	return m
}

// sequence returns a list of one item.
func sequence(item *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{item}}
}
