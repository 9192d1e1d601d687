// Command exporter is the least that passes for an nginx exporter: one page,
// one request to nginx for each, and the accidents that a test asks for.
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

func main() {
	listen := flag.String("web.listen-address", "", "")
	scrape := flag.String("nginx.scrape-uri", "", "")
	version := flag.Bool("version", false, "")
	dieAt := flag.Int64("die-at", 0, "end at this scrape")
	flag.Parse()
	if *version {
		fmt.Println("fake exporter, version 0.0")
		return
	}
	var scrapes atomic.Int64
	serve := func(w http.ResponseWriter, r *http.Request) {
		if scrapes.Add(1) == *dieAt {
			fmt.Fprintln(os.Stderr, "I have had enough")
			os.Exit(3)
		}
		resp, err := http.Get(*scrape)
		if err != nil {
			http.Error(w, "no nginx", http.StatusBadGateway)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		var out io.Writer = w
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			zw := gzip.NewWriter(w)
			defer zw.Close()
			out = zw
		}
		fmt.Fprint(out, "# HELP nginx_up Whether.\n# TYPE nginx_up gauge\nnginx_up 1\nfake_total 2\n")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", serve)
	srv := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(os.Stderr, srv.ListenAndServe())
	os.Exit(1)
}
