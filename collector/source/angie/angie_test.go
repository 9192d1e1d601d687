package angie_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/angie"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a reader of a server.
func open(tb testing.TB, handler http.Handler) source.Reader {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	target, err := client.ParseTarget(server.URL + "/status/")
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return angie.New(angie.Options{}).Open(c)
}

// without selects all sources but some.
func without(tb testing.TB, names ...string) *source.Selection {
	tb.Helper()
	return selected(tb, source.Filter{Sources: func() map[string]bool {
		off := map[string]bool{}
		for _, name := range names {
			off[name] = false
		}
		return off
	}()})
}

func selected(tb testing.TB, f source.Filter) *source.Selection {
	tb.Helper()
	s, err := f.Compile(angie.New(angie.Options{}).Sources())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// collect reads all sources that the target has.
func collect(tb testing.TB, r source.Reader, selection *source.Selection) (names []string, text string) {
	tb.Helper()
	sources, err := r.Discover(tb.Context(), selection)
	if err != nil {
		tb.Fatal(err)
	}
	e := &metric.Exposition{}
	var results []*source.Result
	for _, s := range sources {
		b := metric.NewBatch(nil)
		err := s.Collect(tb.Context(), b)
		if errors.Is(err, source.ErrAbsent) {
			continue
		}
		if err != nil {
			tb.Errorf("%s: %v", s.Name(), err)
		}
		if len(s.Families()) == 0 {
			tb.Errorf("%s has no families", s.Name())
		}
		results = append(results, &source.Result{Source: s.Name(), Done: true, Err: err, Batch: b})
		names = append(names, s.Name())
		e.Add(b)
	}
	b := metric.NewBatch(nil)
	r.Report(b, true, results)
	e.Add(b)
	if r.Outdated(tb.Context(), results) {
		tb.Error("the sources are outdated")
	}
	oracle.Check(tb, e)
	return names, oracle.Text(tb, e)
}

// The document with everything has every family of the protocol, in one request.
func TestFamilies(t *testing.T) {
	t.Parallel()
	status := angietest.New("/status/", angietest.Full())
	names, text := collect(t, open(t, status), without(t))
	p := angie.New(angie.Options{})
	if len(names) != len(p.Sources()) || status.Total() != 1 {
		t.Errorf("%d sources in %d requests", len(names), status.Total())
	}
	for _, f := range p.Families() {
		if !strings.Contains(text, "\n# TYPE "+f.Name+" ") {
			t.Errorf("%s is missing", f.Name)
		}
	}
}

// In parts the series are the same as in one request, without those of the source
// that is disabled. The server is always read.
func TestParts(t *testing.T) {
	t.Parallel()
	status := angietest.New("/status/", angietest.Full())
	r := open(t, status)
	_, whole := collect(t, r, without(t))
	for _, info := range angie.New(angie.Options{}).Sources()[1:] {
		before := status.Total()
		names, text := collect(t, r, without(t, info.Name))
		if slices.Contains(names, info.Name) || status.Total()-before != len(names) {
			t.Errorf("without %s: %d requests for %q", info.Name, status.Total()-before, names)
		}
		for line := range strings.Lines(text) {
			if !strings.Contains(whole, line) {
				t.Errorf("without %s: a new line %s", info.Name, line)
			}
		}
		if len(text) >= len(whole) {
			t.Errorf("%s has no series", info.Name)
		}
	}
	if names, _ := collect(t, r, without(t).Only([]string{"angie_connections"})); !slices.Equal(names, []string{"angie_server", "angie_connections"}) {
		t.Errorf("got %q", names)
	}
}

// A part that is not found is requested again after a reload only.
func TestMissingPart(t *testing.T) {
	t.Parallel()
	small := `{"angie":{"version":"1.0.0","generation":1},"connections":{"active":1}}`
	status := angietest.New("/status/", small)
	r := open(t, status)
	selection := without(t, "angie_slabs")
	for i, want := range []int{15, 2, 2} {
		before := status.Total()
		if names, _ := collect(t, r, selection); len(names) != 2 || status.Total()-before != want {
			t.Errorf("scrape %d: %d requests for %q, want %d", i, status.Total()-before, names, want)
		}
	}
	status.Set(standin.WithDocument(standin.Root,
		strings.Replace(strings.Replace(small, `"generation":1`, `"generation":2`, 1), `"connections"`, `"stream":{"server_zones":{"a":{}}},"connections"`, 1)))
	if names, _ := collect(t, r, selection); !slices.Contains(names, "angie_stream_server_zones") {
		t.Errorf("after a reload: got %q", names)
	}
	if names, _ := collect(t, r, without(t)); len(names) != 3 {
		t.Errorf("in one request: got %q", names)
	}
}

// A part that fails does not affect the others.
func TestPartFails(t *testing.T) {
	t.Parallel()
	r := open(t, angietest.New("/status/", angietest.Full(), standin.WithStatus("http/upstreams", http.StatusInternalServerError, "")))
	sources, err := r.Discover(t.Context(), without(t, "angie_slabs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		err := s.Collect(t.Context(), metric.NewBatch(nil))
		if failed := s.Name() == "angie_http_upstreams"; (err != nil) != failed || failed && client.ReasonOf(err) != client.ReasonStatus {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
}

// A target that is not Angie is not discovered, in one request or in parts.
func TestNotAngie(t *testing.T) {
	t.Parallel()
	r := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[1,2,3]")) }))
	for _, s := range []*source.Selection{without(t), without(t, "angie_slabs")} {
		if sources, err := r.Discover(t.Context(), s); client.ReasonOf(err) != client.ReasonParse || sources != nil {
			t.Errorf("got %d sources, %v", len(sources), err)
		}
	}
}

// Names are filtered in all parts.
func TestFilter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		filter  source.Filter
		kept    []string
		dropped []string
	}{
		"zones": {
			source.Filter{IncludeZones: "www.*|cache"},
			[]string{`zone="www.example.com"`, `path="/var/cache/angie/a",zone="cache"`, `peer="192.168.16.4:80"`},
			[]string{`zone="images"`, `zone="rq"`, `zone="rate"`, `zone="pages"`, `zone="dns"`, `zone="tcp"`, `client="old"`},
		},
		"upstreams": {
			source.Filter{ExcludeUpstreams: "backend"}, []string{`upstream="empty"`, `upstream="db"`, `zone="rq"`}, []string{`upstream="backend"`},
		},
		"servers by address and name": {
			source.Filter{IncludeServers: `10\.1.*|b:80`}, []string{`peer="10.1.0.1:5432"`, `peer="192.168.16.5:80"`, `state="up",upstream="backend"`}, []string{`peer="192.168.16.4:80"`},
		},
	} {
		_, text := collect(t, open(t, angietest.New("/status/", angietest.Full())), selected(t, test.filter))
		for _, want := range test.kept {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s is missing", name, want)
			}
		}
		for _, unwanted := range test.dropped {
			if strings.Contains(text, unwanted) {
				t.Errorf("%s: %s is not filtered", name, unwanted)
			}
		}
	}
}

// The counters were zero when Angie started, as far as that is known.
func TestStart(t *testing.T) {
	t.Parallel()
	for generation, want := range map[string]float64{`"generation": 1`: 1795869578.127, `"generation": 2`: 0} {
		status := angietest.New("/status/", strings.Replace(angietest.Recorded(), `"generation": 1`, generation, 1))
		sources, err := open(t, status).Discover(t.Context(), without(t))
		if err != nil {
			t.Fatal(err)
		}
		b := metric.NewBatch(nil)
		if err := sources[0].Collect(t.Context(), b); err != nil || b.Start != want {
			t.Errorf("%s: got %v, want %v (%v)", generation, b.Start, want, err)
		}
	}
}

// Times are numbers with the argument date=epoch.
func TestEpoch(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(`"2026-11-28T12:39:38.127Z"`, "1795869578", `"2026-11-28T12:39:38Z"`, "1795869570").Replace(angietest.Recorded())
	_, got := collect(t, open(t, angietest.New("/status/", text)), without(t))
	for _, want := range []string{
		"\nangie_config_last_load_timestamp_seconds 1795869578\n",
		`angie_http_upstreams_peers_last_selected_timestamp_seconds{peer="127.0.0.1:28182",upstream="up"} 1795869570`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}
