//go:build linux

package status

import (
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

// troubles are all scenes, with the cause that must be found in each.
func troubles() map[string]trouble {
	all := map[string]trouble{}
	for _, group := range []map[string]trouble{
		refusals(), sockets(), certificates(), protocols(), answers(), contents(), configurations(), plusTroubles(), oddities(),
	} {
		for name, one := range group {
			all[name] = one
		}
	}
	return all
}

// trouble is one scene.
type trouble struct {
	code doctor.Code
	make func(*scene)
}

// TestGoldenTroubles makes each trouble, as far as can be with a real nginx, and
// holds that it is called by its name.
func TestGoldenTroubles(t *testing.T) {
	for name, one := range troubles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			one.make(s)
			report := Examine(t.Context(), s.options)
			text := s.text(report)
			if codes := report.Codes(); !slices.Equal(codes, []doctor.Code{one.code}) {
				t.Errorf("found %v, not %s:\n%s", codes, one.code, text)
			}
			if strings.Contains(text, secret) {
				t.Errorf("a secret is told:\n%s", text)
			}
			for line := range strings.Lines(text) {
				if len(line) > 400 {
					t.Errorf("a line has %d bytes: %s", len(line), line)
				}
			}
			golden(t, name, text)
		})
	}
}

// TestEveryCause holds that each cause of the list has a trouble here that
// shows it.
func TestEveryCause(t *testing.T) {
	shown := map[doctor.Code]bool{"config-invalid": true, "no-targets": true, "socket-denied": true, "name-unknown": true} // by tests of their own
	for _, one := range troubles() {
		shown[one.code] = true
	}
	for _, cause := range doctor.Causes() {
		if cause.Command == doctor.Local && !shown[cause.Code] {
			t.Errorf("no test shows %s", cause.Code)
		}
		delete(shown, cause.Code)
	}
	for code := range shown {
		t.Errorf("%s is not in the list of causes", code)
	}
}
