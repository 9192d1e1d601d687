package story

import (
	"errors"
	"testing"
)

func TestQuantityReadsSuffixes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"17": 17, "17500m": 17.5, "2k": 2000, "250u": 0.00025} {
		if got, err := quantity(text); err != nil || got-want > 1e-9 || want-got > 1e-9 {
			t.Errorf("quantity(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := quantity("many"); err == nil {
		t.Errorf("quantity(many) = %v, want an error", got)
	}
}

func TestRefusalsAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	a := errors.New("x.yaml: 422 invalid: [spec.a: Required, spec.initContainers[0].name: bad]")
	b := errors.New("x.yaml: 422 invalid: [spec.initContainers[1].name: bad, spec.a: Required]")
	if !sameRefusal(a, b) || !sameRefusal(nil, nil) {
		t.Error("the same refusal in another order is another one")
	}
	if sameRefusal(a, errors.New("x.yaml: 422 invalid: spec.a: Required")) || sameRefusal(nil, a) {
		t.Error("another refusal is the same")
	}
}

func TestVariablesHaveTheirDefaults(t *testing.T) {
	t.Parallel()
	got := substituted("name: web-${env:=dev}\nreplicas: ${n:=2}\nargs: ${VERSION} $(POD_IP)\n")
	if want := "name: web-dev\nreplicas: 2\nargs: ${VERSION} $(POD_IP)\n"; got != want {
		t.Errorf("substituted gives %q, want %q", got, want)
	}
}
