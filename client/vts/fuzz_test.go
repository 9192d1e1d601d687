package vts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/client/vts"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/vtstest"
)

// plain is a part of the document for encoding/json. Pointers tell absent from zero.
type plain struct {
	NginxVersion string
	Connections  struct{ Accepted *float64 }
	ServerZones  map[string]plainZone
	FilterZones  map[string]map[string]plainZone
}

type plainZone struct {
	RequestCounter *float64
	InBytes        *float64
	Responses      map[string]float64
	StatusCodes    map[string]float64
	RequestMsec    *float64
	OverCounts     map[string]float64
	RequestBuckets struct{ Msecs, Counters []float64 }
}

// FuzzRead compares the decoder with encoding/json, whatever the size of the pieces
// in which a document arrives. Documents that only one accepts, or that have values
// which only the decoder bounds, are not compared further.
func FuzzRead(f *testing.F) {
	for _, name := range vtstest.Names() {
		f.Add(vtstest.Recorded(name))
	}
	for _, body := range []string{
		`{`, `[]`, `{"hostName":"a","nginxVersion":"b","loadMsec":1,"connections":{"accepted":1}}`,
		`{"nginxVersion":"b","connections":{"accepted":1},"serverZones":{"a":{"requestBuckets":{"msecs":[1,2],"counters":[3,1]}}}}`,
		`{"nginxVersion":"b","connections":{"accepted":1},"serverZones":{"a":{"overCounts":{"maxIntegerSize":1,"1xx":"}"}}}}`,
		`{"nginxVersion":"b","connections":{"accepted":1},"serverZones":{"a":{"requestMsecs":{"times":[0,01,1]}}}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		whole, err := vts.Decode(bytes.NewReader(body))
		pieces, errPieces := vts.Decode(iotest.OneByteReader(bytes.NewReader(body)))
		if (err == nil) != (errPieces == nil) {
			t.Fatalf("%v as a whole, %v in pieces", err, errPieces)
		}
		if err != nil {
			var failure *client.Error
			if whole != nil || !errors.As(err, &failure) || len(err.Error()) > 400 {
				t.Errorf("got %v and %v", whole, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q is accepted", body)
		}
		text, other := asText(t, whole), asText(t, pieces)
		if text != other {
			t.Errorf("%s as a whole, %s in pieces", text, other)
		}
		var want plain
		if json.Unmarshal(body, &want) == nil {
			compare(t, whole, &want, body)
		}
	})
}

func asText(t *testing.T, s *vts.Status) string {
	t.Helper()
	var text strings.Builder
	for _, zone := range s.Servers {
		text.WriteString(zone.Name)
		for name, v := range values(&zone.Counters) {
			if v.IsSet() && name == "Requests" {
				text.WriteString(name)
			}
		}
		if len(zone.RequestDuration.Counts) > 0 {
			text.WriteString("histogram")
		}
	}
	return text.String()
}

func compare(t *testing.T, got *vts.Status, want *plain, body []byte) {
	t.Helper()
	if got.NginxVersion != want.NginxVersion && !bytes.Contains(bytes.ToLower(body), []byte(`"nginxversion":`)) {
		t.Errorf("version %q, want %q", got.NginxVersion, want.NginxVersion)
	}
	for _, zone := range got.Servers {
		expected, found := want.ServerZones[zone.Name]
		if !found || strings.Count(string(body), zone.Name) > 1 {
			continue // names that encoding/json compares without case, or that are repeated
		}
		if v := expected.RequestCounter; v != nil && zone.Requests.IsSet() && len(expected.OverCounts) == 0 && value.Of(*v) != zone.Requests {
			t.Errorf("%s has %v requests, want %v", zone.Name, zone.Requests.Float(), *v)
		}
		last := 0.0
		for _, count := range zone.RequestDuration.Counts {
			if count < 0 || count != math.Trunc(count) {
				t.Errorf("%s has the buckets %v", zone.Name, zone.RequestDuration.Counts)
			}
			last += count
		}
		if len(zone.RequestDuration.Counts) > 0 && last != zone.Requests.Float() {
			t.Errorf("%s has %v requests in buckets and %v in all", zone.Name, last, zone.Requests.Float())
		}
	}
}

// All numbers of a large document agree with encoding/json.
func TestAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	body := vtstest.Document(standin.Size{Zones: 300, Keys: 300, Upstreams: 20, Peers: 10, Caches: 5})
	got, err := read(t, http.StatusOK, string(body), 0)
	if err != nil {
		t.Fatal(err)
	}
	var want plain
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	if len(got.Servers) != len(want.ServerZones)-1 || got.Total == nil || len(got.Upstreams) != 200 || len(got.Caches) != 5 || got.Invalid != 0 {
		t.Fatalf("%d servers, %d servers of upstreams, %d invalid", len(got.Servers), len(got.Upstreams), got.Invalid)
	}
	for _, zone := range append(got.Servers, got.Filters...) {
		expected := want.ServerZones[zone.Name]
		if zone.Filter != "" {
			expected = want.FilterZones[zone.Filter][zone.Name]
		}
		agree(t, zone, &expected)
	}
}

// agree compares a zone with that of encoding/json.
func agree(t *testing.T, zone *vts.Zone, want *plainZone) {
	t.Helper()
	r, c := &zone.Responses, &zone.Cached
	for name, got := range map[string]value.Value{
		"1xx": r.Informational, "2xx": r.Success, "3xx": r.Redirection, "4xx": r.ClientError, "5xx": r.ServerError, "miss": c.Miss, "hit": c.Hit,
	} {
		if got != value.Of(want.Responses[name]) {
			t.Errorf("%s: %s is %v, want %v", zone.Name, name, got.Float(), want.Responses[name])
		}
	}
	if zone.Requests != value.Of(*want.RequestCounter) || zone.InBytes != value.Of(*want.InBytes) || zone.AverageRequest != value.Of(*want.RequestMsec) {
		t.Errorf("%s: got %+v", zone.Name, zone)
	}
	total := 0.0
	for i, count := range want.RequestBuckets.Counters {
		if total += zone.RequestDuration.Counts[i]; total != count || zone.RequestDuration.Bounds[i] != want.RequestBuckets.Msecs[i] {
			t.Errorf("%s: bucket %d has %v, want %v", zone.Name, i, total, count)
		}
	}
	for _, code := range zone.Codes {
		if code.Count != value.Of(want.StatusCodes[code.Code]) {
			t.Errorf("%s: code %s is %v", zone.Name, code.Code, code.Count.Float())
		}
	}
}

// An inconsistent histogram is dropped and counted; the rest of its object stays.
func TestInvalidHistograms(t *testing.T) {
	t.Parallel()
	const document = `{"hostName":"a","nginxVersion":"1.2.3","loadMsec":1,"connections":{"accepted":1},"serverZones":{"x":{"requestCounter":10,"requestMsecCounter":5,"requestBuckets":BUCKETS}}}`
	for buckets, valid := range map[string]bool{
		`{"msecs":[5,10],"counters":[1,2]}`:    true,
		`{"counters":[1,2],"msecs":[5,10]}`:    true,
		`{"msecs":[5],"counters":[10]}`:        true,
		`{"msecs":[5,10],"counters":[2,1]}`:    false,
		`{"msecs":[5,10],"counters":[1,11]}`:   false,
		`{"msecs":[10,5],"counters":[1,2]}`:    false,
		`{"msecs":[5,5],"counters":[1,2]}`:     false,
		`{"msecs":[0,5],"counters":[1,2]}`:     false,
		`{"msecs":[5,10],"counters":[1]}`:      false,
		`{"msecs":[5],"counters":[1,2]}`:       false,
		`{"msecs":[5,10],"counters":[1,"2"]}`:  false,
		`{"msecs":[5,10],"counters":[1.5,2]}`:  false,
		`{"msecs":["5]",10],"counters":[1,2]}`: false,
		`{"msecs":[5,10],"counters":[-1,2]}`:   false,
		`{"msecs":[],"counters":[]}`:           true,
		`{"msecs":[1` + strings.Repeat(",2", 300) + `],"counters":[1` + strings.Repeat(",2", 300) + `]}`: false,
	} {
		s := mustRead(t, strings.Replace(document, "BUCKETS", buckets, 1))
		h := s.Servers[0].RequestDuration
		if (s.Invalid == 0) != valid || !valid && len(h.Counts) != 0 || s.Servers[0].Requests != value.Of(10) {
			t.Errorf("%.80s: got %v and %d invalid", buckets, h, s.Invalid)
		}
	}
}

// The memory of a document is that of its objects, and grows as they do.
func TestMemoryIsLinear(t *testing.T) {
	const mostPerZone = 1200 // bytes
	for _, zones := range []int{500, 2000, 8000} {
		body := vtstest.Document(standin.Size{Zones: zones})
		allocated := testing.AllocsPerRun(1, func() {
			if s, err := vts.Decode(bytes.NewReader(body)); err != nil || len(s.Servers) != zones {
				t.Errorf("%d zones: %v", zones, err)
			}
		})
		const pieces = 6 // the zone, its name, its codes and its histogram
		if allocated > float64(pieces*zones) {
			t.Errorf("%d zones take %v allocations", zones, allocated)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = vts.Decode(bytes.NewReader(body))
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / uint64(zones); per > mostPerZone {
			t.Errorf("%d zones take %d bytes each", zones, per)
		}
	}
}
