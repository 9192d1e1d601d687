package plustest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// shape counts what is in the documents of a size.
func shape(tb testing.TB, documents map[string][]byte) (upstreams, peers, zones int) {
	tb.Helper()
	var groups map[string]struct{ Peers []json.RawMessage }
	var sites map[string]json.RawMessage
	if err := json.Unmarshal(documents["http/upstreams"], &groups); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(documents["http/server_zones"], &sites); err != nil {
		tb.Fatal(err)
	}
	for _, group := range groups {
		peers += len(group.Peers)
	}
	return len(groups), peers, len(sites)
}

// TestSizes holds the sizes to what speed is measured with.
func TestSizes(t *testing.T) {
	for name, want := range map[string][4]int{
		"S": {1, 3, 2, 0},
		"M": {50, 500, 200, 0},
		"L": {200, 10_000, 2000, 7_800_000},
	} {
		size, err := standin.SizeOf(name)
		if err != nil {
			t.Fatal(err)
		}
		documents := plustest.Documents(size)
		upstreams, peers, zones := shape(t, documents)
		if got := [3]int{upstreams, peers, zones}; got != [3]int(want[:3]) {
			t.Errorf("%s: upstreams, peers, zones: %v, want %v", name, got, want[:3])
		}
		if bytes := len(documents["http/upstreams"]); want[3] > 0 && (bytes < want[3]*95/100 || bytes > want[3]*105/100) {
			t.Errorf("%s: %d bytes of upstreams, want about %d", name, bytes, want[3])
		}
		again := plustest.Documents(size)
		for path, body := range documents {
			if !bytes.Equal(body, again[path]) {
				t.Errorf("%s: %s differs from one time to the next", name, path)
			}
		}
	}
	if _, err := standin.SizeOf("XXL"); err == nil {
		t.Error("there is a size XXL")
	}
	if xl := standin.XL(); xl.Upstreams*xl.Peers != 100_000 {
		t.Errorf("XL has %d peers", xl.Upstreams*xl.Peers)
	}
}

// TestSizedEverything generates what the named sizes leave to the sample.
func TestSizedEverything(t *testing.T) {
	size := standin.Size{
		Upstreams: 2, Peers: 50, Zones: 3, Locations: 4, StreamUpstreams: 5, StreamPeers: 50, StreamZones: 6, Workers: 7,
		Histograms: true,
	}
	api := plustest.Sized(size)
	counts := map[string]int{
		"http/upstreams": 2, "http/server_zones": 3, "http/location_zones": 4,
		"stream/upstreams": 5, "stream/server_zones": 6,
	}
	for path, want := range counts {
		var names []string
		if err := json.Unmarshal(get(t, api, "/api/9/"+path+"?fields=", http.StatusOK), &names); err != nil {
			t.Fatal(err)
		}
		if len(names) != want {
			t.Errorf("%s: %d, want %d", path, len(names), want)
		}
	}
	for path := range plustest.Documents(size) {
		if body := get(t, api, "/api/9/"+path, http.StatusOK); !json.Valid(body) {
			t.Errorf("%s is not JSON", path)
		}
	}
	var workers []struct{ ID int }
	if err := json.Unmarshal(get(t, api, "/api/9/workers/", http.StatusOK), &workers); err != nil || len(workers) != 7 || workers[6].ID != 6 {
		t.Errorf("workers: %v, %v", workers, err)
	}
}

// TestSizedAgrees checks that generated counters add up, now and later.
func TestSizedAgrees(t *testing.T) {
	api := plustest.Sized(standin.Size{Upstreams: 2, Peers: 3, Zones: 1, Histograms: true})
	for tick := range 3 {
		var groups map[string]struct {
			Peers []struct {
				Requests  uint64
				Responses struct {
					C1    uint64 `json:"1xx"`
					C2    uint64 `json:"2xx"`
					C3    uint64 `json:"3xx"`
					C4    uint64 `json:"4xx"`
					C5    uint64 `json:"5xx"`
					Codes map[string]uint64
					Total uint64
				}
				Histogram struct {
					Count   uint64
					Buckets map[string]uint64
				} `json:"response_time_hist"`
			}
		}
		if err := json.Unmarshal(get(t, api, "/api/9/http/upstreams/", http.StatusOK), &groups); err != nil {
			t.Fatal(err)
		}
		for _, peer := range groups["up0001"].Peers {
			r := peer.Responses
			classes := r.C1 + r.C2 + r.C3 + r.C4 + r.C5
			codes, buckets := sum(r.Codes), sum(peer.Histogram.Buckets)
			if r.Total != peer.Requests || classes != r.Total || codes != r.Total || buckets != peer.Histogram.Count || buckets != r.Total {
				t.Errorf("tick %d: %d requests, %d responses, %d by class, %d by code, %d by time, %d of them counted",
					tick, peer.Requests, r.Total, classes, codes, buckets, peer.Histogram.Count)
			}
		}
		api.Tick()
	}
}

func sum(counts map[string]uint64) uint64 {
	var total uint64
	for _, n := range counts {
		total += n
	}
	return total
}

// TestSizesInSeries counts what an exporter of the old families makes of each
// size, with the forty status codes that it always has: 511, 41 k and 713 k
// series are what speed is measured with.
func TestSizesInSeries(t *testing.T) {
	const codes = 40
	each := map[string]int{ // series of one object
		"http/server_zones": 13 + codes, "http/location_zones": 9 + codes, "http/caches": 21,
		"http/limit_reqs": 5, "http/limit_conns": 3, "stream/limit_conns": 3, "resolvers": 11,
		"stream/server_zones": 11, "http/upstreams": 2, "stream/upstreams": 1,
	}
	peer := map[string]int{"http/upstreams": 21 + codes, "stream/upstreams": 17}
	const rest = 4 + 2 + 3 + 4 + 1 + 2*6 + 5 + 2*2 // connections, requests, TLS, license, up, workers, zone_sync
	for name, want := range map[string]int{"S": 511, "M": 41_000, "L": 713_000} {
		size, err := standin.SizeOf(name)
		if err != nil {
			t.Fatal(err)
		}
		api := plustest.Sized(size)
		series := rest
		for path, count := range each {
			var objects map[string]struct{ Peers []struct{} }
			if err := json.Unmarshal(get(t, api, "/api/9/"+path, http.StatusOK), &objects); err != nil {
				t.Fatal(err)
			}
			for _, object := range objects {
				series += count + len(object.Peers)*peer[path]
			}
		}
		if series < want*93/100 || series > want*107/100 {
			t.Errorf("%s: %d series, want about %d", name, series, want)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	for _, path := range []string{"/api/9/", "/api/9/connections", "/api/9/http/upstreams"} {
		b.Run(path, func(b *testing.B) {
			api := plustest.Sized(standin.M())
			b.ReportAllocs()
			for b.Loop() {
				get(b, api, path, http.StatusOK)
			}
		})
	}
}
