package collector

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
	"nginx-exporter/internal/standin/vtstest"
)

func TestModes(t *testing.T) {
	for name, want := range map[string]client.Mode{
		"": client.ModeAuto, "auto": client.ModeAuto, "stub_status": stubstatus.Mode, "plus": plus.Mode, "vts": vts.Mode,
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

// Each name of a protocol or source belongs to only one protocol, and so does each
// name of a family, except those of stub_status: other protocols have its counters,
// too.
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
			if f.Origin != "stub_status" || p.Name() == "stub_status" {
				note("metric "+f.Name, p.Name())
			}
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

// responses returns the handler of a target at the path /api for each protocol.
func responses(tb testing.TB) map[string]http.Handler {
	tb.Helper()
	location := http.NewServeMux() // as in nginx, other paths are not found
	location.Handle("/api", says("nginx/1.29.1", plainPage))
	status := http.NewServeMux() // Angie, at a location without a trailing slash
	status.Handle("/api/", angietest.New("/api/", angietest.Full()))
	status.Handle("/api", says("Angie/1.13.0", angietest.Full()))
	handlers := map[string]http.Handler{
		"stub_status": location, "plus": plustest.New(), "angie": status, "vts": serves(vtstest.Recorded("v0.2.7")),
	}
	for _, p := range protocols(&Options{}) {
		if handlers[p.Name()] == nil {
			tb.Fatalf("the test has no target with %s", p.Name())
		}
	}
	return handlers
}

// A target with another protocol than configured fails, and the log names both.
func TestOtherProtocolThanConfigured(t *testing.T) {
	for served, handler := range responses(t) {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		for _, configured := range protocols(&Options{}) {
			var log book
			options := asking(t, server.URL+"/api")
			options.Client.Mode = client.Mode(configured.Name())
			exposition := oracle.Text(t, newCollector(t, Options{Logger: log.logger()}, options).Scrape(t.Context()))
			if up := strings.Contains(exposition, "\nnginx_up 1\n"); up != (served == configured.Name()) {
				t.Errorf("%s read as %s: up is %t", served, configured.Name(), up)
			}
			if served != configured.Name() {
				log.wantLines(t, ", not "+configured.Description()+`" advice="use --nginx.mode=auto or `+served+" for this target")
			}
		}
	}
}

// A target that changes its protocol in mode auto is read within the same scrape.
func TestAnyChangeOfProtocol(t *testing.T) {
	handlers := responses(t)
	for before := range handlers {
		for after := range handlers {
			var handler atomic.Value
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				current, _ := handler.Load().(string)
				handlers[current].ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			c := newCollector(t, Options{}, asking(t, server.URL+"/api"))
			for _, protocol := range []string{before, after} {
				handler.Store(protocol)
				exposition := oracle.Text(t, c.Scrape(t.Context()))
				if !strings.Contains(exposition, "\nnginx_up 1\n") || (*c.targets.Load())[0].protocol().Name() != protocol {
					t.Errorf("%s, then %s: %s is not read", before, after, protocol)
				}
			}
		}
	}
}
