package hpa

import (
	"testing"

	"nginx-exporter/internal/doctor"
)

func TestCausesAreRecorded(t *testing.T) {
	recorded := map[doctor.Code]bool{}
	for _, file := range conversations(t) {
		recorded[load(t, file).Want] = true
	}
	for _, c := range Causes() {
		if !recorded[c.Code] {
			t.Errorf("%s has no recorded conversation: add a fault to e2e/fault", c.Code)
		}
	}
}
