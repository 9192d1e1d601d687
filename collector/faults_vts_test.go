package collector

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/vtstest"
)

// A response that is not the whole document leaves no series of the module, has its
// reason, and the next scrape recovers.
func TestVTSFaults(t *testing.T) {
	t.Parallel()
	text := func(body string) standin.Option { return standin.WithRaw(standin.Root, []byte(body)) }
	for name, fault := range map[string]struct {
		reason client.Reason
		option standin.Option
	}{
		"not found":   {client.ReasonStatus, standin.WithStatus(standin.Root, http.StatusNotFound, "")},
		"error":       {client.ReasonStatus, standin.WithStatus(standin.Root, http.StatusInternalServerError, "")},
		"cut":         {client.ReasonParse, standin.WithTruncated(standin.Root)},
		"empty":       {client.ReasonParse, text("")},
		"HTML":        {client.ReasonParse, text("<title>nginx vhost traffic status monitor</title>")},
		"too large":   {client.ReasonTooLarge, text(string(vtstest.Recorded("full")) + strings.Repeat(" ", 1<<20))},
		"other JSON":  {client.ReasonParse, text(`{"pool":"www"}`)},
		"wrong types": {client.ReasonParse, text(`{"hostName":1,"nginxVersion":[],"connections":"x","serverZones":null}`)},
		"aborted":     {client.ReasonParse, standin.WithAborted(standin.Root)},
		"never":       {client.ReasonTimeout, standin.WithHang(standin.Root)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nginx := vtstest.New(vtstest.Recorded("full"))
			target := asking(t, serveStandin(t, nginx))
			target.Client.Mode = vts.Mode
			if fault.reason == client.ReasonTimeout {
				target.Client.Timeout = time.Second
			}
			c := newCollector(t, Options{MaxDocument: 1 << 20}, target)
			checkVTS(t, oracle.Text(t, c.Scrape(t.Context())), false, fault.reason)
			nginx.Set(fault.option)
			checkVTS(t, oracle.Text(t, c.Scrape(t.Context())), true, fault.reason)
			nginx.Set(standin.WithoutFaults())
			checkVTS(t, oracle.Text(t, c.Scrape(t.Context())), false, fault.reason)
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
	target := asking(t, serveStandin(t, vtstest.New(vtstest.Recorded("full"), standin.WithGzip())))
	if text := oracle.Text(t, scrapeOnce(t, Options{}, target)); !strings.Contains(text, "\nnginx_vts_info{") {
		t.Errorf("got\n%s", text)
	}
}

// One part of the document can be selected; the others are not exposed.
func TestVTSSelected(t *testing.T) {
	t.Parallel()
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, asking(t, serveStandin(t, vtstest.New(vtstest.Recorded("full")))))
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
