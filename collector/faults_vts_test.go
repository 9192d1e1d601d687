package collector

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
)

// vtsFaults are responses that are not the whole document, by the reason of the
// error.
func vtsFaults(document string) map[string]struct {
	reason  client.Reason
	respond http.HandlerFunc
} {
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // the exporter may have left
		}
	}
	return map[string]struct {
		reason  client.Reason
		respond http.HandlerFunc
	}{
		"not found":   {client.ReasonStatus, text(http.StatusNotFound, "")},
		"error":       {client.ReasonStatus, text(http.StatusInternalServerError, "")},
		"cut":         {client.ReasonParse, text(http.StatusOK, document[:len(document)/2])},
		"empty":       {client.ReasonParse, text(http.StatusOK, "")},
		"HTML":        {client.ReasonParse, text(http.StatusOK, "<title>nginx vhost traffic status monitor</title>")},
		"too large":   {client.ReasonTooLarge, text(http.StatusOK, document+strings.Repeat(" ", 1<<20))},
		"other JSON":  {client.ReasonParse, text(http.StatusOK, `{"pool":"www"}`)},
		"wrong types": {client.ReasonParse, text(http.StatusOK, `{"hostName":1,"nginxVersion":[],"connections":"x","serverZones":null}`)},
		"aborted": {client.ReasonNetwork, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, document[:100])
			panic(http.ErrAbortHandler)
		}},
		"never": {client.ReasonTimeout, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	}
}

// A fault leaves no series of the module, has its reason, and the next scrape
// recovers.
func TestVTSFaults(t *testing.T) {
	t.Parallel()
	body, err := standin.Document("vts/full.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, fault := range vtsFaults(string(body)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			target := asking(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if broken.Load() {
					fault.respond(w, r)
					return
				}
				serves(body).ServeHTTP(w, r)
			}))+"/status/format/json")
			target.Client.Mode = vts.Mode
			if fault.reason == client.ReasonTimeout {
				target.Client.Timeout = time.Second
			}
			c := newCollector(t, Options{MaxDocument: 1 << 20}, target)
			for _, isBroken := range []bool{false, true, false} {
				broken.Store(isBroken)
				checkVTS(t, oracle.Text(t, c.Scrape(t.Context())), isBroken, fault.reason)
			}
		})
	}
}

// checkVTS checks the exposition of a module that has a fault or none.
func checkVTS(t *testing.T, text string, isBroken bool, reason client.Reason) {
	t.Helper()
	if up := strings.Contains(text, "\nnginx_up 1\n"); up == isBroken || strings.Contains(text, "\nnginx_vts_info{") == isBroken {
		t.Errorf("broken is %t, up is %t:\n%s", isBroken, up, text)
	}
	want := `nginx_exporter_scrape_errors_total{reason="` + string(reason) + `",source="vts"} 1`
	if isBroken && !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s", want, text)
	}
}

// The module may be behind a proxy that compresses.
func TestVTSCompressed(t *testing.T) {
	t.Parallel()
	body, err := standin.Document("vts/full.json")
	if err != nil {
		t.Fatal(err)
	}
	target := asking(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(body) // the exporter may have left
		_ = z.Close()
	}))+"/status/format/json")
	if text := oracle.Text(t, scrapeOnce(t, Options{}, target)); !strings.Contains(text, "\nnginx_vts_info{") {
		t.Errorf("got\n%s", text)
	}
}

// One part of the document can be selected; the others are not exposed.
func TestVTSSelected(t *testing.T) {
	t.Parallel()
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, asking(t, serve(t, vtsHandler(t, "vts/full.json"))+"/status/format/json"))
	for range 2 { // detected, then known
		text := oracle.Text(t, c.Scrape(t.Context(), "vts_upstreams"))
		for part, want := range map[string]bool{"nginx_up 1": true, "nginx_vts_upstream_requests_total{": true, "nginx_vts_info{": false, "nginx_vts_server_": false, "nginx_http_requests_total": false} {
			if strings.Contains(text, "\n"+part) != want {
				t.Errorf("%q is exposed: %t; want %t in\n%s", part, !want, want, text)
			}
		}
	}
}

// Requests of nginx-module-vts and of stub_status are one counter with one rate.
func TestVTSRateIsThatOfStubStatus(t *testing.T) {
	t.Parallel()
	all := protocols(&Options{})
	r := newRates([]time.Duration{time.Minute}, all)
	found := map[string]*countedFamily{}
	for _, p := range all {
		counted, name := r.of(p)
		found[p.Name()] = counted
		if p.Name() == string(vts.Mode) && name != "vts_main" {
			t.Errorf("the counter is in %s", name)
		}
	}
	if found[string(vts.Mode)] != found["stub_status"] {
		t.Error("nginx-module-vts has another rate")
	}
}
