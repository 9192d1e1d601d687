package client_test

import (
	"math"
	"testing"

	"nginx-exporter/client"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{
		0, math.Copysign(0, -1), 1, -1, 1.5, 1 << 53, math.MaxUint64, math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1),
	} {
		n := client.NumberOf(v)
		if !n.Known() || math.Float64bits(n.Float()) != math.Float64bits(v) {
			t.Errorf("%v became %v, known: %v", v, n.Float(), n.Known())
		}
		if n != client.NumberOf(v) {
			t.Errorf("%v differs from itself", v)
		}
	}
}

func TestNumberAbsent(t *testing.T) {
	t.Parallel()
	zero := 0.0
	for name, n := range map[string]client.Number{
		"zero value":     {},
		"NaN":            client.NumberOf(math.NaN()),
		"negative NaN":   client.NumberOf(-math.NaN()),
		"computed NaN":   client.NumberOf(zero / zero),
		"signalling NaN": client.NumberOf(math.Float64frombits(0x7ff0_0000_0000_0001)),
	} {
		if n.Known() || !math.IsNaN(n.Float()) || n != (client.Number{}) {
			t.Errorf("%s: got %v, known: %v", name, n.Float(), n.Known())
		}
	}
}
