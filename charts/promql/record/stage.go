package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// stage is the programs that are recorded. Its owner calls close.
type stage struct {
	dir       string
	every     time.Duration // real time for a minute of the recording
	nginx     *program
	servers   []*program // nginx and the stand-ins
	exporters []*program // one for each server
}

// program is a process that can be started again.
type program struct {
	name      string // job
	url       string // /metrics of an exporter, status of a stand-in
	arguments []string
	process   *exec.Cmd
}

const nginxConfig = `daemon off;
worker_processes 2;
pid DIR/nginx.pid;
error_log DIR/error.log;
events {}
http {
	include DIR/log.conf;
	upstream app { server unix:DIR/app.sock; }
	server {
		listen 127.0.0.1:PORT;
		server_name shop.example.com;
		root DIR/html;
		location /app { proxy_pass http://app; }
	}
	server {
		listen unix:DIR/app.sock;
		access_log off;
		root DIR/html;
		location / { return 200 "app\n"; }
		location = /app/fails { return 500; }
		location = /app/slow { limit_rate 1000; rewrite ^ /index.html break; }
	}
	server {
		listen unix:DIR/status.sock;
		access_log off;
		location = /stub_status { stub_status; }
	}
}
`

// start builds and starts everything, and waits for the exporters.
func (s *stage) start(ctx context.Context) error {
	for _, program := range []string{"./cmd/nginx-exporter", "./internal/standin/statusserver"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", s.dir+"/", program)
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", program, err, out)
		}
	}
	ports, err := freePorts(8)
	if err != nil {
		return err
	}
	if err := s.configure(ctx, ports); err != nil {
		return err
	}
	s.nginx = &program{name: "web", arguments: []string{"nginx", "-c", s.dir + "/nginx.conf", "-e", s.dir + "/error.log"}}
	s.servers = append(s.servers, s.nginx)
	s.addExporter("web", ports[1])
	s.addStandIn("plus", ports[2:4], 1, "-size", "S")
	s.addStandIn("vts", ports[4:6], 60)
	s.addStandIn("angie", ports[6:8], 15, "-size", "3")
	for _, program := range slices.Concat(s.servers, s.exporters) {
		if err := program.start(ctx); err != nil {
			return err
		}
	}
	began := time.Now()
	for range clients {
		go s.load(ctx, "http://127.0.0.1:"+ports[0], began)
	}
	for _, exporter := range s.exporters {
		if err := waitFor(ctx, exporter.url); err != nil {
			return err
		}
	}
	return nil
}

// configure writes the files of nginx and of the exporters.
func (s *stage) configure(ctx context.Context, ports []string) error {
	snippet, err := exec.CommandContext(ctx, s.dir+"/nginx-exporter", "snippet", "access-log").Output()
	if err != nil {
		return fmt.Errorf("snippet: %w", err)
	}
	files := map[string]string{
		"log.conf":        strings.ReplaceAll(string(snippet), "/var/spool/nginx-exporter", s.dir),
		"nginx.conf":      strings.NewReplacer("DIR", s.dir, "PORT", ports[0]).Replace(nginxConfig),
		"access.log":      "",
		"html/index.html": strings.Repeat("shop ", 400),
		"web.yml":         fmt.Sprintf("targets:\n- uri: unix:%s/status.sock:/stub_status\n  access_logs: [{input: 'spool:%[1]s/access.log'}]\n", s.dir),
		"plus.yml":        fmt.Sprintf("targets:\n- uri: http://127.0.0.1:%s/api\n  collectors: {slab_slots: true}\n", ports[2]),
		"vts.yml":         fmt.Sprintf("targets:\n- uri: http://127.0.0.1:%s/status/format/json\n", ports[4]),
		"angie.yml":       fmt.Sprintf("targets:\n- uri: http://127.0.0.1:%s/status/\n", ports[6]),
	}
	if err := os.MkdirAll(s.dir+"/html", 0o755); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o666); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
	}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	return nil
}

// addStandIn adds a server whose counters increase each time so many seconds of the recording have passed, and its exporter.
func (s *stage) addStandIn(dialect string, ports []string, seconds time.Duration, arguments ...string) {
	arguments = append([]string{s.dir + "/statusserver", "-dialect", dialect}, arguments...)
	arguments = append(arguments, "-listen", "127.0.0.1:"+ports[0], "-tick", (seconds * s.every / 60).String())
	s.servers = append(s.servers, &program{name: dialect, arguments: arguments})
	s.addExporter(dialect, ports[1])
}

func (s *stage) addExporter(name, port string) {
	s.exporters = append(s.exporters, &program{name: name, url: "http://127.0.0.1:" + port + "/metrics", arguments: []string{
		s.dir + "/nginx-exporter", "--config.file=" + s.dir + "/" + name + ".yml", "--web.listen-address=127.0.0.1:" + port,
	}})
}

// event does what happens before a scrape.
func (s *stage) event(ctx context.Context, scrape int) error {
	switch scrape {
	case 60:
		for _, program := range append([]*program{s.nginx}, s.exporters...) {
			if err := program.process.Process.Signal(syscall.SIGHUP); err != nil {
				return fmt.Errorf("reload %s: %w", program.name, err)
			}
		}
	case 120:
		return restart(ctx, s.servers)
	case 180:
		return restart(ctx, s.exporters)
	}
	return nil
}

func restart(ctx context.Context, programs []*program) error {
	for _, program := range programs {
		if err := program.stop(); err != nil {
			return err
		}
		if err := program.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) start(ctx context.Context) error {
	command := exec.CommandContext(ctx, p.arguments[0], p.arguments[1:]...) //nolint:gosec // Programs of this file.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.process = command
	return nil
}

func (p *program) stop() error {
	if p.process == nil || p.process.ProcessState != nil {
		return nil
	}
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	_ = p.process.Wait()
	return nil
}

func (s *stage) close() {
	for _, program := range slices.Concat(s.exporters, s.servers) {
		_ = program.stop()
	}
	_ = os.RemoveAll(s.dir)
}

func waitFor(ctx context.Context, url string) error {
	for range 600 {
		if _, err := get(ctx, url); err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("no response from %s", url)
}

func freePorts(n int) ([]string, error) {
	ports := make([]string, 0, n)
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Closed at once.
		if err != nil {
			return nil, fmt.Errorf("free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}
