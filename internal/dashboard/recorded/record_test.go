package recorded_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nginx-exporter/internal/dashboard/recorded"
	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/snippet"
)

var record = flag.Bool("record", false, "record new runs, which takes 15 minutes") //nolint:gochecknoglobals // a flag of the test

// TestRecord records all runs at once, or one of them with -run TestRecord/angie. Without
// -record it makes a few scrapes only, and checks that they contain what the dashboards
// show.
func TestRecord(t *testing.T) {
	exporter := build(t)
	folder := t.TempDir()
	if *record {
		folder = "testdata"
	}
	t.Run("nginx", func(t *testing.T) {
		t.Parallel()
		recordNginx(t, exporter, folder)
	})
	t.Run("plus", func(t *testing.T) {
		t.Parallel()
		p := newPlus(t, exporter)
		eachScrape(t, func(scrape int) {
			p.step(t, scrape)
			p.target.scrape(t)
		})
		noErrors(t, p.target.builder.Run())
		save(t, folder, "plus", p.target.builder.Run())
	})
	for name, run := range map[string]struct {
		start func(t *testing.T, exporter string) *simulated
		step  func(t *testing.T, s *simulated, scrape int)
	}{
		"angie": {newAngie, stepAngie},
		"vts":   {newVTS, stepVTS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := run.start(t, exporter)
			eachScrape(t, func(scrape int) {
				run.step(t, s, scrape)
				s.target.scrape(t)
			})
			noErrors(t, s.target.builder.Run())
			save(t, folder, name, s.target.builder.Run())
		})
	}
}

// eachScrape calls a function for each scrape of a recording, at its time.
func eachScrape(t *testing.T, do func(scrape int)) {
	t.Helper()
	scrapes, interval := 3, 300*time.Millisecond
	if *record {
		scrapes, interval = recorded.Scrapes, recorded.Interval
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for scrape := range scrapes {
		do(scrape)
		<-ticker.C
	}
}

func recordNginx(t *testing.T, exporter, folder string) {
	t.Helper()
	app := startApp(t)
	webs := []*web{newWeb(t, exporter, app, "web1"), newWeb(t, exporter, app, "web2"), newWeb(t, exporter, app, "bad")}
	eachScrape(t, func(scrape int) {
		app.scrape.Store(int64(scrape))
		webs[2].incidents(t, scrape)
		var all sync.WaitGroup
		for _, w := range webs {
			w.load.rate(recorded.Rate(scrape))
			all.Go(func() { w.target.scrape(t) })
		}
		all.Wait()
	})
	for _, w := range webs {
		proctest.Until(t, "the access log to be counted", func() bool {
			if *record {
				return true
			}
			w.target.scrape(t)
			return len(w.target.builder.Run().Series) >= 100
		})
		w.load.stop()
		save(t, folder, w.name, w.target.builder.Run())
	}
}

// noErrors checks that simulated documents are valid.
func noErrors(t *testing.T, run recorded.Run) {
	t.Helper()
	for _, s := range run.Series {
		if last := s.Values[len(s.Values)-1]; s.Name == "nginx_exporter_scrape_errors_total" && last > 0 {
			t.Errorf("%v scrapes failed: %s", last, s.Labels)
		}
	}
}

func save(t *testing.T, folder, name string, run recorded.Run) {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if len(run.Series) < 60 {
		t.Errorf("%s has only %d series", name, len(run.Series))
	}
	t.Logf("%s: %d series, %d scrapes", name, len(run.Series), run.Scrapes)
}

func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nginx-exporter")
	command := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X github.com/prometheus/common/version.Version=0.1.0", "-o", path, "nginx-exporter/cmd/nginx-exporter")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// target is an exporter that is recorded.
type target struct {
	url     string
	builder recorded.Builder
}

func startExporter(t *testing.T, program string, args ...string) *target {
	t.Helper()
	args = append([]string{"--web.listen-address=127.0.0.1:0"}, args...)
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	p := proctest.Start(t, "", command)
	address := p.AwaitLog(t, `msg="Listening on" address=(\S+)`)[1]
	return &target{url: "http://" + address + "/metrics"}
}

// scrape adds what Prometheus stores of a scrape.
func (g *target) scrape(t *testing.T) {
	t.Helper()
	begin := time.Now()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	client := http.Client{Timeout: time.Minute}
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	lines := strings.Count("\n"+string(text), "\n") - strings.Count("\n"+string(text), "\n#") - 1
	prometheus := fmt.Sprintf("up 1\nscrape_duration_seconds %g\nscrape_samples_scraped %d\nscrape_samples_post_metric_relabeling %d\n",
		time.Since(begin).Seconds(), lines, lines)
	if err := g.builder.Add(string(text) + prometheus); err != nil {
		t.Error(err)
	}
}

// web is an nginx with its exporter and clients.
type web struct {
	name   string
	nginx  *nginxtest.Nginx
	target *target
	load   *load
	config func(status string) string
	held   *held
}

func newWeb(t *testing.T, exporter string, app *app, name string) *web {
	t.Helper()
	w := &web{name: name, nginx: nginxtest.New(t)}
	address, status := nginxtest.FreeAddress(t, "127.0.0.1"), nginxtest.FreeAddress(t, "127.0.0.1")
	spool := filepath.Join(w.nginx.Dir, "spool.log")
	text, err := snippet.AccessLog()
	if err != nil {
		t.Fatal(err)
	}
	text = strings.NewReplacer("/var/spool/nginx-exporter/access.log", spool, "buffer=64k flush=1s", "buffer=64k flush=100ms").Replace(text)
	w.config = func(response string) string { return text + app.servers(address, status, response) }
	w.nginx.Logging = true
	if name == "bad" {
		w.nginx.Events = "worker_connections 120;"
	}
	w.nginx.Configure(t, w.config("stub_status;"))

	config := w.nginx.Write(t, "exporter.yml", "targets: [{uri: 'http://"+status+"/stub_status', access_logs: [{input: 'spool:"+spool+"', routes: ['/products/*']}]}]\n")
	w.target = startExporter(t, exporter, "--config.file="+config, "--rate.window=15s")
	w.nginx.Start(t)
	w.load = startLoad(t, address)
	w.held = &held{address: address}
	return w
}

// incidents makes happen what is due at a scrape.
func (w *web) incidents(t *testing.T, scrape int) {
	t.Helper()
	switch scrape {
	case recorded.NoConnections[0]:
		w.held.open(t, 100)
	case recorded.NoConnections[1]:
		w.held.close()
	case recorded.Stopped[0]:
		w.nginx.Kill()
	case recorded.Stopped[1]:
		w.nginx.Start(t)
	case recorded.StatusFails[0]:
		w.nginx.Configure(t, w.config("return 503;"))
		w.nginx.Reload(t)
	case recorded.StatusFails[1]:
		w.nginx.Configure(t, w.config("stub_status;"))
		w.nginx.Reload(t)
	}
}
