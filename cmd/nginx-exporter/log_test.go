//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"nginx-exporter/internal/proctest"
)

// TestLogUnread gives the program a full pipe as its standard error and 200
// targets that cannot be scraped: neither scrapes nor signals wait for the log.
func TestLogUnread(t *testing.T) {
	reader, p, socket := startUnread(t)
	defer func() { _ = reader.Close() }() // nothing is read from it
	for range 3 {
		scrapeUnread(t, p, socket)
	}
	p.Signal(t, syscall.SIGTERM)
	if status := p.Exit(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestLogRecovers reads from the full pipe after more lines than the program
// keeps: the log reports how many were dropped, and is complete from then on.
func TestLogRecovers(t *testing.T) {
	reader, p, socket := startUnread(t)
	for range logQueue/200 + 5 {
		scrapeUnread(t, p, socket)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		defer func() { _ = reader.Close() }() // at its end
		for scanner := bufio.NewScanner(reader); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	var log strings.Builder
	for line := range lines {
		log.WriteString(line + "\n")
		if strings.Contains(line, "Log lines dropped") {
			p.Signal(t, syscall.SIGTERM)
		}
	}
	if status := p.Exit(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !regexp.MustCompile(`(?s)level=debug .* level=warn caller=\S+ msg="Log lines dropped.*" lines=[1-9].* msg="Shutdown complete" [^\n]+\n\z`).MatchString(log.String()) {
		t.Errorf("the log lacks the number of dropped lines, or its last line:\n%s", log.String())
	}
}

// startUnread starts a program whose log nothing reads, at a Unix socket.
func startUnread(t *testing.T) (reader *os.File, p *proctest.Process, socket string) {
	t.Helper()
	directory := t.TempDir()
	var file strings.Builder
	file.WriteString("targets:\n")
	for n := range 200 {
		fmt.Fprintf(&file, "- uri: unix:/nowhere/%d:/x\n", n)
	}
	path, socket := filepath.Join(directory, "exporter.yml"), filepath.Join(directory, "exp.sock")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, writer := fullPipe(t)
	defer func() { _ = writer.Close() }()
	command := exec.Command(programName, "--config.file="+path, "--web.listen-address=unix:"+socket, "--log.level=debug") //nolint:noctx // proctest ends it
	command.Stderr = writer
	return reader, proctest.Start(t, "", command), socket
}

func scrapeUnread(t *testing.T, p *proctest.Process, socket string) {
	t.Helper()
	if body := getUnix(t, p, socket); strings.Count(body, "\nnginx_up{") != 200 {
		t.Fatalf("200 targets are not in\n%s", body)
	}
}

// fullPipe returns a pipe that takes no more bytes.
func fullPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fd := int(writer.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} {
		for err = nil; err == nil; {
			_, err = syscall.Write(fd, bytes.Repeat([]byte{'\n'}, size))
		}
		if !errors.Is(err, syscall.EAGAIN) {
			t.Fatal(err)
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

func getUnix(t *testing.T, p *proctest.Process, socket string) string {
	t.Helper()
	p.Await(t, "listening", func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", socket)
		if err == nil {
			_ = conn.Close() // opened only to see if the exporter listens
		}
		return err == nil
	})
	client := &http.Client{Timeout: proctest.Patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://exporter/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
