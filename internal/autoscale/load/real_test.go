package load_test

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/simulate"
	"nginx-exporter/internal/proctest"
)

// realPrometheus starts a Prometheus with the samples of an exposition, and returns
// its address.
func realPrometheus(t *testing.T, exposition string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data := filepath.Join(dir, "data")
	if out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "openmetrics", write("in.om", exposition), data).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := proctest.Start(t, filepath.Join(dir, "log"), exec.Command("prometheus", "--config.file="+write("prometheus.yml", ""), //nolint:noctx // ended by proctest
		"--storage.tsdb.path="+data, "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0"))
	address := "http://" + server.AwaitLog(t, `Listening on.* address=(127\.0\.0\.1:[0-9]+)`)[1]
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	server.Await(t, "Prometheus to be ready", func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/-/ready", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return address
}

// TestRealPrometheus reads days of two pods from a real Prometheus, in pages.
func TestRealPrometheus(t *testing.T) {
	const pods, minutes = 2, 5 * 1440
	var text strings.Builder
	text.WriteString("# TYPE nginx_http_requests counter\n")
	for pod := range pods {
		for i := range minutes {
			fmt.Fprintf(&text, "nginx_http_requests_total{pod=\"%d\"} %d %d\n", pod, i*60*100, begin().Unix()+int64(i)*60)
		}
	}
	text.WriteString("# EOF\n")
	address := realPrometheus(t, text.String())
	query := func(text string) ([]simulate.Point, error) {
		l, err := load.Prometheus{
			URL: address, Query: text, Begin: begin().Add(time.Hour), End: begin().Add(time.Hour * 24 * 4), Step: 15 * time.Second,
		}.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return read(l)
	}
	points, err := query("sum(rate(nginx_http_requests_total[5m]))")
	if want := 95*240 + 1; err != nil || len(points) != want {
		t.Fatalf("%d points, want %d; %v", len(points), want, err)
	}
	for i, p := range points {
		if math.Abs(p.Rate-pods*100) > 1e-6 || p.At-points[0].At != time.Duration(i)*15*time.Second {
			t.Fatalf("point %d: %v at %v", i, p.Rate, p.At)
		}
	}
	for text, want := range map[string]string{
		"rate(nginx_http_requests_total[5m])": "the query returned 2 series",
		"sum(rate(other[5m]))":                "the query returned no series",
		"sum(":                                "the query failed: ",
	} {
		if _, err := query(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
