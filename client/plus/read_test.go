package plus_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

const (
	adviceDocument = "request this document of the API yourself, for example with curl; nginx may have closed the connection early"
	adviceLimit    = "raise --nginx.plus.max-document"
	requestsPath   = "http/requests"
	requestsBody   = `{"total":7,"current":2}`
)

// mustRead reads the requests and expects the sample.
func mustRead(tb testing.TB, c *target) {
	tb.Helper()
	var requests plus.Requests
	invalid, err := c.Read(within(tb), index(tb, c), requestsPath, &requests)
	if want := (plus.Requests{Total: value.Of(7), Current: value.Of(2)}); err != nil || invalid != 0 || requests != want {
		tb.Errorf("got %v, %d invalid, %v and %v", err, invalid, requests.Total.Float(), requests.Current.Float())
	}
}

// framed serves the requests document with write, and the rest unchanged.
func framed(api http.Handler, write func(w http.ResponseWriter, r *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, requestsPath) {
			api.ServeHTTP(discard{}, r) // which counts it
			write(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// packed writes a compressed body that was not requested.
func packed(encoding, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		_, _ = io.WriteString(w, body)
	}
}

func newRequests(options ...standin.Option) *standin.Nginx {
	return plustest.New(append([]standin.Option{standin.WithDocument(requestsPath, requestsBody)}, options...)...)
}

// A document is the same with every framing of the response.
func TestRead(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(http.ResponseWriter, *http.Request){
		"length":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, requestsBody) },
		"gzip":     packed("gzip", zipped(t, requestsBody)),
		"identity": packed("identity", requestsBody),
		"other type": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(typed(w, "text/html"), requestsBody)
		},
		"white space": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "\r\n\t "+requestsBody+" \r\n\t")
		},
		"hangs up":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(closing(w), requestsBody) },
		"byte by byte": func(w http.ResponseWriter, _ *http.Request) { drop(w, requestsBody) },
		"gzip by bytes": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			drop(w, zipped(t, requestsBody))
		},
		"gzip in two": packed("gzip", zipped(t, requestsBody[:9])+zipped(t, requestsBody[9:])),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newRequests()
			c := serveWith(t, api, framed(api, write), 0)
			mustRead(t, c)
			mustRead(t, c)
			checkRequests(t, c, api, 6)
		})
	}
}

func typed(w http.ResponseWriter, kind string) http.ResponseWriter {
	w.Header().Set("Content-Type", kind)
	return w
}

func closing(w http.ResponseWriter) http.ResponseWriter {
	w.Header().Set("Connection", "close")
	return w
}

// drop sends a body in chunks of one byte.
func drop(w http.ResponseWriter, body string) {
	for i := range len(body) {
		_, _ = io.WriteString(w, body[i:i+1])
		_ = http.NewResponseController(w).Flush()
	}
}

