package vtstest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/vtstest"
)

func TestRecorded(t *testing.T) {
	names := vtstest.Names()
	if len(names) != 6 {
		t.Errorf("the documents are %q", names)
	}
	for _, name := range names {
		if !json.Valid(vtstest.Recorded(name)) {
			t.Errorf("%s is not valid", name)
		}
	}
}

type object struct {
	RequestCounter, RequestMsecCounter, RequestMsec float64
	Responses                                       map[string]float64
}

type document struct {
	NowMsec       float64
	ServerZones   map[string]object
	FilterZones   map[string]map[string]object
	UpstreamZones map[string][]struct {
		object
		ResponseMsecCounter, ResponseMsec float64
		FailTimeout, Weight               int
		RequestBuckets                    struct{ Msecs, Counters []float64 }
	}
}

func (d document) objects() []object {
	var objects []object
	for _, zones := range []map[string]object{d.ServerZones, d.FilterZones["country::*"]} {
		for _, zone := range zones {
			objects = append(objects, zone)
		}
	}
	for _, peer := range d.UpstreamZones["up0000"] {
		objects = append(objects, peer.object, object{peer.RequestCounter, peer.ResponseMsecCounter, peer.ResponseMsec, peer.Responses})
	}
	return objects
}

func request(t *testing.T, nginx http.Handler) document {
	t.Helper()
	response := httptest.NewRecorder()
	nginx.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/format/json", http.NoBody))
	var d document
	if err := json.Unmarshal(response.Body.Bytes(), &d); err != nil {
		t.Fatalf("%v: %s", err, response.Body)
	}
	return d
}

// Averages and classes of responses of a generated document are those of its requests,
// also after its counters have increased.
func TestDocument(t *testing.T) {
	nginx := vtstest.New(vtstest.Document(standin.Size{Zones: 1, Keys: 1, Upstreams: 1, Peers: 2}))
	first := request(t, nginx)
	for tick := range 3 {
		d := request(t, nginx)
		objects := d.objects()
		if len(objects) != 7 {
			t.Errorf("the document has %d objects", len(objects))
		}
		for _, o := range objects {
			responses := o.Responses["2xx"] + o.Responses["3xx"] + o.Responses["4xx"] + o.Responses["5xx"]
			if o.RequestMsec == 0 || o.RequestMsec != o.RequestMsecCounter/o.RequestCounter || responses != o.RequestCounter {
				t.Errorf("the average is %v, of %v ms for %v requests and %v responses", o.RequestMsec, o.RequestMsecCounter, o.RequestCounter, responses)
			}
		}
		peer := d.UpstreamZones["up0000"][1]
		if n := peer.RequestBuckets.Counters; peer.FailTimeout != 10 || peer.Weight != 1 || peer.RequestBuckets.Msecs[0] != 5 || n[len(n)-1] != peer.RequestCounter {
			t.Errorf("a server is %+v", peer)
		}
		requests, before := d.ServerZones["*"].RequestCounter, first.ServerZones["*"].RequestCounter
		if d.NowMsec != first.NowMsec+1000*float64(tick) || requests != before+before/100*float64(tick) {
			t.Errorf("after %d seconds: %+v", tick, d)
		}
		nginx.Tick()
	}
}
