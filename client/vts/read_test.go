package vts_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/client/vts"
	"nginx-exporter/internal/standin/vtstest"
)

// document returns a recorded document.
func document(tb testing.TB, name string) string {
	tb.Helper()
	return string(vtstest.Recorded(name))
}

// read reads a response with this status and body.
func read(tb testing.TB, status int, body string, most int64) (*vts.Status, error) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client may have left
	}))
	defer server.Close()
	target, err := client.ParseTarget(server.URL + "/status/format/json")
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	return vts.Read(tb.Context(), c, most)
}

func mustRead(tb testing.TB, body string) *vts.Status {
	tb.Helper()
	status, err := read(tb, http.StatusOK, body, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return status
}

func TestRead(t *testing.T) {
	t.Parallel()
	s := mustRead(t, document(t, "v0.2.7"))
	if s.HostName != "vm" || s.ModuleVersion != "v0.2.7" || s.NginxVersion != "1.22.1" || s.Load != value.Of(1795869397287) ||
		s.Connections.Accepted != value.Of(9) || s.Connections.Requests != value.Of(15) || s.SharedZone.FreeSize != value.Of(1011712) || s.Invalid != 0 {
		t.Errorf("got %+v", s)
	}
	if len(s.Servers) != 1 || len(s.Filters) != 2 || len(s.Upstreams) != 2 || len(s.Caches) != 1 {
		t.Fatalf("got %d, %d, %d and %d objects", len(s.Servers), len(s.Filters), len(s.Upstreams), len(s.Caches))
	}
	zone := s.Servers[0]
	if zone.Name != "example.com" || zone.Requests != value.Of(10) || zone.Responses.ClientError != value.Of(3) || zone.Cached.Hit != value.Of(2) ||
		!reflect.DeepEqual(zone.Codes, []vts.Code{{Code: "other", Count: value.Of(0)}, {Code: "200", Count: value.Of(7)}, {Code: "404", Count: value.Of(3)}, {Code: "502", Count: value.Of(0)}}) ||
		!reflect.DeepEqual(zone.RequestDuration.Counts, []float64{10, 0, 0, 0, 0, 0, 0, 0, 0}) || zone.RequestDuration.Bounds[7] != 10000 {
		t.Errorf("got %+v", zone)
	}
	peer := s.Upstreams[1]
	if peer.Upstream != "up" || peer.Server != "127.0.0.1:28183" || peer.Backup != value.Of(1) || peer.Down != value.Of(0) || len(peer.ResponseDuration.Counts) != 0 {
		t.Errorf("got %+v", peer)
	}
}

// What an old version does not send is absent.
func TestOldVersions(t *testing.T) {
	t.Parallel()
	for name, hasAverage := range map[string]bool{"v0.1.10": false, "v0.1.15": true} {
		s := mustRead(t, document(t, name))
		zone, peer := s.Servers[0], s.Upstreams[0]
		if s.Invalid != 0 || s.ModuleVersion != "" || s.SharedZone.FreeSize.IsSet() || zone.RequestTime.IsSet() || len(zone.RequestDuration.Counts) != 0 ||
			zone.AverageRequest.IsSet() != hasAverage || peer.ResponseTime.IsSet() || !peer.AverageResponse.IsSet() || !zone.Requests.IsSet() {
			t.Errorf("%s: got %+v, %+v and %+v", name, s, zone, peer)
		}
	}
}

// Counters that have wrapped continue with their total.
func TestWrappedCounters(t *testing.T) {
	t.Parallel()
	const limit = 4294967295
	s := mustRead(t, document(t, "wrapped"))
	raw := mustRead(t, strings.ReplaceAll(document(t, "wrapped"), "4294967295", "0"))
	for name, pair := range map[string][2]*vts.Counters{
		"server": {&s.Servers[0].Counters, &raw.Servers[0].Counters}, "filter": {&s.Filters[0].Counters, &raw.Filters[0].Counters},
		"peer": {&s.Upstreams[0].Counters, &raw.Upstreams[0].Counters}, "cache": {&s.Caches[0].Counters, &raw.Caches[0].Counters},
	} {
		wrapped, plain := values(pair[0]), values(pair[1])
		found := 0
		for member, before := range plain {
			if !before.IsSet() {
				continue
			}
			found++
			if times := (wrapped[member].Float() - before.Float()) / limit; times < 1 || times > 5 || times != float64(int(times)) {
				t.Errorf("%s: %s is %v instead of %v", name, member, wrapped[member].Float(), before.Float())
			}
		}
		if found < 10 {
			t.Errorf("%s has %d counters", name, found)
		}
	}
	if h := s.Servers[0].RequestDuration; len(h.Counts) != 9 || h.Counts[8] < limit {
		t.Errorf("the histogram is %v", h)
	}
}

// values returns the counters of an object by their names.
func values(c *vts.Counters) map[string]value.Value {
	all := map[string]value.Value{}
	var add func(prefix string, v reflect.Value)
	add = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			name := prefix + v.Type().Field(i).Name
			if n, is := v.Field(i).Interface().(value.Value); is {
				all[name] = n
			} else {
				add(name+".", v.Field(i))
			}
		}
	}
	add("", reflect.ValueOf(c).Elem())
	return all
}

