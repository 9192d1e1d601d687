package plus_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/plus"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a reader of an API for tests, and a selection with all sources
// enabled.
func open(tb testing.TB, o plus.Options, api *standin.Nginx) (source.Reader, *source.Selection) {
	tb.Helper()
	server := api.Start()
	tb.Cleanup(server.Close)
	target, err := client.ParseTarget(server.URL)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	p := plus.New(o)
	filter := source.Filter{Sources: map[string]bool{}}
	for _, info := range p.Sources() {
		filter.Sources[info.Name] = true
	}
	selection, err := filter.Compile(p.Sources())
	if err != nil {
		tb.Fatal(err)
	}
	return p.Open(c), selection
}

// collect reads all sources that the target has.
func collect(tb testing.TB, r source.Reader, selection *source.Selection) (results []*source.Result, e *metric.Exposition) {
	tb.Helper()
	sources, err := r.Discover(tb.Context(), selection)
	if err != nil {
		tb.Fatal(err)
	}
	e = &metric.Exposition{}
	for _, s := range sources {
		b := metric.NewBatch(nil)
		err := s.Collect(tb.Context(), b)
		if errors.Is(err, source.ErrAbsent) {
			continue
		}
		results = append(results, &source.Result{Source: s.Name(), Done: true, Err: err, Batch: b})
		e.Add(b)
	}
	b := metric.NewBatch(nil)
	r.Report(b, true, results)
	e.Add(b)
	return results, e
}

// The sample has every family of the protocol, with either form of status
// codes and of servers.
func TestFamilies(t *testing.T) {
	t.Parallel()
	for _, o := range []plus.Options{{}, {PadCodes: true, ServerID: true}} {
		r, selection := open(t, o, plustest.New())
		results, e := collect(t, r, selection)
		for _, result := range results {
			if result.Err != nil {
				t.Errorf("%s: %v", result.Source, result.Err)
			}
		}
		families := oracle.Check(t, e)
		for _, f := range plus.New(o).Families() {
			if families[f.Name] == nil {
				t.Errorf("%s is missing", f.Name)
			}
		}
		if text := oracle.Text(t, e); strings.Contains(text, `code="507"`) != o.PadCodes || strings.Contains(text, `server_active{id="`) != o.ServerID {
			t.Errorf("with %+v: got\n%s", o, text)
		}
		if r.Outdated(t.Context(), results) {
			t.Error("the index is outdated after the first scrape")
		}
	}
}

// The index is read once, and again when nginx has loaded another
// configuration.
func TestIndexAfterReload(t *testing.T) {
	t.Parallel()
	api := plustest.New()
	r, selection := open(t, plus.Options{}, api)
	lists := func() int { return api.Requests()["/api/9/"] }
	for range 3 {
		if results, _ := collect(t, r, selection); r.Outdated(t.Context(), results) {
			t.Error("the index is outdated without a reload")
		}
	}
	if got := lists(); got != 1 {
		t.Errorf("the list was read %d times; want once", got)
	}
	api.Set(plustest.WithReload())
	if results, _ := collect(t, r, selection); !r.Outdated(t.Context(), results) {
		t.Error("the index is not outdated after a reload")
	}
	if results, _ := collect(t, r, selection); r.Outdated(t.Context(), results) {
		t.Error("the index is outdated a second time")
	}
	if got := lists(); got != 2 {
		t.Errorf("the list was read %d times; want twice", got)
	}
}

// A list that grows without a reload is noticed when the index is read now and
// then, which a failure does not disturb.
func TestIndexGrows(t *testing.T) {
	t.Parallel()
	api := plustest.New(standin.WithoutEndpoint("license"))
	r, selection := open(t, plus.Options{}, api)
	has := func() bool {
		results, _ := collect(t, r, selection)
		return slices.ContainsFunc(results, func(result *source.Result) bool { return result.Source == "license" })
	}
	scrape := func() (outdated bool) {
		results, _ := collect(t, r, selection)
		return r.Outdated(t.Context(), results)
	}
	if scrape() || has() {
		t.Error("a license before it is listed")
	}
	before := api.Requests()["/api/9/"]
	plus.MakeDue(r)
	if scrape() || api.Requests()["/api/9/"] != before+1 {
		t.Error("the index is outdated although it has not changed")
	}
	api.Set(standin.WithDocument("license", `{"eval":false}`))
	if scrape() || has() || api.Requests()["/api/9/"] != before+1 {
		t.Error("the index is refreshed too early")
	}
	plus.MakeDue(r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if results, _ := collect(t, r, selection); r.Outdated(ctx, results) || has() {
		t.Error("the index is outdated although it cannot be read")
	}
	plus.MakeDue(r)
	if !scrape() || !has() {
		t.Error("no license after it was listed")
	}
}

// A listed document that is not found is a failure. The index is then read a
// second time, once.
func TestListedDocumentIsMissing(t *testing.T) {
	t.Parallel()
	api := plustest.New(standin.WithStatus("http/caches", http.StatusNotFound, ""))
	r, selection := open(t, plus.Options{}, api)
	for range 4 {
		results, _ := collect(t, r, selection)
		var failed []string
		for _, result := range results {
			if result.Err != nil {
				failed = append(failed, result.Source)
			}
		}
		if !slices.Equal(failed, []string{"http_caches"}) {
			t.Errorf("%q failed", failed)
		}
		r.Outdated(t.Context(), results)
	}
	if got := api.Requests()["/api/9/"]; got != 2 {
		t.Errorf("the list was read %d times; want twice", got)
	}
}

// The index is outdated if no document is found any more.
func TestAllDocumentsAreMissing(t *testing.T) {
	t.Parallel()
	r, _ := open(t, plus.Options{}, plustest.New())
	missing := &client.Error{Reason: client.ReasonStatus, Status: http.StatusNotFound}
	broken := &client.Error{Reason: client.ReasonNetwork}
	for _, c := range []struct {
		errs []error
		want bool
	}{{nil, false}, {[]error{missing, missing}, true}, {[]error{missing, broken}, false}, {[]error{missing, nil}, false}} {
		var results []*source.Result
		for _, err := range c.errs {
			results = append(results, &source.Result{Done: true, Err: err})
		}
		if got := r.Outdated(t.Context(), results); got != c.want {
			t.Errorf("with the errors %v the index is outdated: %t; want %t", c.errs, got, c.want)
		}
	}
}