// After a document that cannot be read, the next one is complete.
func TestReadFails(t *testing.T) {
	t.Parallel()
	parse := func(text string) failure {
		return failure{reason: client.ReasonParse, text: text, advice: adviceDocument}
	}
	status := func(status int, advice string) failure {
		return failure{reason: client.ReasonStatus, status: status, text: fmt.Sprintf("HTTP status %d", status), advice: advice}
	}
	raw := func(body string) standin.Option { return standin.WithRaw(requestsPath, []byte(body)) }
	for name, test := range map[string]struct {
		fault standin.Option
		want  failure
	}{
		"cut":         {standin.WithTruncated(requestsPath), parse("the response is incomplete")},
		"aborted":     {standin.WithAborted(requestsPath), parse("reading the response failed")},
		"empty":       {raw(""), parse("the response is incomplete")},
		"blank":       {raw(" \n"), parse("the response is incomplete")},
		"null":        {raw("null"), parse("the response is null")},
		"text":        {raw(`"x"`), parse("the response is a JSON string")},
		"number":      {raw("7"), parse("the response is a JSON number")},
		"web page":    {raw("<html><body>It works!</body></html>"), parse("the response is not valid JSON")},
		"stub_status": {raw(page), parse("the response is not valid JSON")},
		"secret":      {raw(body("{")), parse("the response is not valid JSON")},
		"NUL":         {raw("\x00{}"), parse("the response is not valid JSON")},
		"not closed":  {raw(`{"total":7,"current":2`), parse("the response is incomplete")},
		"two":         {raw(requestsBody + requestsBody), parse("the response is not valid JSON")},
		"more":        {raw(requestsBody + "}"), parse("the response is not valid JSON")},
		"long text":   {raw(`{"a":"` + strings.Repeat("x", 1<<20+1) + `"}`), parse("a string longer than 1048576 bytes")},
		"long number": {raw(`{"total":` + strings.Repeat("1", 1<<20+1) + `}`), parse("a string longer than 1048576 bytes")},
		"not found":   {standin.WithStatus(requestsPath, http.StatusNotFound, ""), status(http.StatusNotFound, adviceDocument)},
		"error":       {standin.WithStatus(requestsPath, http.StatusInternalServerError, ""), status(http.StatusInternalServerError, adviceLog)},
		"forbidden":   {standin.WithStatus(requestsPath, http.StatusForbidden, ""), status(http.StatusForbidden, "allow the address of the exporter in the location with the api directive")},
		"no content":  {standin.WithStatus(requestsPath, http.StatusNoContent, ""), status(http.StatusNoContent, adviceLog)},
		"redirect":    {standin.WithStatus(requestsPath, http.StatusFound, "<html>"), status(http.StatusFound, adviceRedirect)},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", name, chunked), func(t *testing.T) {
				t.Parallel()
				api := newRequests(test.fault)
				if chunked {
					api.Set(standin.WithChunked())
				}
				c := serve(t, api)
				requests := plus.Requests{}
				invalid, err := c.Read(within(t), index(t, c), requestsPath, &requests)
				check(t, err, test.want)
				if invalid != 0 {
					t.Errorf("a document that was not read has %d invalid members", invalid)
				}
				checkRequests(t, c, api, 5+moreSpellings(test.want.status))
				api.Set(standin.WithoutFaults())
				mustRead(t, c)
			})
		}
	}
}

// moreSpellings is how many more requests a document costs that has the status.
func moreSpellings(status int) int {
	if status == http.StatusNotFound || status == http.StatusFound {
		return 1
	}
	return 0
}

// A body that does not match its Content-Encoding is an error.
func TestReadPacked(t *testing.T) {
	t.Parallel()
	whole := zipped(t, requestsBody)
	wrongSum := []byte(whole)
	wrongSum[len(wrongSum)-8] ^= 1
	for name, test := range map[string]struct{ encoding, body, text string }{
		"no gzip":       {"gzip", requestsBody, "not valid gzip"},
		"empty":         {"gzip", "", "not valid gzip"},
		"cut":           {"gzip", whole[:len(whole)-4], "reading the response failed"},
		"cut early":     {"gzip", whole[:12], "reading the response failed"},
		"wrong sum":     {"gzip", string(wrongSum), "reading the response failed"},
		"rubbish after": {"gzip", whole + "xxxxxxxxxxxx", "reading the response failed"},
		"another":       {"br", requestsBody, `unsupported content encoding "br"`},
		"cut inside":    {"gzip", zipped(t, requestsBody[:9]), "the response is incomplete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newRequests()
			c := serveWith(t, api, framed(api, packed(test.encoding, test.body)), 0)
			_, err := c.Read(within(t), index(t, c), requestsPath, &plus.Requests{})
			check(t, err, failure{reason: client.ReasonParse, text: test.text, advice: client.AdviceOf(err)})
			if client.AdviceOf(err) == "" {
				t.Error("no advice")
			}
		})
	}
}