// The error says what the response is instead of the document, and what to do.
func TestUnexpected(t *testing.T) {
	t.Parallel()
	const format = "followed by /format/json"
	full := document(t, "full")
	for name, c := range map[string]struct {
		status             int
		body, text, advice string
		reason             client.Reason
	}{
		"empty":          {200, "", "the response is incomplete", format, client.ReasonParse},
		"HTML":           {200, "<!DOCTYPE html>\n<title>nginx vhost traffic status monitor</title>", "is the HTML page of nginx-module-vts", format, client.ReasonParse},
		"Prometheus":     {200, "# HELP nginx_vts_info Nginx info\n", "is the Prometheus format of nginx-module-vts", format, client.ReasonParse},
		"another page":   {200, "<html>", "is a web page, not the JSON", format, client.ReasonParse},
		"stub_status":    {200, "Active connections: 1\n", "not valid JSON", format, client.ReasonParse},
		"array":          {200, "[1,2]", "a JSON array instead of a JSON object", format, client.ReasonParse},
		"another object": {200, `{"angie":{"version":"1.13.0"}}`, "not the JSON of nginx-module-vts", format, client.ReasonParse},
		"no connections": {200, `{"hostName":"a","nginxVersion":"1.2.3","connections":{}}`, "not the JSON of nginx-module-vts", format, client.ReasonParse},
		"cut":            {200, full[:len(full)/2], "the response is incomplete", format, client.ReasonParse},
		"two documents":  {200, full + full, "not valid JSON", format, client.ReasonParse},
		"not found":      {404, "", "HTTP status 404", format, client.ReasonStatus},
		"forbidden":      {403, "", "HTTP status 403", "allow the address of the exporter", client.ReasonStatus},
		"too large":      {200, full + strings.Repeat(" ", 1<<20), "", "--nginx.plus.max-document", client.ReasonTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, err := read(t, c.status, c.body, 1<<20)
			var failure *client.Error
			if status != nil || !errors.As(err, &failure) || failure.Reason != c.reason || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %v and %v", status, err)
			}
			if advice := client.AdviceOf(err); !strings.Contains(advice, c.advice) {
				t.Errorf("got advice %q, want %q in it", advice, c.advice)
			}
			if want := c.body[:min(len(c.body), 1<<10)]; c.status == 200 && string(failure.Body) != want {
				t.Errorf("the error keeps %q, want %q", failure.Body, want)
			}
		})
	}
}

func TestRecognizes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"v0.2.7", "v0.1.10", "v0.1.15", "wrapped", "bare", "full"} {
		body := document(t, name)
		if !vts.Recognizes(client.Unexpected([]byte(body), errors.New("x"), "")) {
			t.Errorf("%s is not recognized", name)
		}
	}
	for _, body := range []string{"", "{", "[1]", `{"angie":{}}`, `{"hostName":"a","nginxVersion":"b"}`, `{"hostName":1,"nginxVersion":2,"loadMsec":"3"}`, "Active connections: 1 \n", "<html>"} {
		if vts.Recognizes(client.Unexpected([]byte(body), errors.New("x"), "")) {
			t.Errorf("%q is recognized", body)
		}
	}
	if vts.Recognizes(errors.New("x")) || vts.Recognizes(&client.Error{Status: 404}) {
		t.Error("an error without a response is recognized")
	}
}
