package stubstatus_test

import (
	"errors"
	"io"
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
	"nginx-exporter/collector/source/stubstatus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collect reads the status page of a server once.
func collect(t *testing.T, handler http.HandlerFunc) (*metric.Batch, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	target, err := client.ParseTarget(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := stubstatus.New().Open(c)
	sources, err := r.Discover(t.Context(), nil)
	if err != nil || len(sources) != 1 || sources[0].Name() != stubstatus.Name {
		t.Fatalf("discovered %v, %v", sources, err)
	}
	b := metric.NewBatch(nil)
	err = sources[0].Collect(t.Context(), b)
	r.Report(b, err == nil, nil)
	if r.Outdated(t.Context(), nil) {
		t.Error("the sources are outdated")
	}
	return b, err
}

func page(server, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", server)
		_, _ = io.WriteString(w, text) // the client reads it, or has failed
	}
}

const text = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n"

func TestCollect(t *testing.T) {
	t.Parallel()
	tengine := strings.NewReplacer("requests\n", "requests request_time\n", "31070465 ", "31070465 1500 ").Replace(text)
	b, err := collect(t, page("Tengine/3.1.0", tengine))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"nginx_connections_accepted": 16630948, "nginx_connections_active": 291, "nginx_connections_handled": 16630946,
		"nginx_connections_reading": 6, "nginx_connections_waiting": 106, "nginx_connections_writing": 179, "nginx_http_requests_total": 31070465,
		"nginx_http_request_time_seconds_total": 1.5, "nginx_server_info": 1,
	} {
		if got := b.Value(name); got.Float() != want {
			t.Errorf("%s is %v; want %v", name, got.Float(), want)
		}
	}
	e := &metric.Exposition{}
	e.Add(b)
	families := oracle.Check(t, e)
	for _, f := range stubstatus.New().Families() {
		if families[f.Name] == nil && f.Name != requestTime {
			t.Errorf("%s is missing", f.Name)
		}
	}
}

// requestTime is of Tengine alone.
const requestTime = "nginx_http_request_time_seconds_total"

func TestTengine(t *testing.T) {
	t.Parallel()
	page := page("Tengine/3.1.0", strings.NewReplacer("requests\n", "requests request_time\n", "31070465 ", "31070465 2500").Replace(text))
	b, err := collect(t, page)
	if err != nil || b.Value(requestTime).Float() != 2.5 {
		t.Errorf("the request time is %v (%v)", b.Value(requestTime).Float(), err)
	}
}

func TestServerWithoutVersion(t *testing.T) {
	t.Parallel()
	if b, err := collect(t, page("nginx", text)); err != nil || b.Value("nginx_server_info").IsSet() {
		t.Errorf("the version is set (error %v)", err)
	}
}

// A source that fails adds nothing.
func TestCollectFails(t *testing.T) {
	t.Parallel()
	b, err := collect(t, page("nginx", "<html>"))
	if client.ReasonOf(err) != client.ReasonParse {
		t.Errorf("the error is %v", err)
	}
	if _, series, _ := b.Limit(100); series != 0 {
		t.Errorf("%d series of a page that is not stub_status", series)
	}
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	p := stubstatus.New()
	if p.Name() != "stub_status" || p.Discovery() != "" || len(p.Sources()) != 1 || p.Recognizes(io.EOF) {
		t.Errorf("%+v", p)
	}
}

// TestRecognizes checks which responses of other protocols are a status page.
func TestRecognizes(t *testing.T) {
	t.Parallel()
	p := stubstatus.New()
	for body, want := range map[string]bool{text: true, "": false, "<html></html>": false, `{"angie":{}}`: false, text[:40]: false} {
		if got := p.Recognizes(&client.Error{Body: []byte(body)}); got != want {
			t.Errorf("%q: recognized %t", body, got)
		}
	}
	if p.Recognizes(errors.New("no response")) {
		t.Error("an error without a response is recognized")
	}
	if p.Description() != "a stub_status page" {
		t.Errorf("it is called %q in errors", p.Description())
	}
}

// TestViews checks that the live page reads metrics that exist.
func TestViews(t *testing.T) {
	t.Parallel()
	p := stubstatus.New()
	columns := 0
	for _, v := range p.Views() {
		for _, column := range v.Columns {
			columns++
			if !slices.ContainsFunc(p.Families(), func(f metric.Family) bool { return f.Name == column.Metric }) {
				t.Errorf("%s is no metric of stub_status", column.Metric)
			}
		}
	}
	if columns == 0 {
		t.Error("there are no columns")
	}
}
