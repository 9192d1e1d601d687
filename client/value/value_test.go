package value_test

import (
	"math"
	"testing"

	"nginx-exporter/client/value"
)

func TestValue(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{
		0, math.Copysign(0, -1), 1, -1, 1.5, 1 << 53, math.MaxUint64, math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1),
	} {
		n := value.Of(v)
		if !n.IsSet() || math.Float64bits(n.Float()) != math.Float64bits(v) {
			t.Errorf("%v became %v, set: %v", v, n.Float(), n.IsSet())
		}
		if n != value.Of(v) {
			t.Errorf("%v differs from itself", v)
		}
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	zero := 0.0
	for name, n := range map[string]value.Value{
		"zero value":     {},
		"NaN":            value.Of(math.NaN()),
		"negative NaN":   value.Of(-math.NaN()),
		"computed NaN":   value.Of(zero / zero),
		"signalling NaN": value.Of(math.Float64frombits(0x7ff0_0000_0000_0001)),
	} {
		if n.IsSet() || !math.IsNaN(n.Float()) || n != (value.Value{}) {
			t.Errorf("%s: got %v, set: %v", name, n.Float(), n.IsSet())
		}
	}
}

func TestOfBool(t *testing.T) {
	t.Parallel()
	if yes, no := value.OfBool(true), value.OfBool(false); yes.Float() != 1 || !no.IsSet() || no.Float() != 0 {
		t.Errorf("true is %v and false is %v", yes.Float(), no.Float())
	}
}
