package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"nginx-exporter/e2e/fault"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
)

// prometheusPort is that of Prometheus, also in shop.values.yaml.
const prometheusPort = 9090

// scraper is the process of Prometheus. It implements [fault.Prometheus].
type scraper struct {
	scenario *Scenario
	mu       sync.Mutex
	now      *process.Process
}

func (p *scraper) address() string {
	return net.JoinHostPort(node.Address, strconv.Itoa(prometheusPort))
}

func (p *scraper) url() string { return "http://" + p.address() }

// StartSecond starts another one at [fault.SecondAddress], with its own configuration
// or that of the first if empty, and a web configuration.
func (p *scraper) StartSecond(ctx context.Context, config, web string) (stop func(), err error) {
	dir, err := os.MkdirTemp(p.scenario.tools.TempDir, "second")
	if err != nil {
		return nil, err
	}
	args := []string{
		"--web.listen-address=" + fault.SecondAddress, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--log.level=warn",
	}
	if config == "" {
		args = append(args, "--config.file="+p.scenario.scrapeFile())
	}
	for i, file := range []struct{ flag, text string }{{"--config.file=", config}, {"--web.config.file=", web}} {
		if file.text == "" {
			continue
		}
		name := filepath.Join(dir, strconv.Itoa(i)+".yml")
		if err := os.WriteFile(name, []byte(file.text), 0o600); err != nil {
			return nil, err
		}
		args = append(args, file.flag+name)
	}
	started, err := p.scenario.cluster.Run("prometheus", args...)
	if err != nil {
		return nil, err
	}
	return started.Stop, started.Await(ctx, time.Minute, func(context.Context) error { return process.Listening(fault.SecondAddress) })
}

// process is the current process.
func (p *scraper) process() *process.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Stop stops it.
func (p *scraper) Stop() { p.process().Stop() }

// Start starts it and waits until it is ready.
func (p *scraper) Start(ctx context.Context) error {
	s := p.scenario
	started, err := s.cluster.Run("prometheus", "--config.file="+s.scrapeFile(),
		"--web.listen-address="+p.address(),
		"--storage.tsdb.path="+filepath.Join(s.tools.TempDir, "prometheus"), "--log.level=warn")
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.now = started
	p.mu.Unlock()
	return p.await(ctx, func(ctx context.Context) error {
		_, err := fetch(ctx, p.url()+"/-/ready")
		return err
	})
}

// await waits for a condition. It fails at once if Prometheus ends.
func (p *scraper) await(ctx context.Context, condition func(context.Context) error) error {
	return p.process().Await(ctx, 2*time.Minute, condition)
}

// reload makes Prometheus reload its configuration.
func (p *scraper) reload() error {
	if over, _ := p.process().Ended(); over {
		return nil // read at the next start
	}
	return p.process().Signal(syscall.SIGHUP)
}

// Query evaluates an expression with one result.
func (p *scraper) Query(ctx context.Context, expr string) (float64, error) {
	text, err := fetch(ctx, p.url()+"/api/v1/query?query="+url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	var response queryResponse
	if err := json.Unmarshal([]byte(text), &response); err != nil {
		return 0, err
	}
	return response.value(expr)
}

// queryResponse is a response of Prometheus to an instant query.
type queryResponse struct {
	Data struct{ Result []struct{ Value [2]any } }
}

// value is that of the only result.
func (r *queryResponse) value(expr string) (float64, error) {
	if len(r.Data.Result) != 1 {
		return 0, fmt.Errorf("%s: %d results", expr, len(r.Data.Result))
	}
	value, isText := r.Data.Result[0].Value[1].(string)
	if !isText {
		return 0, fmt.Errorf("%s: %v is not a text", expr, r.Data.Result[0].Value[1])
	}
	return strconv.ParseFloat(value, 64)
}
