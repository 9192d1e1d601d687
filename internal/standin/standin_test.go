package standin_test

import (
	"encoding/json"
	"testing"

	"nginx-exporter/internal/standin"
)

func TestDocument(t *testing.T) {
	names := standin.Documents("vts/*.json")
	if len(names) < 6 {
		t.Errorf("the documents are %q", names)
	}
	for _, name := range names {
		if body, err := standin.Document(name); err != nil || !json.Valid(body) {
			t.Errorf("%s is not valid: %v", name, err)
		}
	}
	if _, err := standin.Document("vts/none.json"); err == nil {
		t.Error("a document that does not exist is returned")
	}
}

// A generated document is valid, and its counters increase.
func TestVTS(t *testing.T) {
	size := standin.VTS{Servers: 3, Filters: 2, Upstreams: 2, Peers: 2, Caches: 1}
	accepted := func(steps int) float64 {
		var document struct {
			Connections struct{ Accepted float64 }
			ServerZones map[string]any
		}
		if err := json.Unmarshal(size.Document(steps), &document); err != nil || len(document.ServerZones) != 4 {
			t.Fatalf("%v: %s", err, size.Document(steps))
		}
		return document.Connections.Accepted
	}
	if before, after := accepted(1), accepted(2); after <= before {
		t.Errorf("%v connections, then %v", before, after)
	}
}

// The averages of a generated document are those of its sums and numbers of requests.
func TestVTSAverages(t *testing.T) {
	type object struct {
		RequestCounter, RequestMsecCounter, RequestMsec float64
	}
	var document struct {
		ServerZones   map[string]object
		FilterZones   map[string]map[string]object
		UpstreamZones map[string][]struct {
			object
			ResponseMsecCounter, ResponseMsec float64
		}
	}
	if err := json.Unmarshal(standin.VTS{Servers: 1, Filters: 1, Upstreams: 1, Peers: 2}.Document(1), &document); err != nil {
		t.Fatal(err)
	}
	var objects []object
	for _, zones := range []map[string]object{document.ServerZones, document.FilterZones["country::*"]} {
		for _, zone := range zones {
			objects = append(objects, zone)
		}
	}
	for _, peer := range document.UpstreamZones["up0000"] {
		objects = append(objects, peer.object, object{peer.RequestCounter, peer.ResponseMsecCounter, peer.ResponseMsec})
	}
	const all = 7
	if len(objects) != all {
		t.Errorf("the document has %d objects", len(objects))
	}
	for _, o := range objects {
		if o.RequestMsec == 0 || o.RequestMsec != o.RequestMsecCounter/o.RequestCounter {
			t.Errorf("the average is %v, of %v ms for %v requests", o.RequestMsec, o.RequestMsecCounter, o.RequestCounter)
		}
	}
}
