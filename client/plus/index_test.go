package plus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

const adviceAPI = "set the target to the location with the api directive"

func TestIndexVersions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		versions []int
		want     int
	}{
		"all":           {[]int{1, 2, 3, 4, 5, 6, 7, 8, 9}, 9},
		"older":         {[]int{1, 2, 3, 4, 5, 6, 7, 8}, 8},
		"first":         {[]int{1}, 1},
		"later too":     {[]int{7, 8, 9, 10, 11, 12}, 9},
		"gap at ours":   {[]int{4, 8, 10}, 8},
		"in any order":  {[]int{3, 9, 1, 12, 3}, 9},
		"no newer ones": {[]int{2, 5}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := plustest.New(plustest.WithVersions(test.versions...))
			got := index(t, serve(t, api))
			if got.Version != test.want {
				t.Errorf("got version %d, want %d", got.Version, test.want)
			}
			if want := test.want >= 9; got.Has("workers") != want || got.Lists("workers") != want {
				t.Errorf("has workers: %v", !want)
			}
			if !got.Lists("http/upstreams") || got.Lists("http") != true || got.Has("http/nonsense") || got.Has("") {
				t.Error("the lists were not read")
			}
		})
	}
}

// A server with only newer API versions differs from one without the API.
func TestIndexNotThere(t *testing.T) {
	t.Parallel()
	parse := func(text, advice string) failure {
		return failure{reason: client.ReasonParse, text: text, advice: advice}
	}
	for name, test := range map[string]struct {
		body string
		want failure
	}{
		"later versions": {"[10,11,12]", parse("the oldest version of the NGINX Plus API is 10, and the newest supported one is 9", "use a newer exporter")},
		"not in order":   {"[12,11]", parse("the oldest version of the NGINX Plus API is 11", "use a newer exporter")},
		"stub_status":    {page, parse("the response is not the NGINX Plus API: \"Active connections", adviceAPI)},
		"empty":          {"", parse("the response is empty", adviceAPI)},
		"web page":       {"<html><body>It works!</body></html>", parse("<html><body>It works!", adviceAPI)},
		"null":           {"null", parse("not the NGINX Plus API: \"null\"", adviceAPI)},
		"object":         {`{"versions":[9]}`, parse("not the NGINX Plus API", adviceAPI)},
		"no version":     {"[]", parse("not the NGINX Plus API", adviceAPI)},
		"version zero":   {"[0,9]", parse("not the NGINX Plus API", adviceAPI)},
		"below zero":     {"[-1]", parse("not the NGINX Plus API", adviceAPI)},
		"half a version": {"[1.5]", parse("not the NGINX Plus API", adviceAPI)},
		"texts":          {`["9"]`, parse("not the NGINX Plus API", adviceAPI)},
		"lists":          {"[[9]]", parse("not the NGINX Plus API", adviceAPI)},
		"cut":            {"[1,2,3", parse("not the NGINX Plus API", adviceAPI)},
		"two lists":      {"[9][9]", parse("not the NGINX Plus API", adviceAPI)},
		"beyond an int":  {"[99999999999999999999]", parse("not the NGINX Plus API", adviceAPI)},
		"too many":       {"[" + strings.Repeat("1,", 64) + "9]", parse("not the NGINX Plus API", adviceAPI)},
		"secret":         {body("<html>"), parse("not the NGINX Plus API", adviceAPI)},
		"too long":       {"[" + strings.Repeat(" ", 64<<10) + "9]", failure{reason: client.ReasonTooLarge, text: "longer than 65536 bytes", advice: adviceAPI}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := plustest.New(standin.WithRaw("versions", []byte(test.body)))
			c := serve(t, api)
			_, err := c.Index(within(t))
			check(t, err, test.want)
			checkRequests(t, c, api, 1)
			// What failed is not remembered.
			api.Set(standin.WithoutFaults())
			if got := index(t, c); got.Version != 9 {
				t.Errorf("got version %d", got.Version)
			}
		})
	}
}

func TestIndexStatus(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"versions", "root"} {
		for status, advice := range map[int]string{
			301: adviceRedirect, 401: "nginx requires authentication", 403: "in the location with the api directive", 404: adviceAPI, 500: adviceLog, 503: "exempt the status location from limit_req",
		} {
			t.Run(fmt.Sprint(path, " ", status), func(t *testing.T) {
				t.Parallel()
				c := serve(t, plustest.New(standin.WithStatus(path, status, "<html>")))
				_, err := c.Index(within(t))
				check(t, err, failure{reason: client.ReasonStatus, status: status, text: strconv.Itoa(status), advice: advice})
			})
		}
	}
}

