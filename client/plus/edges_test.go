package plus

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"nginx-exporter/client/api"
	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/client/value"
	"nginx-exporter/internal/standin/plustest"
)

// kindOf returns the document of a path.
func kindOf(tb testing.TB, path string) kind {
	tb.Helper()
	for _, kind := range kinds() {
		if kind.path == path {
			return kind
		}
	}
	tb.Fatalf("no document %s", path)
	return kind{}
}

// numbered returns an object of n members.
func numbered(n int, member string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, member, i+1)
	}
	return "{" + strings.TrimSuffix(text.String(), ",") + "}"
}

// TestBounds checks both sides of each bound.
func TestBounds(t *testing.T) {
	t.Parallel()
	all := newSchema()
	codes := func(n int) string { return `{"z":{"responses":{"codes":` + numbered(n, `"%d":7,`) + `}}}` }
	slots := func(n int) string { return `{"z":{"slots":` + numbered(n, `"%d":{"used":7},`) + `}}` }
	buckets := func(text string) string {
		return `{"u":{"peers":[{"response_time_hist":{"sum":1,"buckets":` + text + `}},{"id":1}]}}`
	}
	deep := func(n int) string {
		return `{"total":7,"x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `,"current":2}`
	}
	for name, test := range map[string]struct{ path, document string }{
		"codes":                 {"http/server_zones", codes(1000)},
		"a code too many":       {"http/server_zones", codes(1001)},
		"slots":                 {"slabs", slots(64)},
		"a slot too many":       {"slabs", slots(65)},
		"buckets":               {"http/upstreams", buckets(numbered(256, `"%d":1,`))},
		"a bucket too many":     {"http/upstreams", buckets(numbered(257, `"%d":1,`))},
		"buckets out of order":  {"http/upstreams", buckets(`{"inf":1,"5":2,"1e3":3,"2.5":4}`)},
		"a bucket twice":        {"http/upstreams", buckets(`{"5":1,"5.0":2}`)},
		"all responses":         {"http/upstreams", buckets(`{"5":9007199254740991,"6":1}`)},
		"a response too many":   {"http/upstreams", buckets(`{"5":9007199254740992,"6":2}`)},
		"half a response":       {"http/upstreams", buckets(`{"5":1.5}`)},
		"negative responses":    {"http/upstreams", buckets(`{"5":-1,"6":1}`)},
		"shortest bound":        {"http/upstreams", buckets(`{"1e-6":1}`)},
		"bound too short":       {"http/upstreams", buckets(`{"0":1}`)},
		"depth":                 {requestsOf, deep(maxDepth)},
		"a level too deep":      {requestsOf, deep(maxDepth + 1)},
		"many sets of bounds":   {"http/upstreams", manyBounds(20)},
		"nothing but an object": {requestsOf, "{}"},
		"nothing but an array":  {requestsOf, "[]"},
		"minus zero":            {requestsOf, `{"total":-0,"current":-0.0}`},
		"exponents":             {requestsOf, `{"total":1E+2,"current":-1e-2}`},
		"bad numbers":           {requestsOf, `{"total":1,"current":1e+}`},
		"a bare exponent":       {requestsOf, `{"total":1,"current":1x2}`},
		"plus sign":             {requestsOf, `{"total":+1}`},
		"hexadecimal":           {requestsOf, `{"total":0x10}`},
		"leading zero":          {requestsOf, `{"total":07}`},
		"dot without digits":    {requestsOf, `{"total":1.}`},
		"not a number":          {requestsOf, `{"total":NaN}`},
		"cut escape":            {requestsOf, `{"tot\`},
		"cut unit":              {requestsOf, `{"tot\u00`},
		"cut pair":              {requestsOf, `{"tot\ud83d\`},
		"cut literal":           {requestsOf, `{"total":tru`},
		"wrong literal":         {requestsOf, `{"total":trye}`},
		"bad unit":              {requestsOf, `{"tot\u00xl":1}`},
		"signed unit":           {requestsOf, `{"tot\u+0a1":1}`},
		"bad escape":            {requestsOf, `{"tot\al":1}`},
		"control character":     {requestsOf, "{\"tot\nal\":1}"},
		"single quotes":         {requestsOf, `{'total':1}`},
		"comment":               {requestsOf, `{"total":1/**/}`},
		"form feed":             {requestsOf, "{\f\"total\":1}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all.Agree(t, kindOf(t, test.path).make, []byte(test.document))
		})
	}
}

const requestsOf = "http/requests"

// manyBounds are servers whose histograms have different bounds.
func manyBounds(n int) string {
	var peers strings.Builder
	for i := range n {
		fmt.Fprintf(&peers, `{"response_time_hist":{"sum":1,"buckets":{"%d":%d,"inf":1}}},`, i+1, i)
	}
	return `{"u":{"peers":[` + peers.String() + peers.String() + `{}]}}`
}

// Servers with the same buckets as the server before share its bounds.
func TestBoundsAreShared(t *testing.T) {
	t.Parallel()
	upstreams := &Upstreams{}
	document := `{"u":{"peers":[` + strings.Repeat(`{"response_time_hist":{"sum":1,"buckets":{"5":1,"inf":1}}},`, 2) +
		`{"response_time_hist":{"sum":1,"buckets":{"6":1,"inf":1}}}]}}`
	if _, err := oracle.Decode(strings.NewReader(document), upstreams); err != nil {
		t.Fatal(err)
	}
	first, second, third := upstreams.Peers[0].ResponseTimes, upstreams.Peers[1].ResponseTimes, upstreams.Peers[2].ResponseTimes
	if &first.Bounds[0] != &second.Bounds[0] || &first.Bounds[0] == &third.Bounds[0] || &first.Counts[0] == &second.Counts[0] {
		t.Errorf("got %+v, %+v, %+v", first, second, third)
	}
}

// A read may end within any token.
func TestWindowEnds(t *testing.T) {
	t.Parallel()
	all := newSchema()
	document := `{"u\u00e9\ud83d\ude00":{"peers":[{"id":12,"server":"10.0.0.1:80","name":"a\"b\\","state":"down","backup":true,"weight":-15,` +
		`"requests":18446744073709551615,"response_time":2.5e1,"service":null,"selected":"2026-07-02T09:16:31Z"}],"zone":"\ud83dz"}}`
	for n := range len(document) + 2 {
		padded := strings.Repeat(" ", window-n) + document
		all.Agree(t, kindOf(t, "http/upstreams").make, []byte(padded))
	}
}

// withError returns all of its text together with an error.
type withError struct {
	text string
	err  error
}

// Read implements [io.Reader].
func (w *withError) Read(p []byte) (int, error) {
	n := copy(p, w.text)
	w.text = w.text[n:]
	if w.text == "" {
		return n, w.err
	}
	return n, nil
}

// A document that comes with an error is not accepted, even if it looks complete.
func TestErrorWithData(t *testing.T) {
	t.Parallel()
	broken := errors.New("the cable was pulled")
	for _, kind := range kinds() {
		document := string(plustest.Sample()[kind.path])
		if _, err := oracle.Decode(&withError{document, broken}, kind.make()); !errors.Is(err, broken) {
			t.Errorf("%s: got %v", kind.path, err)
		}
		if invalid, err := oracle.Decode(&withError{document, io.EOF}, kind.make()); err != nil || invalid != 0 {
			t.Errorf("%s: got %v and %d invalid members", kind.path, err, invalid)
		}
	}
}

// Some values of each sample, to check the rules of the oracle.
func TestSampleValues(t *testing.T) {
	t.Parallel()
	sample := plustest.Sample()
	read := func(path string, into Document) {
		t.Helper()
		if invalid, err := oracle.Decode(strings.NewReader(string(sample[path])), into); err != nil || invalid != 0 {
			t.Errorf("%s: %v, %d invalid", path, err, invalid)
		}
	}
	var (
		nginx     Nginx
		license   License
		workers   Workers
		upstreams Upstreams
		sync      ZoneSync
		keyvals   Keyvals
		resolvers Resolvers
	)
	read("nginx", &nginx)
	read("license", &license)
	read("workers", &workers)
	read("http/upstreams", &upstreams)
	read("stream/zone_sync", &sync)
	read("http/keyvals", &keyvals)
	read("resolvers", &resolvers)
	peer := upstreams.Peers[0]
	for what, values := range map[string][2]any{
		"generation":   {nginx.Generation.Float(), 3.0},
		"loaded":       {nginx.LoadTimestamp.Float(), 1782893730.25},
		"build":        {nginx.Build, "nginx-plus-r37.0.0"},
		"evaluation":   {license.Evaluation.Float(), 0.0},
		"grace":        {license.ReportingGrace.Float(), 15551961.0},
		"worker":       {*workers.All[1], Worker{"1", "4313", api.Connections{Accepted: value.Of(411111), Dropped: value.Of(6), Active: value.Of(19), Idle: value.Of(31)}, Requests{value.Of(1144444), value.Of(9)}}},
		"upstream":     {peer.Upstream == upstreams.All[0] && upstreams.All[0].Listed, true},
		"address":      {peer.Server + " " + peer.Name + " " + peer.ID, "10.20.0.11:8080 shop-a.internal:8080 0"},
		"state":        {peer.State.String(), "up"},
		"mismatch":     {peer.TLS.HostnameMismatch.Float(), 2.0},
		"code 520":     {peer.Responses.Codes[5], api.Code{Code: "520", Count: value.Of(22)}},
		"last passed":  {peer.LastPassed.Float(), 1.0},
		"down since":   {peer.DownSince.IsSet(), false},
		"bucket 10":    {[2]float64{peer.ResponseTimes.Bounds[1], peer.ResponseTimes.Counts[1]}, [2]float64{10, 210000}},
		"histogram":    {peer.ResponseTimes.IsSet(), true},
		"sync":         {sync.MessagesOut.Float(), 40111.0},
		"pending":      {*sync.Zones.All[0], SyncZone{"sessions", value.Of(11), value.Of(15300)}},
		"keys":         {keyvals.All[0].Name + " " + fmt.Sprint(keyvals.All[0].Pairs.Float()), "blocklist 3"},
		"no keys":      {keyvals.All[1].Pairs.Float(), 0.0},
		"not in time":  {resolvers.All[0].TimedOut.Float(), 33.0},
		"SRV services": {resolvers.All[0].Services.Float(), 44.0},
	} {
		if values[0] != values[1] {
			t.Errorf("%s: got %v, want %v", what, values[0], values[1])
		}
	}
}

// Each server is decoded independently of the one before, however they differ.
func TestServersDiffer(t *testing.T) {
	t.Parallel()
	all, upstreams := newSchema(), kindOf(t, "http/upstreams")
	for name, servers := range map[string][2]string{
		"another order":       {`{"id":1,"sent":2,"fails":3}`, `{"fails":4,"id":5,"sent":6}`},
		"members are missing": {`{"id":1,"sent":2,"received":3,"fails":4}`, `{"id":1,"fails":4}`},
		"more members":        {`{"id":1,"fails":4}`, `{"id":1,"sent":2,"fails":4}`},
		"unknown members":     {`{"id":1,"fails":4}`, `{"id":1,"more":{"fails":9},"fails":4}`},
		"a member twice":      {`{"id":1,"fails":4}`, `{"id":1,"id":2,"fails":4,"fails":5}`},
		"escaped":             {`{"id":1,"fails":4}`, `{"\u0069d":1,"f\u0061ils":4}`},
		"white space":         {`{"id":1,"fails":4}`, `{ "id" : 1 , "fails" : 4 }`},
		"a longer name":       {`{"id":1,"fails":4}`, `{"ids":1,"failsafe":4}`},
		"a shorter name":      {`{"id":1,"fails":4}`, `{"i":1,"fail":4}`},
		"no comma":            {`{"id":1,"fails":4}`, `{"id":1"fails":4}`},
		"a comma too many":    {`{"id":1,"fails":4}`, `{,"id":1,"fails":4}`},
		"other codes":         {codes(`"200":1,"301":2,"404":3`), codes(`"200":4,"302":5,"404":6`)},
		"fewer codes":         {codes(`"200":1,"301":2,"404":3`), codes(`"200":4,"301":6`)},
		"more codes":          {codes(`"200":1`), codes(`"200":4,"301":6,"404":3`)},
		"a code twice":        {codes(`"200":1,"301":2`), codes(`"200":4,"200":5,"301":6,"200":7`)},
		"a code twice later":  {codes(`"200":1,"301":2`), codes(`"200":4,"301":6,"200":7`)},
		"a code with a quote": {codes(`"2\"0":1`), codes(`"2"0":1`)},
		"a code with a slash": {codes(`"2\\u0030":1`), codes(`"2\u0030":1`)},
		"a code without name": {codes(`"":1`), codes(`"":2`)},
		"codes are a number":  {codes(`"200":1`), `{"responses":{"codes":1}}`},
		"codes, then a text":  {codes(`"200":1`), `{"responses":{"codes":{"200":1},"codes":"none"}}`},
		"the same day":        {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T23:59:59Z")},
		"another day":         {selected("2026-07-02T09:16:31Z"), selected("2026-07-03T00:00:00Z")},
		"before 1970":         {selected("1969-12-31T23:59:59Z"), selected("1969-12-31T00:00:01Z")},
		"another zone":        {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T09:16:31+02:00")},
		"parts of a second":   {selected("2026-07-02T09:16:31.25Z"), selected("2026-07-02T09:16:31.5Z")},
		"hour 24":             {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T24:00:00Z")},
		"minute 60":           {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T09:60:00Z")},
		"second 60":           {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T09:16:60Z")},
		"no clock":            {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T09.16.31Z")},
		"no digits":           {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T 9:16:3/Z")},
		"no zone":             {selected("2026-07-02T09:16:31Z"), selected("2026-07-02T09:16:31X")},
		"no day yet":          {selected(strings.Repeat(`\u0000`, 11) + "09:16:31Z"), selected("2026-07-02T09:16:31Z")},
		"codes twice":         {codes(`"200":1,"301":2`), `{"responses":{"codes":{"200":1},"codes":{"301":3}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all.Agree(t, upstreams.make, []byte(`{"shop":{"peers":[`+servers[0]+`,`+servers[1]+`,`+servers[0]+`]}}`))
		})
	}
}

// selected is a server that was selected at this time.
func selected(at string) string { return `{"selected":"` + at + `"}` }

// codes is a server with these status codes.
func codes(members string) string { return `{"responses":{"codes":{` + members + `}}}` }