// The size limit is exact for every framing of the response.
func TestReadTooLarge(t *testing.T) {
	t.Parallel()
	document := `{"total":7,"current":2,"padding":"` + strings.Repeat("x", 100_000) + `"}`
	for name, write := range map[string]func(http.ResponseWriter, *http.Request){
		"length": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(lengthy(w, document), document) },
		"chunks": func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, document)
		},
		"gzip":  packed("gzip", zipped(t, document)),
		"close": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(closing(w), document) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newRequests()
			most := int64(len(document))
			mustRead(t, serveWith(t, api, framed(api, write), most))
			api = newRequests()
			c := serveWith(t, api, framed(api, write), most-1)
			_, err := c.Read(within(t), index(t, c), requestsPath, &plus.Requests{})
			check(t, err, failure{
				reason: client.ReasonTooLarge, text: fmt.Sprintf("longer than %d bytes", most-1), advice: adviceLimit,
			})
			checkRequests(t, c, api, 5)
		})
	}
}

func lengthy(w http.ResponseWriter, document string) http.ResponseWriter {
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	return w
}

// A small response that decompresses to a large one fails at the limit, without
// using more memory.
func TestReadBomb(t *testing.T) {
	const unpacked = 8 << 20 // more takes too long under the race detector
	var bomb bytes.Buffer
	writer := gzip.NewWriter(&bomb)
	_, _ = writer.Write([]byte("{")) // the buffer takes all
	block := bytes.Repeat([]byte(`"a":"0123456789",`), 1<<16)
	for range unpacked / len(block) {
		if _, err := writer.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	api := newRequests()
	c := serveWith(t, api, framed(api, packed("gzip", bomb.String())), unpacked/2)
	lists := index(t, c)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Read(within(t), lists, requestsPath, &plus.Requests{})
	runtime.ReadMemStats(&after)
	check(t, err, failure{reason: client.ReasonTooLarge, text: "longer than", advice: adviceLimit})
	if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
		t.Errorf("took %d bytes of memory", took)
	}
}

// A read ends with its context, wherever the response stalls.
func TestReadStalls(t *testing.T) {
	t.Parallel()
	flushed := func(w http.ResponseWriter, text string) {
		_, _ = io.WriteString(w, text)
		_ = http.NewResponseController(w).Flush()
	}
	for name, write := range map[string]func(w http.ResponseWriter){
		"no response":     func(http.ResponseWriter) {},
		"header":          func(w http.ResponseWriter) { flushed(w, "") },
		"middle":          func(w http.ResponseWriter) { flushed(w, requestsBody[:12]) },
		"after the value": func(w http.ResponseWriter) { flushed(w, requestsBody) },
		"packed": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			flushed(w, zipped(t, requestsBody)[:20])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, stalled := newRequests(), make(chan struct{}, 1)
			c := serveWith(t, api, framed(api, func(w http.ResponseWriter, r *http.Request) {
				write(w)
				stalled <- struct{}{}
				<-r.Context().Done()
			}), 0)
			lists := index(t, c)
			for cause, want := range map[error]failure{
				context.DeadlineExceeded: {reason: client.ReasonTimeout, advice: adviceTimeout},
				context.Canceled:         {reason: client.ReasonCanceled},
			} {
				ctx, end := context.WithCancelCause(t.Context())
				failed := make(chan error, 1)
				go func() {
					_, err := c.Read(ctx, lists, requestsPath, &plus.Requests{})
					failed <- err
				}()
				<-stalled
				end(cause)
				check(t, <-failed, want)
			}
		})
	}
}

// documents returns an empty value for each document of the sample.
func documents() map[string]plus.Document {
	return map[string]plus.Document{
		"nginx": &plus.Nginx{}, "processes": &plus.Processes{}, "connections": &api.Connections{},
		"ssl": &plus.TLS{}, "license": &plus.License{}, "workers": &plus.Workers{}, "slabs": &api.Slabs{},
		"resolvers": &plus.Resolvers{}, "http/requests": &plus.Requests{}, "http/server_zones": &plus.ServerZones{},
		"http/location_zones": &plus.ServerZones{}, "http/caches": &api.Caches{}, "http/limit_conns": &plus.Limits{},
		"http/limit_reqs": &plus.Limits{}, "http/keyvals": &plus.Keyvals{}, "http/upstreams": &plus.Upstreams{},
		"stream/server_zones": &plus.StreamZones{}, "stream/limit_conns": &plus.Limits{}, "stream/keyvals": &plus.Keyvals{},
		"stream/upstreams": &plus.Upstreams{}, "stream/zone_sync": &plus.ZoneSync{},
	}
}