// An API always has the document nginx; an empty list is an error that explains why
// nginxplus_up is 0.
func TestIndexListsNothing(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"[]", `[""]`} {
		c := serve(t, plustest.New(standin.WithRaw("root", []byte(list))))
		_, err := c.Index(within(t))
		check(t, err, failure{reason: client.ReasonParse, text: "lists no document", advice: adviceAPI})
	}
}

// onlySlash serves only paths with a trailing slash, or only those without, and
// responds to others with the status.
func onlySlash(slash bool, status int) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/") == slash {
				api.ServeHTTP(w, r)
				return
			}
			api.ServeHTTP(discard{}, r) // which counts it
			w.Header().Set("Location", "http://elsewhere.invalid/api/")
			w.WriteHeader(status)
		})
	}
}

// The API is found at paths with or without a trailing slash, and with redirects
// between them.
func TestIndexSlashes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wrap     func(http.Handler) http.Handler
		suffix   string
		requests int
	}{
		"both":                        {nil, "", 4},
		"both, target with a slash":   {nil, "/", 4},
		"with, redirected":            {onlySlash(true, http.StatusMovedPermanently), "", 5},
		"with, else not found":        {onlySlash(true, http.StatusNotFound), "", 5},
		"with, target with a slash":   {onlySlash(true, http.StatusNotFound), "/", 4},
		"without, redirected":         {onlySlash(false, http.StatusMovedPermanently), "", 7},
		"without, redirected for now": {onlySlash(false, http.StatusTemporaryRedirect), "", 7},
		"without, else not found":     {onlySlash(false, http.StatusNotFound), "", 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := plustest.New()
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := api.ServeWith(listener, wrapped(api, test.wrap))
			t.Cleanup(server.Close)
			c := connect(t, server.URL+test.suffix, 0)
			got := index(t, c)
			if got.Version != 9 || !got.Lists("http/upstreams") || !got.Lists("stream/zone_sync") {
				t.Errorf("got version %d", got.Version)
			}
			checkRequests(t, c, api, test.requests)
		})
	}
}

func wrapped(api http.Handler, wrap func(http.Handler) http.Handler) http.Handler {
	if wrap == nil {
		return api
	}
	return wrap(api)
}

// discard is a response that is not sent.
type discard struct{}

// Header implements [http.ResponseWriter].
func (discard) Header() http.Header { return http.Header{} }

// Write implements [http.ResponseWriter].
func (discard) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements [http.ResponseWriter].
func (discard) WriteHeader(int) {}

// The index takes four requests once, and none until it is invalidated.
func TestIndexRemembered(t *testing.T) {
	t.Parallel()
	api := plustest.New()
	c := serve(t, api)
	first := index(t, c)
	for range 10 {
		if again := index(t, c); again != first {
			t.Fatal("got another index")
		}
	}
	checkRequests(t, c, api, 4)
	api.Set(plustest.WithReload(), plustest.WithStream(false), plustest.WithVersions(1, 2, 3, 4, 5))
	if index(t, c).Version != 9 {
		t.Error("the index was invalidated by itself")
	}
	c.InvalidateIndex()
	second := index(t, c)
	if second.Version != 5 || second.Has("stream/upstreams") || !second.Has("http/upstreams") || second.Has("workers") {
		t.Errorf("after a reload: got version %d", second.Version)
	}
	if first.Version != 9 || !first.Has("stream/upstreams") {
		t.Error("an index that was returned has changed")
	}
	checkRequests(t, c, api, 7) // /stream/ is not requested
	if got := api.Connections(); got != 1 {
		t.Errorf("took %d connections", got)
	}
}

// A branch that cannot be listed may have any document.
func TestIndexGuesses(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]standin.Option{
		"error":      standin.WithStatus("http", http.StatusInternalServerError, ""),
		"not found":  standin.WithStatus("http", http.StatusNotFound, ""),
		"redirected": standin.WithStatus("http", http.StatusFound, "<html>"),
		"cut":        standin.WithTruncated("http"),
		"aborted":    standin.WithAborted("http"),
		"empty":      standin.WithRaw("http", nil),
		"object":     standin.WithRaw("http", []byte("{}")),
		"null":       standin.WithRaw("http", []byte("null")),
		"two lists":  standin.WithRaw("http", []byte(`["requests"]["requests"]`)),
		"too long":   standin.WithRaw("http", []byte(`["`+strings.Repeat("x", 64<<10)+`"]`)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, plustest.New(broken))
			got := index(t, c)
			for path, has := range map[string]bool{
				"http": true, "http/requests": true, "http/caches": true, "stream/upstreams": true, "stream/nonsense": false, "nonsense": false,
			} {
				lists := has && !strings.HasPrefix(path, "http/")
				if got.Has(path) != has || got.Lists(path) != lists {
					t.Errorf("%s: has it: %v, lists it: %v", path, got.Has(path), got.Lists(path))
				}
			}
		})
	}
}

