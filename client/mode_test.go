package client_test

import (
	"strings"
	"testing"

	"nginx-exporter/client"
)

func TestMode(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]client.Mode{
		"":            client.ModeAuto,
		"auto":        client.ModeAuto,
		"stub_status": client.ModeStubStatus,
		"plus":        client.ModePlus,
	} {
		got, err := client.ParseMode(name)
		if err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", name, got, err, want)
		}
		if name != "" && got.String() != name {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
	for _, name := range []string{"Auto", "PLUS", "stub-status", " plus", "none", "0"} {
		got, err := client.ParseMode(name)
		if err == nil {
			t.Errorf("%q was taken as %s", name, got)
			continue
		}
		for _, mode := range client.Modes() {
			if !strings.Contains(err.Error(), mode) {
				t.Errorf("%q: mode %s is not in %q", name, mode, err)
			}
		}
	}
	if first, err := client.ParseMode(client.Modes()[0]); err != nil || first != client.ModeAuto {
		t.Errorf("the first mode is %s, not the default", first)
	}
	if got := client.Mode(9).String(); got != "unknown" {
		t.Errorf("got %q for no mode", got)
	}
}
