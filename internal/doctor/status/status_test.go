//go:build linux

package status

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

// problems are all scenes, each with the cause to be found.
func problems() map[string]problem {
	all := map[string]problem{}
	for _, group := range []map[string]problem{
		refusals(), sockets(), certificates(), protocols(), statusCodes(), bodies(), configurations(), notRunning(), modes(), otherPages(), documents(), oddities(),
	} {
		maps.Copy(all, group)
	}
	return all
}

// problem is one scene.
type problem struct {
	code doctor.Code
	make func(*scene)
}

// TestGoldenProblems creates each problem, with a real nginx where possible, and
// checks that its cause is found.
func TestGoldenProblems(t *testing.T) {
	for name, one := range problems() {
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
				t.Errorf("a secret is shown:\n%s", text)
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

// TestEveryCause checks that each cause has a scene, and is listed.
func TestEveryCause(t *testing.T) {
	shown := map[doctor.Code]bool{"config-invalid": true, "no-targets": true, "socket-denied": true, "name-unknown": true} // have tests of their own
	for _, one := range problems() {
		shown[one.code] = true
	}
	for _, one := range logScenes() {
		if one.code != "" {
			shown[one.code] = true
		}
	}
	codes := Codes()
	for _, code := range codes {
		if !shown[code] {
			t.Errorf("no test has %s", code)
		}
	}
	for code := range shown {
		if !slices.Contains(codes, code) {
			t.Errorf("%s is not listed", code)
		}
	}
}
