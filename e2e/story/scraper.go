package story

import (
	"context"
	"encoding/json"
	"errors"
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

// prometheusPort is where Prometheus listens, and where shop.values.yaml says
// that it is.
const prometheusPort = 9090

// scraper is the process of Prometheus, which can be stopped and started again.
type scraper struct {
	story *Story
	mu    sync.Mutex
	now   *process.Process
}

func (p *scraper) address() string {
	return net.JoinHostPort(node.Address, strconv.Itoa(prometheusPort))
}

func (p *scraper) url() string { return "http://" + p.address() }

// Second starts one more, at [fault.Second]. Without a configuration it has that of
// the first; web is what it wants of those who ask.
func (p *scraper) Second(ctx context.Context, config, web string) (stop func(), err error) {
	folder, err := os.MkdirTemp(p.story.tools.Folder, "second")
	if err != nil {
		return nil, err
	}
	args := []string{
		"--web.listen-address=" + fault.Second, "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--log.level=warn",
	}
	if config == "" {
		args = append(args, "--config.file="+p.story.scrapeFile())
	}
	for i, file := range []struct{ flag, text string }{{"--config.file=", config}, {"--web.config.file=", web}} {
		if file.text == "" {
			continue
		}
		name := filepath.Join(folder, strconv.Itoa(i)+".yml")
		if err := os.WriteFile(name, []byte(file.text), 0o600); err != nil {
			return nil, err
		}
		args = append(args, file.flag+name)
	}
	started, err := p.story.cluster.Run("prometheus", args...)
	if err != nil {
		return nil, err
	}
	return started.Stop, started.Await(ctx, time.Minute, func(context.Context) error {
		conn, err := net.DialTimeout("tcp", fault.Second, time.Second) //nolint:noctx // bounded by a second
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// process is the one that runs now.
func (p *scraper) process() *process.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Stop ends it.
func (p *scraper) Stop() { p.process().Stop() }

// Start starts it, and waits until it answers.
func (p *scraper) Start(ctx context.Context) error {
	s := p.story
	started, err := s.cluster.Run("prometheus", "--config.file="+s.scrapeFile(),
		"--web.listen-address="+p.address(),
		"--storage.tsdb.path="+filepath.Join(s.tools.Folder, "prometheus"), "--log.level=warn")
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

// await waits for a condition; what it waits for is lost when Prometheus ends.
func (p *scraper) await(ctx context.Context, ask func(context.Context) error) error {
	return p.process().Await(ctx, 2*time.Minute, ask)
}

// reload has Prometheus read its configuration again, as a configmap-reloader does.
func (p *scraper) reload() error {
	if over, _ := p.process().Over(); over {
		return nil // it will read it when it starts
	}
	return p.process().Signal(syscall.SIGHUP)
}

// Query asks Prometheus for one number.
func (p *scraper) Query(ctx context.Context, expr string) (float64, error) {
	text, err := fetch(ctx, p.url()+"/api/v1/query?query="+url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return 0, err
	}
	if len(answer.Data.Result) != 1 {
		return 0, fmt.Errorf("%s: %d results", expr, len(answer.Data.Result))
	}
	value, isText := answer.Data.Result[0].Value[1].(string)
	if !isText {
		return 0, errors.New(expr + ": " + text)
	}
	return strconv.ParseFloat(value, 64)
}
