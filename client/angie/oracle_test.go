package angie

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strconv"

	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/client/value"
)

// newSchema says how all parts are read.
func newSchema() *oracle.Schema {
	s := oracle.NewSchema(oracle.Common(), rules(), zoneRules(), upstreamRules())
	s.Kinds = map[string]oracle.Set{
		"state":       setName(States()),
		"acme":        setName(ACMEStates()),
		"certificate": setName(CertificateStates()),
		"peers":       setPeers,
		"metrics":     setMetrics,
	}
	return s
}

// setName sets the number of a name.
func setName(names []string) oracle.Set {
	return func(o *oracle.Oracle, _, field reflect.Value, n oracle.Node) {
		field.Set(reflect.ValueOf(o.State(n, names)).Convert(field.Type()))
	}
}

// setPeers adds the servers of an upstream to those of all.
func setPeers(o *oracle.Oracle, of, _ reflect.Value, n oracle.Node) {
	all, upstream := o.Root.(*Upstreams), of.Addr().Interface().(*Upstream)
	upstream.Listed = upstream.Listed || n.Kind == '{'
	first := len(all.Peers)
	o.List(reflect.ValueOf(all).Elem().FieldByName("Peers"), n)
	for _, p := range all.Peers[first:] {
		p.Upstream = upstream
		upstream.States[p.State]++
	}
}

// setMetrics adds the metrics of a zone to those of all.
func setMetrics(o *oracle.Oracle, of, _ reflect.Value, n oracle.Node) {
	if !o.Is(n, '{') {
		return
	}
	for i, key := range n.Names {
		addKey(o, Metric{Zone: of.Addr().Interface().(*MetricZone), Key: key}, n.Within[i])
	}
}

// addKey adds the metrics of a key of a zone.
func addKey(o *oracle.Oracle, m Metric, n oracle.Node) {
	all := o.Root.(*MetricZones)
	add := func(m Metric) {
		if m.Histogram != nil || m.Value.IsSet() {
			all.Metrics = append(all.Metrics, &m)
		}
	}
	if n.Kind != '{' {
		m.Value = o.Number(n)
		add(m)
		return
	}
	values, nested := make([]value.Value, len(n.Names)), false
	for i, one := range n.Within {
		if nested = nested || one.Kind == '{'; one.Kind != '{' {
			values[i] = o.Number(one)
		}
	}
	if m.Histogram = histogramOf(n.Names, values); m.Histogram != nil && !nested {
		add(m)
		return
	}
	for i, name := range n.Names {
		m.Name, m.Value, m.Histogram = name, values[i], nil
		if n.Within[i].Kind == '{' {
			buckets := make([]value.Value, len(n.Within[i].Names))
			for j, one := range n.Within[i].Within {
				buckets[j] = o.Number(one)
			}
			if m.Histogram = histogramOf(n.Within[i].Names, buckets); m.Histogram == nil {
				o.Invalid++
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
