//go:build linux

package blackbox_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/plustest"
)

// TestPlusMemory has what a container allows as its bars. They are held by
// looking at the most memory that was ever resident, which needs no control
// group and is the harder test: the kernel could take back pages of the
// program itself before it kills.
func TestPlusMemory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zones, peers int
		most         int
	}{
		"memory limit 32 MiB, Plus with 100 zones, 100 peers": {100, 100, 32 << 20},
		"memory limit 64 MiB, Plus with 300 zones, 300 peers": {300, 300, 64 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manyWithin(t, c.zones, c.peers, c.most)
		})
	}
	for name, document := range hugeDocuments() {
		t.Run("one document of 200 MB: "+name, func(t *testing.T) {
			t.Parallel()
			hugeDocument(t, document)
		})
	}
}

// manyWithin wants pages with all zones and servers, in little memory.
func manyWithin(t *testing.T, zones, peers, most int) {
	t.Helper()
	size := plustest.Size{Upstreams: peers / 10, Peers: 10, Zones: zones, Histograms: true}
	e := serve(t, servePlus(t, plustest.Sized(size)).uri(), "--nginx.plus", "--nginx.plus.pad-codes")
	for i := range 20 {
		a := e.get(t, "/metrics", http.Header{"Accept-Encoding": {[]string{"gzip", "identity"}[i%2]}})
		if i%2 == 0 {
			a.body = gunzip(t, a.body)
		}
		p := readPlus(t, a)
		p.wantCore(t, "")
		p.wantAllRead(t)
		if got := len(p.series["nginxplus_server_zone_requests"]); got != zones {
			t.Errorf("%d zones are there", got)
		}
		if got := len(p.series["nginxplus_upstream_server_requests"]); got != peers {
			t.Errorf("%d servers are there", got)
		}
	}
	if peak := e.peak(t); peak > most {
		t.Errorf("%d bytes were resident; %d are allowed", peak, most)
	}
}

// huge is a document that is made as it is sent.
type huge struct {
	head, tail string
	piece      func(i int) string
	path       string // http/upstreams if empty
}

func hugeDocuments() map[string]huge {
	same := func(text string) func(int) string {
		text = strings.Repeat(text, 4<<10)
		return func(int) string { return text }
	}
	return map[string]huge{
		"servers": {head: `{"u":{"peers":[`, tail: `{}]}}`, piece: func(i int) string {
			return fmt.Sprintf(`{"id":%d,"server":"10.0.%d.%d:%d","name":"app%d.internal:8080","state":"up","requests":%d,"sent":1,`+
				`"responses":{"1xx":0,"2xx":5,"codes":{"200":5,"404":1}},"selected":"2026-07-02T09:16:31Z"},`, i, i>>8&255, i&255, 1024+i>>16, i, i)
		}},
		"location zones": {path: "http/location_zones", head: `{`, tail: `"z":{}}`, piece: func(i int) string {
			return fmt.Sprintf(`"%d-%07d":{"requests":90111,"responses":{"1xx":0,"2xx":89001,"3xx":900,"4xx":25,"5xx":11,`+
				`"codes":{"200":89001,"302":900,"429":25,"502":11},"total":89937},"discarded":174,"received":61234567,"sent":812345678},`, i, i)
		}},
		"upstreams without anything": {head: `{`, tail: `"z":{}}`, piece: func(i int) string { return fmt.Sprintf(`"%d":{},`, i) }},
		"a string":                   {head: `{"u":{"zone":"`, tail: `"}}`, piece: same("xyz ")},
		"a name":                     {head: `{"`, tail: `":{}}`, piece: same("xyz ")},
		"lists in lists":             {head: `{"u":{"peers":`, tail: `}}`, piece: same("[")},
		"white space":                {head: `{"u":`, tail: `{}}`, piece: same(" \t\n ")},
		"members that nobody knows":  {head: `{"u":{`, tail: `"z":0}}`, piece: func(i int) string { return fmt.Sprintf(`"member%d":[{"a":"b"}],`, i) }},
	}
}

// hugeSize is how much of it is sent.
const hugeSize = 200 << 20

func hugeDocument(t *testing.T, document huge) {
	t.Helper()
	api, path := plustest.New(), cmp.Or(document.path, "http/upstreams")
	server := api.ServeWith(listen(t, "tcp", "127.0.0.1:0"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimSuffix(r.URL.Path, "/") != "/api/9/"+path {
			api.ServeHTTP(w, r)
			return
		}
		document.send(w)
	}))
	t.Cleanup(server.Close)
	e := serve(t, uri(server.URL), "--nginx.plus")
	for range 4 {
		began := time.Now()
		p := e.scrapePlus(t)
		if took := time.Since(began); took > patience+slack {
			t.Errorf("the page came after %s", took)
		}
		p.wantCore(t, "")
		p.want(t, "nginx_exporter_source_success", `source="`+strings.ReplaceAll(path, "/", "_")+`"`, 0)
	}
	if anonymous := e.peak(t) - e.resident(t, "RssFile"); anonymous > 128<<20 {
		t.Errorf("%d bytes of memory were taken", anonymous)
	}
}

func (h huge) send(w http.ResponseWriter) {
	const buffer = 256 << 10
	text := append(make([]byte, 0, 2*buffer), h.head...)
	for i, sent := 0, 0; sent < hugeSize; i++ {
		if text = append(text, h.piece(i)...); len(text) < buffer {
			continue
		}
		if _, err := w.Write(text); err != nil {
			return // the exporter has had enough
		}
		sent += len(text)
		text = text[:0]
	}
	_, _ = w.Write(append(text, h.tail...)) // as above
}

// resident returns how much memory of a kind the child has, in bytes.
func (e *exporter) resident(tb testing.TB, kind string) int {
	tb.Helper()
	kilobytes, err := strconv.Atoi(strings.TrimSuffix(e.procStatus(tb, kind), " kB"))
	if err != nil {
		tb.Fatal(err)
	}
	return kilobytes << 10
}
