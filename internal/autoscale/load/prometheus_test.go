package load_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/internal/autoscale/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin is the time of the first sample.
func begin() time.Time { return time.Unix(1767225600, 0) }

// serve responds with n series whose value is the number of the step, and counts
// pages. Without the values of a page it has only those that gap allows.
func serve(t *testing.T, labels func(page int) []string, pages *int) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		if n := (end-start)/step + 1; n > 11000 || r.FormValue("query") == "" || r.URL.Path != "/prom/api/v1/query_range" {
			t.Errorf("%v points of %q at %s", n, r.FormValue("query"), r.URL.Path)
		}
		var series []string
		for _, label := range labels(*pages) {
			var values []string
			for at := start; at <= end; at += step {
				values = append(values, fmt.Sprintf(`[%.3f,"%v"]`, at, (at-float64(begin().Unix()))/step))
			}
			series = append(series, fmt.Sprintf(`{"metric":{"pod":%q},"values":[%s]}`, label, strings.Join(values, ",")))
		}
		*pages++
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, strings.Join(series, ","))
	}))
	t.Cleanup(server.Close)
	return server
}

func query(address string, steps int) load.Prometheus {
	return load.Prometheus{
		URL: address, Query: "sum(rate(nginx_http_requests_total[1m]))", Begin: begin(), End: begin().Add(time.Duration(steps) * 15 * time.Second), Step: 15 * time.Second,
	}
}

// TestPrometheusPages reads more points than a response may have: each one once, in
// order, also if a page is empty.
func TestPrometheusPages(t *testing.T) {
	for name, c := range map[string]struct {
		empty  int
		points int
	}{"complete": {-1, 25001}, "no data at first": {0, 15001}, "no data in the middle": {1, 15001}} {
		pages := 0
		server := serve(t, func(page int) []string {
			if page == c.empty {
				return nil
			}
			return []string{""}
		}, &pages)
		l, err := query(server.URL+"/prom/", 25000).Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		points, err := read(l)
		if err != nil || pages != 3 || len(points) != c.points {
			t.Fatalf("%s: %d points in %d pages, %v", name, len(points), pages, err)
		}
		for i, p := range points {
			step := p.At.Seconds() - float64(begin().Unix())
			if step/15 != p.Rate || i > 0 && p.At <= points[i-1].At {
				t.Fatalf("%s: %v at %v", name, p.Rate, step)
			}
		}
	}
}

// TestPrometheusFails checks the error for everything that is no series.
func TestPrometheusFails(t *testing.T) {
	respond := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	var pages, more int
	matrix := func(result string) string {
		return `{"status":"success","data":{"resultType":"matrix","result":[` + result + `]}}`
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct{ address, want string }{
		"down":         {gone.URL, "connection refused"},
		"no series":    {respond(200, matrix("")), "the query returned no series between 2026-01-01T00:00:00Z and 2026-01-01T00:25:00Z: sum(rate(nginx_http_requests_total[1m]))"},
		"many":         {serve(t, func(int) []string { return []string{"a", "b"} }, &pages).URL + "/prom", `the query returned 2 series, such as "{pod=\"a\"}", "{pod=\"b\"}": use sum() for the rate of all pods`},
		"later many":   {serve(t, func(page int) []string { return []string{strconv.Itoa(page)} }, &more).URL + "/prom", "the query returned 2 series"},
		"bad query":    {respond(400, `{"status":"error","errorType":"bad_data","error":"parse error:\n unexpected <EOF>"}`), "the query failed: parse error: unexpected <EOF>"},
		"login":        {respond(401, "<html>"), "HTTP status 401: it requires credentials"},
		"redirect":     {respond(302, ""), "HTTP status 302"},
		"broken proxy": {respond(502, "<html>"), "HTTP status 502"},
		"another page": {respond(200, "<html>"), "the response is not that of the API of Prometheus"},
		"a vector":     {respond(200, `{"status":"success","data":{"resultType":"vector","result":[]}}`), "the response is not that of the API of Prometheus"},
		"NaN":          {respond(200, matrix(`{"metric":{},"values":[[1767225600,"1"],[1767225615,"NaN"]]}`)), "at 2026-01-01T00:00:15Z: the value is NaN"},
		"a counter":    {respond(200, matrix(counter())), "the values look like a counter with 1 resets, not like a rate: use rate()"},
		"no number":    {respond(200, matrix(`{"metric":{},"values":[[1767225600,"1"],[1767225615,2]]}`)), "the response is not that of the API of Prometheus"},
	} {
		t.Run(name, func(t *testing.T) {
			steps := 100
			if name == "later many" {
				steps = 15000
			}
			l, err := query(c.address, steps).Load(t.Context())
			if err == nil {
				_, err = read(l)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "Prometheus at http://127.0.0.1:") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// counter is a series that is reset once.
func counter() string {
	var values []string
	for i := range 60 {
		values = append(values, fmt.Sprintf(`[%d,"%d"]`, begin().Unix()+int64(i)*15, i%40*1000))
	}
	return `{"metric":{},"values":[` + strings.Join(values, ",") + `]}`
}

// TestPrometheusFetch reads through a function instead of HTTP.
func TestPrometheusFetch(t *testing.T) {
	p := query("http://prometheus.invalid", 100)
	p.Fetch = func(_ context.Context, path string) (int, []byte, error) {
		if !strings.HasPrefix(path, "/api/v1/query_range?end=") {
			t.Errorf("path %s", path)
		}
		return http.StatusOK, []byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[10,"1"],[20,"2"]]}]}}`), nil
	}
	l, err := p.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if points, err := read(l); err != nil || format(points) != "10:1 20:2" {
		t.Errorf("got %s, %v", format(points), err)
	}
}

// TestPrometheusInvalid checks requests that are not sent.
func TestPrometheusInvalid(t *testing.T) {
	for want, p := range map[string]load.Prometheus{
		"not a valid http or https URL": query("localhost:9090", 10),
		"the query is empty":            {URL: "http://a", Begin: begin(), End: begin().Add(time.Hour), Step: time.Minute},
		"it must be at least 1s":        {URL: "http://a", Query: "x", Begin: begin(), End: begin().Add(time.Hour)},
		"shorter than two steps":        query("http://a", 1),
		"the range has more than":       query("http://a", 30_000_000),
	} {
		if _, err := p.Load(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestPrometheusSecret checks that credentials are used and not shown.
func TestPrometheusSecret(t *testing.T) {
	user := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ = r.BasicAuth()
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	l, err := query(strings.Replace(server.URL, "http://", "http://reader:hunter2@", 1), 100).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(l)
	if err == nil || strings.Contains(err.Error()+l.Name, "hunter2") || user != "reader" {
		t.Errorf("user %q, %s: %v", user, l.Name, err)
	}
}
