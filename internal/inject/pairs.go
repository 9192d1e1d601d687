package inject

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// pairs adds labels and annotations to the pods of a template. What the pod
// has already stays as it is; the notes tell where it says something else.
func (p *plan) pairs(l layout, t *pod, opts *Options) (notes []string, err error) {
	metadata, found := own(t.template.value, "metadata")
	p.inserted = nil
	var fresh mapping
	for _, kind := range []struct {
		key  string
		want []Pair
	}{{"labels", opts.Labels}, {"annotations", opts.annotations()}} {
		missing, differing := compare(get(t.template.value, "metadata", kind.key), kind.want)
		for _, key := range differing {
			notes = append(notes, fmt.Sprintf("kept its own %s in %s", key, kind.key))
		}
		if len(missing) == 0 {
			continue
		}
		if found && metadata.value.Kind == yaml.AliasNode {
			return nil, fmt.Errorf("its metadata are an alias (*%s), which others share; edit them by hand", metadata.value.Value)
		}
		if err := p.pairsOf(l, metadata, kind.key, missing, &fresh); err != nil {
			return nil, err
		}
	}
	if err := p.metadata(l, t, metadata, fresh); err != nil {
		return nil, err
	}
	return notes, p.insert(l)
}

// metadata adds labels and annotations that are new as a whole.
func (p *plan) metadata(l layout, t *pod, e entry, fresh mapping) error {
	switch {
	case len(fresh) == 0:
		return nil
	case flow(t.template.value):
		return errFlowPairs
	case e.key == nil:
		return p.fields(l, t.template.value, t.key, mapping{{"metadata", fresh}})
	case isNull(e.value), e.value.Kind == yaml.MappingNode && len(e.value.Content) == 0:
		return p.fillMapping(l, e, mapping{{"metadata", fresh}})
	case e.value.Kind != yaml.MappingNode:
		return errLayout
	case flow(e.value):
		return p.flowPairs(e.key, e.value, fresh)
	}
	return p.fields(l, e.value, e.value.Content[0], fresh)
}

// pairsOf adds to the labels or annotations that are there.
func (p *plan) pairsOf(l layout, metadata entry, key string, missing mapping, fresh *mapping) error {
	var e entry
	found := false
	if metadata.value != nil {
		e, found = own(metadata.value, key)
	}
	switch {
	case !found && get(metadata.value, key) != nil:
		return fmt.Errorf("its %s come through a merge (<<), where others share them; edit it by hand", key)
	case !found:
		*fresh = append(*fresh, field{key, missing})
		return nil
	case e.value.Kind == yaml.AliasNode:
		return fmt.Errorf("its %s are an alias (*%s), which others share; edit it by hand", key, e.value.Value)
	case isNull(e.value), e.value.Kind == yaml.MappingNode && len(e.value.Content) == 0:
		if flow(metadata.value) {
			return errFlowPairs
		}
		return p.fillMapping(l, e, mapping{{key, missing}})
	case e.value.Kind != yaml.MappingNode:
		return fmt.Errorf("its %s are no mapping", key)
	case flow(metadata.value):
		return p.flowPairs(metadata.key, e.value, missing)
	case flow(e.value):
		return p.flowPairs(e.key, e.value, missing)
	}
	return p.fields(l, e.value, e.value.Content[0], missing)
}

// errFlowPairs is why labels and annotations are not added.
var errFlowPairs = errors.New("labels and annotations cannot be added to JSON, or to flow style over several lines, where uninject could not tell them from others")

// flowPairs adds to a mapping in flow style that stands on one line with a key
// of a block, once it is known what else that line gets.
func (p *plan) flowPairs(key, m *yaml.Node, fresh mapping) error {
	p.inserted = append(p.inserted, insertion{key, m, fresh})
	return nil
}

// insert makes the insertions, those into one line at once. The line as it was
// stays in a comment.
func (p *plan) insert(l layout) error {
	for len(p.inserted) > 0 {
		key := p.inserted[0].key
		var here []insertion
		p.inserted = slices.DeleteFunc(p.inserted, func(in insertion) bool {
			if in.key == key {
				here = append(here, in)
			}
			return in.key == key
		})
		s, ok := p.rewriteLine(l, key, here)
		if !ok {
			return errFlowPairs
		}
		p.edits = append(p.edits, edit{[]splice{s}, func() {
			for _, in := range here {
				in.mapping.Content = slices.Insert(in.mapping.Content, 0, node(in.fresh).Content...)
			}
		}})
	}
	return nil
}

// fillMapping replaces a key that has nothing by one that has something.
func (p *plan) fillMapping(l layout, e entry, fresh mapping) error {
	s, ok := p.replaceLine(l, e.key, fresh)
	if !ok {
		return errLayout
	}
	p.edits = append(p.edits, edit{[]splice{s}, func() {
		*e.value = *node(fresh[0].value)
	}})
	return nil
}

// compare returns the pairs that a mapping has not got, and the keys of which
// it has another value.
func compare(have *yaml.Node, want []Pair) (missing mapping, differing []string) {
	for _, pair := range want {
		switch v := get(have, pair.Key); {
		case v == nil:
			if !slices.ContainsFunc(missing, func(f field) bool { return f.key == pair.Key }) {
				missing = append(missing, field{pair.Key, pair.Value})
			}
		case str(v) != pair.Value:
			differing = append(differing, pair.Key)
		}
	}
	return missing, differing
}
