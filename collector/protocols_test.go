package collector

import (
	"slices"
	"strings"
	"testing"

	"nginx-exporter/client"
)

func TestModes(t *testing.T) {
	for name, want := range map[string]client.Mode{
		"": client.ModeAuto, "auto": client.ModeAuto, "stub_status": client.ModeStubStatus, "plus": client.ModePlus,
	} {
		if got, err := ParseMode(name); err != nil || got != want {
			t.Errorf("%q is the mode %q (%v); want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"Auto", "PLUS", "stub-status", " plus", "none", "0"} {
		_, err := ParseMode(name)
		if err == nil || !strings.Contains(err.Error(), "use one of auto, stub_status, plus") {
			t.Errorf("%q makes the error %v", name, err)
		}
	}
}

// Names of protocols, sources and families belong to one protocol each.
func TestProtocolsShareNoNames(t *testing.T) {
	known := map[string]string{}
	note := func(name, of string) {
		if other, taken := known[name]; taken {
			t.Errorf("%s is a name of %s and of %s", name, other, of)
		}
		known[name] = of
	}
	for _, p := range protocols(&Options{}) {
		note("mode "+p.Name(), p.Name())
		if p.Discovery() != "" {
			note("source "+p.Discovery(), p.Name())
		}
		var families []string
		for _, f := range p.Families() {
			note("metric "+f.Name, p.Name())
			families = append(families, f.Name)
		}
		for _, info := range p.Sources() {
			note("source "+info.Name, p.Name())
			if info.About == "" || info.Requests != "" && !slices.Contains(families, info.Requests) {
				t.Errorf("source %+v of %s", info, p.Name())
			}
		}
	}
}
