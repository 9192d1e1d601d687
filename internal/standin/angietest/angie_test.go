package angietest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
)

// Parts of the tree have the text that they have in the tree, with and without a
// trailing slash.
func TestStatus(t *testing.T) {
	t.Parallel()
	status := angietest.New("/status/", angietest.Full())
	for path, want := range map[string]string{
		"/status/":                             angietest.Full(),
		"/status/connections":                  `{"accepted": 4917,`,
		"/status/connections/idle/":            "42",
		"/status/http/upstreams/empty/peers/":  "{}",
		"/status/stream/limit_conns/":          `{"tcp_per_ip"`,
		"/status/mail/":                        `{"error":"PathNotFound"`,
		"/status/connections/idle/today":       `{"error":"PathNotFound"`,
		"/status/http/upstreams/none/peers/a/": `{"error":"PathNotFound"`,
	} {
		response := httptest.NewRecorder()
		status.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		missing := strings.Contains(want, "PathNotFound")
		if !strings.HasPrefix(response.Body.String(), want) || (response.Code == http.StatusNotFound) != missing {
			t.Errorf("%s: got status %d and %q", path, response.Code, response.Body)
		}
	}
	response := httptest.NewRecorder()
	status.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status", http.NoBody))
	if location := response.Header().Get("Location"); response.Code != http.StatusMovedPermanently || location != "/status/" {
		t.Errorf("without the slash: got status %d to %q", response.Code, location)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	var status struct {
		HTTP struct {
			ServerZones map[string]any                              `json:"server_zones"`
			Upstreams   map[string]struct{ Peers map[string]any }   `json:"upstreams"`
			MetricZones map[string]struct{ Metrics map[string]any } `json:"metric_zones"`
		} `json:"http"`
	}
	size := standin.Size{Upstreams: 3, Peers: 4, Zones: 5, Keys: 6}
	if err := json.Unmarshal([]byte(angietest.Status(size)), &status); err != nil {
		t.Fatal(err)
	}
	if len(status.HTTP.ServerZones) != 5 || len(status.HTTP.Upstreams) != 3 || len(status.HTTP.Upstreams["up0002"].Peers) != 4 ||
		len(status.HTTP.MetricZones["latency"].Metrics) != 6 {
		t.Errorf("got %+v", status.HTTP)
	}
}

// Counters increase at a steady rate, gauges and failures stay, and histograms stay cumulative.
func TestTick(t *testing.T) {
	t.Parallel()
	status := angietest.New("/status/", angietest.Full())
	for range 200 {
		status.Tick()
	}
	response := httptest.NewRecorder()
	status.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/", http.NoBody))
	var got struct {
		Angie       struct{ Generation int }
		Connections struct{ Accepted, Dropped, Idle int }
		HTTP        struct {
			MetricZones struct {
				RQ struct {
					Metrics struct {
						GET struct{ Lat map[string]int }
					}
				}
			} `json:"metric_zones"`
		}
	}
	if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	lat := got.HTTP.MetricZones.RQ.Metrics.GET.Lat
	if got.Angie.Generation != 3 || got.Connections.Idle != 42 || got.Connections.Accepted != 4917+200*49 || got.Connections.Dropped != 1 || lat["0.005"] < 200 || lat["inf"] < lat["1"] || lat["0.1"] < lat["0.005"] {
		t.Errorf("got %+v", got)
	}
}
