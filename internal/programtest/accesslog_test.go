//go:build linux

package programtest_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"nginx-exporter/internal/nginxtest"
)

// The program is killed again and again while nginx serves, reloads and reopens its
// logs. What its lives have exposed is what nginx has logged.
func TestAccessLogSurvivesKills(t *testing.T) {
	t.Parallel()
	n := nginxtest.New(t)
	n.Workers = 2
	address, spool, truth := freeAddress(t), filepath.Join(n.Dir, "spool.log"), filepath.Join(n.Dir, "truth.log")
	n.Configure(t, `log_format own 'v1\t$server_name\t$request_method\t$status\t$request_time\t$request_length\t$bytes_sent\t$proxy_host'
			'\t$upstream_status\t$upstream_header_time\t$upstream_response_time\t$upstream_cache_status\t$uri';
		server {
			listen `+address+`;
			access_log `+spool+` own buffer=64k flush=100ms;
			access_log `+truth+` own;
			location / { return 200 ok; }
			location = /stub_status { access_log off; stub_status; }
		}
	`)
	start := func() *exporter {
		e := serve(t, uri("http://"+address+"/stub_status"), "--nginx.access-log=spool:"+spool)
		e.mayEnd = true
		return e
	}
	e := start()
	e.scrape(t) // it creates the file
	n.Start(t)
	stop := load(t, "http://"+address+"/")
	counted := 0.0
	const kills = 6
	for i := range kills {
		before := 0.0
		e.Await(t, "requests to be counted", func() bool {
			before = e.scrape(t).log("nginx_exporter_log_lines_total")
			return before > 100
		})
		counted += before
		e.Kill()
		if i%2 == 0 {
			n.Reload(t)
		} else {
			n.Signal(t, syscall.SIGUSR1)
		}
		e = start()
	}
	stop()
	n.Stop(t) // which writes the buffers of its workers
	text, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	x := e.scrape(t)
	if counted += x.log("nginx_exporter_log_lines_total"); int(counted) != bytes.Count(text, []byte("\n")) {
		t.Errorf("%.0f requests were counted, %d logged", counted, bytes.Count(text, []byte("\n")))
	}
	if failed := x.log("nginx_exporter_log_lines_failed_total"); failed > 0 {
		t.Errorf("%.0f lines do not match the format", failed)
	}
	if space := x.log("nginx_exporter_log_allocated_bytes"); space > 64<<10 {
		t.Errorf("%.0f bytes are in use", space)
	}
}

// load sends requests until the function that it returns is called.
func load(t *testing.T, url string) (stop func()) {
	t.Helper()
	var ended atomic.Bool
	var group sync.WaitGroup
	transport := &http.Transport{}
	for range 4 {
		group.Go(func() {
			for !ended.Load() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
				if err != nil {
					return
				}
				if response, err := transport.RoundTrip(request); err == nil { // a reload may close connections
					_ = response.Body.Close()
				}
			}
		})
	}
	stop = sync.OnceFunc(func() {
		ended.Store(true)
		group.Wait()
		transport.CloseIdleConnections()
	})
	t.Cleanup(stop)
	return stop
}

// log returns the sum of a metric of access logs.
func (x *exposition) log(name string) float64 {
	sum := 0.0
	for _, value := range x.series[name] {
		sum += value
	}
	return sum
}