// readAll reads every document there is.
func readAll(tb testing.TB, c *target) {
	tb.Helper()
	lists := index(tb, c)
	for path, into := range documents() {
		if invalid, err := c.Read(within(tb), lists, path, into); err != nil || invalid != 0 {
			tb.Errorf("%s: %v, %d invalid", path, err, invalid)
		}
	}
}

// readAllAtOnce reads every document with concurrent readers.
func readAllAtOnce(tb testing.TB, c *target, readers int) {
	tb.Helper()
	var group sync.WaitGroup
	for range readers {
		group.Go(func() { readAll(tb, c) })
	}
	group.Wait()
}

// Sequential readers use one connection for more than 200 requests, and concurrent
// ones about as many as they are. On a busy machine net/http closes some: those
// whose request is reported as written 50 ms after its response.
func TestReadConnections(t *testing.T) {
	t.Parallel()
	const atOnce, rounds, closed = 6, 10, 4
	api := plustest.New()
	c := serve(t, api)
	for range rounds {
		readAll(t, c)
	}
	checkRequests(t, c, api, 4+rounds*len(documents()))
	if got := api.Connections(); got > 1+closed {
		t.Errorf("sequential readers used %d connections", got)
	}
	for range rounds {
		readAllAtOnce(t, c, atOnce)
	}
	checkRequests(t, c, api, 4+rounds*(1+atOnce)*len(documents()))
	const most = 2*atOnce + 2*closed // http.Transport dials while it waits for a connection
	if got := api.Connections(); got > most || api.MostAtOnce() > atOnce {
		t.Errorf("used %d connections for %d concurrent requests", got, api.MostAtOnce())
	}
}

// The limit of a document bounds its objects too: they can take more memory than
// their text.
func TestReadMemory(t *testing.T) {
	t.Parallel()
	zones := func(n int) standin.Option {
		var body strings.Builder
		for i := range n {
			fmt.Fprintf(&body, `"%d":{"responses":{"codes":{"200":1,"301":1,"304":1,"404":1,"500":1,"502":1}}},`, i)
		}
		return standin.WithDocument("http/location_zones", "{"+body.String()+`"z":{}}`)
	}
	for n, want := range map[int]failure{
		1000: {},
		3500: {reason: client.ReasonTooLarge, text: "more than 524288 bytes of memory", advice: adviceLimit},
	} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			api := plustest.New(zones(n))
			c := serveWith(t, api, api, 1<<20)
			var document plus.ServerZones
			_, err := c.Read(within(t), index(t, c), "http/location_zones", &document)
			if want.reason != "" {
				check(t, err, want)
			} else if err != nil || len(document.All) != n+1 {
				t.Errorf("got %d zones and %v", len(document.All), err)
			}
		})
	}
}

// Whether a document's path needs a trailing slash is found out once.
func TestReadSlashes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wrap        func(http.Handler) http.Handler
		first, then int // requests
	}{
		"both":               {nil, 0, 0},
		"with, redirected":   {onlySlash(true, http.StatusMovedPermanently), 1, 0},
		"with, not found":    {onlySlash(true, http.StatusNotFound), 1, 0},
		"without, not found": {onlySlash(false, http.StatusNotFound), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newRequests()
			c := serveWith(t, api, wrapped(api, test.wrap), 0)
			lists := index(t, c)
			for _, more := range []int{test.first, test.then} {
				before := api.Total()
				var upstreams plus.Upstreams
				if _, err := c.Read(within(t), lists, "http/upstreams", &upstreams); err != nil || len(upstreams.All) == 0 {
					t.Errorf("got %d upstreams and %v", len(upstreams.All), err)
				}
				if got := api.Total() - before; got != 1+more {
					t.Errorf("took %d requests, want %d", got, 1+more)
				}
			}
		})
	}
}

