//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// stubStatusName is how -workload calls a real nginx with stub_status.
const stubStatusName = "stub_status"

// stubStatus is the workload of an open-source nginx.
type stubStatus struct {
	binary string
}

// name implements workload.
func (stubStatus) name() string { return stubStatusName }

// scrapes implements workload.
func (stubStatus) scrapes() int { return 10_000 }

// start implements workload. A port that was free a moment ago may be taken by
// the time that nginx binds it, so it tries a few.
func (w stubStatus) start(ctx context.Context, dir string) (target, error) {
	binary, err := findNginx(w.binary)
	if err != nil {
		return nil, err
	}
	version, err := nginxVersion(ctx, binary)
	if err != nil {
		return nil, err
	}
	var last error
	for range portTries {
		addr, err := freeAddr(ctx)
		if err != nil {
			return nil, err
		}
		srv := &nginxServer{version: version, url: "http://" + addr + "/stub_status", client: newStatusClient()}
		if last = srv.launch(ctx, binary, dir, addr); last == nil {
			return srv, nil
		}
		if !errors.Is(last, errChildEnded) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("start nginx: %w", last)
}

// findNginx looks where packages put it too: /usr/sbin is on root's path alone.
func findNginx(binary string) (string, error) {
	if binary != "" {
		path, err := exec.LookPath(binary)
		if err != nil {
			return "", fmt.Errorf("-nginx: %w", err)
		}
		return path, nil
	}
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("nginx is not installed: install the package nginx, or name a binary with -nginx")
}

// nginxVersion asks the binary, which answers on stderr.
func nginxVersion(ctx context.Context, binary string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionWait)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "-v").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", binary, err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), ": ")
	return version, nil
}

// nginxConfig is the least that serves stub_status and keeps every file that
// nginx writes below one folder.
const nginxConfig = `daemon off;
worker_processes 1;
pid "DIR/nginx.pid";
error_log stderr warn;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path "DIR/body";
    proxy_temp_path "DIR/proxy";
    fastcgi_temp_path "DIR/fastcgi";
    uwsgi_temp_path "DIR/uwsgi";
    scgi_temp_path "DIR/scgi";
    server {
        listen ADDR;
        location = /stub_status { stub_status; }
        location / { return 404; }
    }
}
`

// nginxServer is a running nginx.
type nginxServer struct {
	version string
	url     string
	client  *http.Client
	child   *child
}

// launch starts nginx on the address and returns once it answers.
func (s *nginxServer) launch(ctx context.Context, binary, dir, addr string) error {
	path := filepath.Join(dir, "nginx.conf")
	conf := strings.NewReplacer("DIR", dir, "ADDR", addr).Replace(nginxConfig)
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return fmt.Errorf("write its configuration: %w", err)
	}
	var err error
	if s.child, err = startChild(ctx, binary, "-e", "stderr", "-p", dir, "-c", path); err != nil {
		return err
	}
	err = s.child.await(ctx, startWait, func(ctx context.Context) error {
		_, err := s.asked(ctx)
		return err
	})
	if err != nil {
		s.stop()
	}
	return err
}

// newStatusClient opens a connection for each question, so that a question
// always counts as one connection as well.
func newStatusClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		Timeout:   10 * time.Second,
	}
}

// flags implements target.
func (s *nginxServer) flags() []string { return []string{"--nginx.scrape-uri=" + s.url} }

// facts implements target.
func (s *nginxServer) facts() string { return s.version }

// stop implements target.
func (s *nginxServer) stop() { s.child.stop() }

// asked implements target.
func (s *nginxServer) asked(ctx context.Context) (asked, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return asked{}, fmt.Errorf("ask nginx for its counters: %w", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return asked{}, fmt.Errorf("ask nginx for its counters: %w", err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return asked{}, fmt.Errorf("read nginx's counters: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return asked{}, fmt.Errorf("ask nginx for its counters: it answers %s", resp.Status)
	}
	return parseStubStatus(page)
}

// parseStubStatus takes the line of the three counters, which follows the line
// that names them.
func parseStubStatus(page []byte) (asked, error) {
	lines := bytes.Split(page, []byte("\n"))
	if len(lines) < 3 || !bytes.HasPrefix(lines[1], []byte("server accepts handled requests")) {
		return asked{}, fmt.Errorf("no stub_status page: %.64q", page)
	}
	fields := strings.Fields(string(lines[2]))
	if len(fields) < 3 {
		return asked{}, fmt.Errorf("too few counters on the stub_status page: %.64q", lines[2])
	}
	accepts, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		return asked{}, fmt.Errorf("accepted connections: %w", err)
	}
	requests, err := strconv.ParseUint(fields[2], 10, 64)
	if err != nil {
		return asked{}, fmt.Errorf("requests: %w", err)
	}
	return asked{requests: requests, connections: accepts}, nil
}
