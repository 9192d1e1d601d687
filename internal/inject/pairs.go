package inject

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// errInline is why labels and annotations cannot be added.
var errInline = errors.New("labels and annotations cannot be added to JSON or multi-line flow style, where uninject could not recognize them")

// pairs adds labels and annotations to a pod template. It keeps existing values; the notes list those that differ.
func (p *plan) pairs(l layout, t *pod, opts *Options) (notes []string, err error) {
	p.inline = map[*yaml.Node][]insertion{}
	missing := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, kind := range []struct {
		key  string
		want []Pair
	}{{"labels", opts.Labels}, {"annotations", opts.allAnnotations()}} {
		pairs, differing := compare(get(t.template, "metadata", kind.key), kind.want)
		for _, key := range differing {
			notes = append(notes, fmt.Sprintf("kept the existing value of %s in %s", key, kind.key))
		}
		if len(pairs.Content) == 0 {
			continue
		}
		if err := p.pairsOf(l, t, kind.key, pairs, missing); err != nil {
			return nil, err
		}
	}
	if len(missing.Content) > 0 {
		if err := p.metadata(l, t, missing); err != nil {
			return nil, err
		}
	}
	return notes, p.insertInline(l)
}

// insertInline makes edits of the insertions, one for all insertions into the same line.
func (p *plan) insertInline(l layout) error {
	for key, insertions := range p.inline {
		s, err := p.rewriteLine(l, key, insertions)
		if err != nil {
			return err
		}
		p.edits = append(p.edits, edit{[]splice{s}, func() {
			for _, in := range insertions {
				in.mapping.Content = slices.Concat(in.missing.Content, in.mapping.Content)
			}
		}})
	}
	return nil
}

// pairsOf adds to existing labels or annotations. If there are none, it adds them to missing.
func (p *plan) pairsOf(l layout, t *pod, key string, pairs, missing *yaml.Node) error {
	metadata, _, err := collection(t.template, "metadata", yaml.MappingNode)
	if err != nil {
		return err
	}
	e, found, err := collection(metadata.value, key, yaml.MappingNode)
	switch {
	case err != nil:
		return err
	case !found:
		add(missing, key, pairs)
	case isEmpty(e.value, yaml.MappingNode):
		if isFlow(metadata.value) {
			return errInline
		}
		return p.fill(l, e, pairs)
	case isFlow(metadata.value):
		p.inline[metadata.key] = append(p.inline[metadata.key], insertion{e.value, pairs})
	case isFlow(e.value):
		p.inline[e.key] = append(p.inline[e.key], insertion{e.value, pairs})
	default:
		return p.fields(l, e.value, e.value.Content[0], pairs)
	}
	return nil
}

// metadata adds labels, annotations or both to the metadata of a pod template that has none of them.
func (p *plan) metadata(l layout, t *pod, missing *yaml.Node) error {
	e, found := own(t.template, "metadata")
	switch {
	case isFlow(t.template):
		return errInline
	case !found:
		return p.fields(l, t.template, t.key, mapping("metadata", missing))
	case isEmpty(e.value, yaml.MappingNode):
		return p.fill(l, e, missing)
	case isFlow(e.value):
		p.inline[e.key] = append(p.inline[e.key], insertion{e.value, missing})
		return nil
	}
	return p.fields(l, e.value, e.value.Content[0], missing)
}

// compare returns the pairs that a mapping lacks, and the keys for which it has another value.
func compare(have *yaml.Node, want []Pair) (missing *yaml.Node, differing []string) {
	missing = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, pair := range want {
		switch v := get(have, pair.Key); {
		case v != nil && str(v) != pair.Value:
			differing = append(differing, pair.Key)
		case v == nil && get(missing, pair.Key) == nil:
			add(missing, pair.Key, encode(pair.Value))
		}
	}
	return missing, differing
}
