package scenario

import (
	"errors"
	"testing"
)

func TestQuantity(t *testing.T) {
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

func TestSameRejection(t *testing.T) {
	t.Parallel()
	a := errors.New("x.yaml: 422 invalid: [spec.a: Required, spec.initContainers[0].name: bad]")
	b := errors.New("x.yaml: 422 invalid: [spec.initContainers[1].name: bad, spec.a: Required]")
	if !sameRejection(a, b) || !sameRejection(nil, nil) {
		t.Error("the order of reasons makes a difference")
	}
	if sameRejection(a, errors.New("x.yaml: 422 invalid: spec.a: Required")) || sameRejection(nil, a) {
		t.Error("different rejections are equal")
	}
}

func TestSubstituteDefaults(t *testing.T) {
	t.Parallel()
	got := substituteDefaults("name: web-${env:=dev}\nreplicas: ${n:=2}\nargs: ${VERSION} $(POD_IP)\n")
	if want := "name: web-dev\nreplicas: 2\nargs: ${VERSION} $(POD_IP)\n"; got != want {
		t.Errorf("substituteDefaults: %q, want %q", got, want)
	}
}

func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	notes := "1. First:\n\n     kubectl get pods\n     helm list\n\n2. Second:\n\n     kubectl get hpa\n"
	if got, err := paragraph(notes, "helm list"); err != nil || got != "     kubectl get pods\n     helm list" {
		t.Errorf("paragraph: %q, %v", got, err)
	}
	if got, err := paragraph(notes, "helm upgrade"); err == nil {
		t.Errorf("paragraph: %q, want an error", got)
	}
	page := "text with apply\n```sh cluster\nkubectl apply\n```\nmore\n```yaml\nkind: Pod\n```\n"
	if got, err := fence(page, "apply"); err != nil || got != "kubectl apply\n" {
		t.Errorf("fence: %q, %v", got, err)
	}
	if got, err := fence(page, "more"); err == nil {
		t.Errorf("fence: %q, want an error", got)
	}
}
