//go:build linux

package programtest_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// The peak of the resident memory is below the memory limit of a container, which
// is stricter than the kernel: it could reclaim pages of the program file first.
func TestPlusInSmallContainers(t *testing.T) {
	t.Parallel()
	for objects, most := range map[int]int{100: 32 << 20, 300: 64 << 20} {
		t.Run(fmt.Sprint(objects, " zones and servers"), func(t *testing.T) {
			t.Parallel()
			size := standin.Size{Upstreams: objects / 10, Peers: 10, Zones: objects, Histograms: true}
			nginx := plustest.Sized(size).Start()
			t.Cleanup(nginx.Close)
			e := serve(t, uri(nginx.URL), "--nginx.plus", "--nginx.plus.pad-codes")
			for range 10 {
				e.wantObjects(t, objects)
			}
			if peak := e.Memory(t, "VmHWM"); peak > most {
				t.Errorf("%d bytes were resident; %d are allowed", peak, most)
			}
		})
	}
}

// wantObjects scrapes, and counts zones and servers without parsing, which is slow
// under the race detector.
func (e *exporter) wantObjects(tb testing.TB, objects int) {
	tb.Helper()
	status, body, err := e.request(tb, "/metrics")
	if err != nil || status != http.StatusOK {
		tb.Fatalf("status %d, error %v", status, err)
	}
	for name, want := range map[string]int{
		"nginxplus_server_zone_requests{": objects, "nginxplus_upstream_server_requests{": objects, "nginxplus_http_requests_total ": 1,
	} {
		if got := strings.Count(body, "\n"+name); got != want {
			tb.Errorf("%s has %d series, not %d", name, got, want)
		}
	}
}

// huge is a document that is generated while it is sent.
type huge struct {
	path       string // http/upstreams if empty
	head, tail string
	piece      func(i int) string
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
		"empty upstreams": {head: `{`, tail: `"z":{}}`, piece: func(i int) string { return fmt.Sprintf(`"%d":{},`, i) }},
		"long names": {path: "http/server_zones", head: `{`, tail: `"z":{}}`, piece: func(i int) string {
			return fmt.Sprintf(`"%d%s":{},`, i, strings.Repeat("n", 4000))
		}},
		"a string":        {head: `{"u":{"zone":"`, tail: `"}}`, piece: same("xyz ")},
		"a name":          {head: `{"`, tail: `":{}}`, piece: same("xyz ")},
		"nested lists":    {head: `{"u":{"peers":`, tail: `}}`, piece: same("[")},
		"white space":     {head: `{"u":`, tail: `{}}`, piece: same(" \t\n ")},
		"unknown members": {head: `{"u":{`, tail: `"z":0}}`, piece: same(`"member":[{"a":"b"}],`)},
	}
}

// A document of 200 MB fails alone, and takes bounded memory.
func TestPlusHugeDocuments(t *testing.T) {
	t.Parallel()
	for name, document := range hugeDocuments() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, path := plustest.New(), cmp.Or(document.path, "http/upstreams")
			nginx := api.ServeWith(listen(t, "tcp", "127.0.0.1:0"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.TrimSuffix(r.URL.Path, "/") != "/api/9/"+path {
					api.ServeHTTP(w, r)
					return
				}
				document.send(w)
			}))
			t.Cleanup(nginx.Close)
			e := serve(t, uri(nginx.URL), "--nginx.plus")
			for range 2 {
				x := e.scrape(t)
				if got := x.series["nginxplus_http_requests_total"][""]; got != 2345678 {
					t.Errorf("the other documents are lost: %v requests", got)
				}
				if got, there := x.series["nginx_exporter_source_success"][`source="`+strings.ReplaceAll(path, "/", "_")+`"`]; got != 0 || !there {
					t.Errorf("the document is read or not known: %v, %t", got, there)
				}
			}
			if peak := e.Memory(t, "VmHWM") - e.Memory(t, "RssFile"); peak > 128<<20 {
				t.Errorf("%d bytes of memory were taken", peak)
			}
		})
	}
}

func (h huge) send(w http.ResponseWriter) {
	const buffer, size = 256 << 10, 200 << 20
	text := append(make([]byte, 0, 2*buffer), h.head...)
	for i, sent := 0, 0; sent < size; i++ {
		if text = append(text, h.piece(i)...); len(text) < buffer {
			continue
		}
		if _, err := w.Write(text); err != nil {
			return // the exporter has disconnected
		}
		sent += len(text)
		text = text[:0]
	}
	_, _ = w.Write(append(text, h.tail...)) // as above
}
