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

// Each name of a protocol, source or family belongs to only one protocol.
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

// Sources of another protocol are not offered once the protocol of a target is
// known.
func TestOffersOfKnownProtocol(t *testing.T) {
	for want, options := range map[string]TargetOptions{
		"http_upstreams": asking(t, servePlus(t).URL),
		"stub_status":    start(t, says("nginx/1.29.1", plainPage)).options(t),
	} {
		c := newCollector(t, Options{}, options)
		for _, name := range []string{"http_upstreams", "stub_status"} {
			if !c.Offers([]string{name}) {
				t.Errorf("%s is not offered before the first scrape", name)
			}
		}
		c.Scrape(t.Context())
		for _, name := range []string{"http_upstreams", "stub_status"} {
			if got := c.Offers([]string{name}); got != (name == want) {
				t.Errorf("%s offers %s: %t", want, name, got)
			}
		}
	}
}
