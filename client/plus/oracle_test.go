package plus

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strconv"

	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/client/value"
)

// newSchema says how all documents are read. Kinds of their own are:
//
//	end     a gauge that is absent if it is 0
//	id      a whole number that a float can hold exactly
//
// The others are what their names say.
func newSchema() *oracle.Schema {
	s := oracle.NewSchema(oracle.Common(), rules(), zoneRules(), upstreamRules())
	s.Arrays = []string{"Workers"}
	s.Types = map[string]oracle.Set{"Workers": setWorkers, "Keyval": setPairs}
	s.Kinds = map[string]oracle.Set{"end": setEnd, "id": setID, "state": setState, "zones": setZones, "buckets": setBuckets, "peers": setPeers}
	return s
}

// setWorkers sets the workers of an object or an array.
func setWorkers(o *oracle.Oracle, to, _ reflect.Value, n oracle.Node) {
	workers := to.Addr().Interface().(*Workers)
	for _, one := range n.Within {
		worker := &Worker{}
		o.Fill(reflect.ValueOf(worker).Elem(), one)
		workers.All = append(workers.All, worker)
	}
}

func setPairs(o *oracle.Oracle, to, _ reflect.Value, n oracle.Node) {
	if keyval := to.Addr().Interface().(*Keyval); o.Is(n, '{') {
		keyval.Pairs = value.Of(float64(len(n.Within)))
	}
}

func setEnd(o *oracle.Oracle, _, field reflect.Value, n oracle.Node) {
	end := o.Gauge(n)
	if end.Float() == 0 {
		end = value.Value{}
	}
	field.Set(reflect.ValueOf(end))
}

func setID(o *oracle.Oracle, _, field reflect.Value, n oracle.Node) {
	field.SetString("")
	id := o.Number(n)
	if f := id.Float(); math.Abs(f) <= 1<<53 && f == math.Trunc(f) {
		field.SetString(strconv.FormatInt(int64(f), 10))
	} else if id.IsSet() {
		o.Invalid++
	}
}

func setState(o *oracle.Oracle, _, field reflect.Value, n oracle.Node) {
	field.SetUint(uint64(o.State(n, States()))) // seven states
}

// setZones appends to the list of a document that is also something else.
func setZones(o *oracle.Oracle, _, field reflect.Value, n oracle.Node) {
	o.List(field.FieldByName("All"), n)
}

func setPeers(o *oracle.Oracle, of, _ reflect.Value, n oracle.Node) {
	upstream := of.Addr().Interface().(*Upstream)
	if !o.Is(n, '[') {
		return
	}
	upstream.Listed = true
	for _, one := range n.Within {
		peer := &Peer{Upstream: upstream}
		o.Fill(reflect.ValueOf(peer).Elem(), one)
		upstream.States[peer.State]++
		all := o.Root.(*Upstreams)
		all.Peers = append(all.Peers, peer)
	}
}

// setBuckets sets all buckets, or none if one is invalid.
func setBuckets(o *oracle.Oracle, of, _ reflect.Value, n oracle.Node) {
	h := of.Addr().Interface().(*Histogram)
	h.Bounds, h.Counts = nil, nil
	if !o.Is(n, '{') {
		return
	}
	type bucket struct{ bound, count float64 }
	var (
		buckets []bucket
		total   float64
		valid   = len(n.Within) <= 256
	)
	for i, name := range n.Names {
		bound, err := strconv.ParseFloat(name, 64)
		count := o.Count(n.Within[i]).Float()
		total += count
		valid = valid && err == nil && bound >= 1e-6 && count == math.Floor(count)
		buckets = append(buckets, bucket{bound, count})
	}
	slices.SortStableFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	unique := slices.CompactFunc(slices.Clone(buckets), func(a, b bucket) bool { return a.bound == b.bound })
	if !valid || len(unique) < len(buckets) || total > 1<<53 {
		o.Invalid++
		return
	}
	for _, b := range buckets {
		h.Bounds, h.Counts = append(h.Bounds, b.bound), append(h.Counts, b.count)
	}
}
