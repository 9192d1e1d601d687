package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec" //nolint:depguard // It is about these processes.
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stage is the programs that are recorded. Its owner calls close.
type stage struct {
	dir       string
	web, plus string // /metrics of the exporters
	processes []*exec.Cmd
	nginx     *exec.Cmd
	exporter  *exec.Cmd
	arguments []string
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
		location / { return 200 "app\n"; }
	}
	server {
		listen unix:DIR/status.sock;
		access_log off;
		location = /stub_status { stub_status; }
	}
}
`

func (s *stage) start(ctx context.Context) error {
	for _, program := range []string{"./cmd/nginx-exporter", "./internal/bench/plusserver"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", s.dir+"/", program)
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", program, err, out)
		}
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	snippet, err := exec.CommandContext(ctx, s.dir+"/nginx-exporter", "snippet", "access-log").Output()
	if err != nil {
		return fmt.Errorf("snippet: %w", err)
	}
	files := map[string]string{
		"log.conf":        strings.ReplaceAll(string(snippet), "/var/spool/nginx-exporter", s.dir),
		"nginx.conf":      strings.NewReplacer("DIR", s.dir, "PORT", ports[0]).Replace(nginxConfig),
		"access.log":      "",
		"html/index.html": strings.Repeat("shop ", 400),
	}
	if err := os.MkdirAll(s.dir+"/html", 0o755); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o666); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
	}
	s.arguments = []string{
		"--nginx.scrape-uri=unix:" + s.dir + "/status.sock:/stub_status", "--nginx.access-log=spool:" + s.dir + "/access.log",
		"--web.listen-address=127.0.0.1:" + ports[1],
	}
	s.web, s.plus = "http://127.0.0.1:"+ports[1]+"/metrics", "http://127.0.0.1:"+ports[2]+"/metrics"
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	return s.run(ctx, ports)
}

// run starts the processes and waits for the exporters.
func (s *stage) run(ctx context.Context, ports []string) error {
	api := exec.CommandContext(ctx, s.dir+"/plusserver", "-size", "S", "-tick", "50ms")
	stdout, err := api.StdoutPipe()
	if err != nil {
		return fmt.Errorf("plusserver: %w", err)
	}
	if err := s.launch(api); err != nil {
		return err
	}
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("plusserver: %w", err)
	}
	if s.nginx, err = s.startNginx(ctx); err != nil {
		return err
	}
	plus := exec.CommandContext(ctx, s.dir+"/nginx-exporter", "--nginx.scrape-uri="+strings.TrimSpace(url),
		"--collector.slab_slots", "--web.listen-address=127.0.0.1:"+ports[2])
	if err := s.launch(plus); err != nil {
		return err
	}
	s.exporter = exec.CommandContext(ctx, s.dir+"/nginx-exporter", s.arguments...)
	if err := s.launch(s.exporter); err != nil {
		return err
	}
	for range 16 {
		go load(ctx, "http://127.0.0.1:"+ports[0])
	}
	for _, address := range []string{s.web, s.plus} {
		if err := waitFor(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) startNginx(ctx context.Context) (*exec.Cmd, error) {
	nginx := exec.CommandContext(ctx, "nginx", "-c", s.dir+"/nginx.conf", "-e", s.dir+"/error.log")
	return nginx, s.launch(nginx)
}

func (s *stage) launch(command *exec.Cmd) error {
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", command.Path, err)
	}
	s.processes = append(s.processes, command)
	return nil
}

// event does what happens before a scrape.
func (s *stage) event(ctx context.Context, scrape int) error {
	var err error
	switch scrape {
	case 60:
		return s.nginx.Process.Signal(syscall.SIGHUP)
	case 120:
		if err = stopProcess(s.nginx); err == nil {
			s.nginx, err = s.startNginx(ctx)
		}
	case 180:
		if err = stopProcess(s.exporter); err == nil {
			s.exporter = exec.CommandContext(ctx, s.dir+"/nginx-exporter", s.arguments...)
			err = s.launch(s.exporter)
		}
	}
	return err
}

func stopProcess(command *exec.Cmd) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", command.Path, err)
	}
	_ = command.Wait()
	return nil
}

func (s *stage) close() {
	for _, command := range s.processes {
		if command.ProcessState == nil {
			_ = stopProcess(command)
		}
	}
	_ = os.RemoveAll(s.dir)
}

// load sends some hundred requests per second: pages, requests to the upstream, and 1% of pages that do not exist.
func load(ctx context.Context, base string) {
	client := &http.Client{Timeout: 5 * time.Second}
	for ctx.Err() == nil {
		path := "/"
		switch n := rand.IntN(100); {
		case n == 0:
			path = "/missing"
		case n < 40:
			path = "/app"
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return
		}
		if response, err := client.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		time.Sleep(time.Duration(rand.ExpFloat64() * float64(20*time.Millisecond))) //nolint:forbidigo // Load has pauses.
	}
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