// A list that stalls leaves time for documents that can be read without it.
func TestIndexListStalls(t *testing.T) {
	t.Parallel()
	api := plustest.New(standin.WithHang("http"), standin.WithHang("stream"))
	c := serve(t, api)
	read := func(timeout time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		got, err := c.Index(ctx)
		if err != nil {
			return err
		}
		if !got.Has("http/requests") || !got.Has("stream/upstreams") || !got.Lists("nginx") {
			t.Error("documents are missing in the index")
		}
		_, err = c.Read(ctx, got, requestsPath, &plus.Requests{})
		c.InvalidateIndex()
		return err
	}
	// A busy machine may need longer.
	timeout := 200 * time.Millisecond
	err := read(timeout)
	for ; err != nil && timeout < patience; timeout *= 2 {
		err = read(timeout)
	}
	if err != nil {
		t.Error(err)
	}
}

// Values other than names are ignored in lists.
func TestIndexOddLists(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"lists_of_other_things", "endpoints_to_come", "no_stream_block", "stream_listed_in_vain", "versions_with_gaps", "empty"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			odd, err := plustest.Odd(name)
			if err != nil {
				t.Fatal(err)
			}
			c := serve(t, plustest.New(standin.WithOverlay(odd)))
			if got := index(t, c); !got.Has("nginx") || got.Has("nonsense") || got.Has("") {
				t.Errorf("has nginx: %v", got.Has("nginx"))
			}
		})
	}
	api := plustest.New(standin.WithDocument("http", `["requests/",1,null,"caches",["upstreams"],{"keyvals":0}]`))
	got := index(t, serve(t, api))
	for path, want := range map[string]bool{"http/requests": true, "http/caches": true, "http/upstreams": false, "http/keyvals": false, "http/": false} {
		if got.Has(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

func TestIndexNil(t *testing.T) {
	t.Parallel()
	var none *plus.Index
	if none.Has("nginx") || none.Lists("nginx") {
		t.Error("a nil index has a document")
	}
}

// Concurrent callers get an index each.
func TestIndexConcurrent(t *testing.T) {
	t.Parallel()
	api := plustest.New()
	c := serve(t, api)
	var group sync.WaitGroup
	versions := make([]int, 16)
	for i := range versions {
		group.Go(func() {
			if got, err := c.Index(within(t)); err == nil {
				versions[i] = got.Version
			}
			if i%4 == 0 {
				c.InvalidateIndex()
			}
		})
	}
	group.Wait()
	if slices.Min(versions) != 9 {
		t.Errorf("got versions %v", versions)
	}
}

// A list whose request was cancelled is requested again.
func TestIndexCanceled(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"versions", "root", "http", "stream"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			api := plustest.New(standin.WithHang(path))
			c := serve(t, api)
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() {
				_, err := c.Index(ctx)
				failed <- err
			}()
			before := map[string]int{"versions": 1, "root": 2, "http": 3, "stream": 4}[path]
			proctest.Until(t, "the request", func() bool { return api.Total() == before })
			cancel()
			check(t, <-failed, failure{reason: client.ReasonCanceled})
			api.Set(standin.WithoutFaults())
			if got := index(t, c); !got.Lists("http/upstreams") || !got.Lists("stream/upstreams") {
				t.Error("an incomplete index was returned")
			}
		})
	}
}

// The error of another protocol has the beginning of the list of versions.
func TestRecognizes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		"[9]": true, "[1,2,3,4,5,6,7,8,9]": true, "[7, 8, 12]\n": true,
		"": false, "[]": false, "[0,1]": false, `["nginx"]`: false, `{"a":1}`: false, page: false,
		"[1" + strings.Repeat(",1", 64) + "]": false,
	} {
		if got := plus.Recognizes(client.Unexpected([]byte(body), errors.New("not stub_status"), "")); got != want {
			t.Errorf("%q is recognized: %t", body, got)
		}
	}
	if !plus.Recognizes(&client.Error{Reason: client.ReasonStatus, Status: http.StatusMovedPermanently}) {
		t.Error("a redirect, to the path with a trailing slash, is not recognized")
	}
	if plus.Recognizes(io.EOF) || plus.Recognizes(nil) {
		t.Error("an error without a response is recognized")
	}
}