// A document that is not found takes one more request, once.
func TestReadNoSpelling(t *testing.T) {
	t.Parallel()
	api := plustest.New(standin.WithStatus(requestsPath, http.StatusNotFound, ""))
	c := serve(t, api)
	lists := index(t, c)
	for _, want := range []int{4 + 2, 4 + 3, 4 + 4} {
		_, err := c.Read(within(t), lists, requestsPath, &plus.Requests{})
		check(t, err, failure{reason: client.ReasonStatus, status: http.StatusNotFound, text: "404", advice: adviceDocument})
		checkRequests(t, c, api, want)
	}
	api.Set(standin.WithoutFaults())
	if _, err := c.Read(within(t), lists, requestsPath, &plus.Requests{}); err != nil {
		t.Errorf("after it is back: %v", err)
	}
}

// After a short error response its connection is reused.
func TestReadKeepsConnections(t *testing.T) {
	t.Parallel()
	api := newRequests()
	c := serve(t, api)
	for _, status := range []int{http.StatusNotFound, http.StatusInternalServerError, http.StatusForbidden} {
		api.Set(standin.WithStatus(requestsPath, status, ""))
		if _, err := c.Read(within(t), index(t, c), requestsPath, &plus.Requests{}); client.ReasonOf(err) != client.ReasonStatus {
			t.Errorf("got %v", err)
		}
		api.Set(standin.WithoutFaults())
		mustRead(t, c)
	}
	if got := api.Connections(); got != 1 {
		t.Errorf("took %d connections", got)
	}
}

// A restarted nginx is requested over a new connection.
func TestReadRestarted(t *testing.T) {
	t.Parallel()
	api := newRequests()
	server := api.Start()
	t.Cleanup(server.Close)
	c := connect(t, server.URL, 0)
	for range 5 {
		mustRead(t, c)
		server.HangUp()
	}
	checkRequests(t, c, api, 9)
}

// Invalid members are counted and absent; others are read.
func TestReadInvalid(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"total":7,"current":2}`:      0,
		`{}`:                           0,
		`{"total":7,"current":null}`:   1,
		`{"total":"7","current":true}`: 2,
		`{"total":-7,"current":-2}`:    2,
		`{"total":18446744073709551616,"current":1e999}`:  2,
		`{"total":{"total":"x"},"current":[1,"x"],"x":1}`: 2,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			c := serve(t, newRequests(standin.WithRaw(requestsPath, []byte(body))))
			invalid, err := c.Read(within(t), index(t, c), requestsPath, &plus.Requests{})
			if err != nil || invalid != want {
				t.Errorf("got %v and %d, want %d", err, invalid, want)
			}
		})
	}
}

// A document of another kind than the API describes is an error, not an empty
// document. The workers can be an object or an array.
func TestReadKind(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{
		"{}": "a JSON object", "[]": "a JSON array", `"x"`: "a JSON string", "7": "a JSON number", "true": "a JSON boolean", "false": "a JSON boolean", "null": "null",
	}
	for path, into := range documents() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			for body, kind := range kinds {
				c := serve(t, plustest.New(standin.WithRaw(path, []byte(body))))
				invalid, err := c.Read(within(t), index(t, c), path, into)
				if body == "{}" || path == "workers" && body == "[]" {
					if err != nil || invalid != 0 {
						t.Errorf("%s: got %v and %d invalid members", body, err, invalid)
					}
					continue
				}
				expected := "a JSON object"
				if path == "workers" {
					expected = "a JSON array"
				}
				check(t, err, failure{
					reason: client.ReasonParse, text: "the response is " + kind + " instead of " + expected, advice: adviceDocument,
				})
			}
		})
	}
}
