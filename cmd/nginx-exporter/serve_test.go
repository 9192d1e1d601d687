//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

// TestSignalsAtStart sends signals as soon as the program can be connected to:
// it must handle them, not end by their default action.
func TestSignalsAtStart(t *testing.T) {
	for range 100 {
		socket := filepath.Join(t.TempDir(), "exp.sock")
		command := exec.Command(programName, "--web.listen-address=unix:"+socket) //nolint:noctx // proctest ends it
		command.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")            // the race detector would wait at each end
		p := proctest.Start(t, "", command)
		for deadline := time.Now().Add(proctest.Patience); ; {
			// Without a pause, to test the first microseconds.
			if _, err := os.Lstat(socket); err == nil {
				break
			}
			if time.Now().After(deadline) || !p.Alive() {
				t.Fatal("the program does not listen")
			}
		}
		p.Signal(t, syscall.SIGHUP)
		p.Signal(t, syscall.SIGTERM)
		if status := p.Exit(t); status != 0 {
			t.Fatalf("exit status %d", status)
		}
	}
}

// blockingConfig writes a web configuration with a CA that the program reads from a
// named pipe, and returns the paths of both.
func blockingConfig(t *testing.T) (path, pipe string) {
	t.Helper()
	directory := t.TempDir()
	path, pipe = filepath.Join(directory, "web.yml"), filepath.Join(directory, "ca.crt")
	certificate, key := nginxtest.NewAuthority(t).Issue(t, nginxtest.Leaf{})
	for name, text := range map[string]string{
		"web.yml": "tls_server_config: {cert_file: s.crt, key_file: s.key, client_ca_file: ca.crt, client_auth_type: RequestClientCert}\n",
		"s.crt":   certificate, "s.key": key,
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, pipe
}

// awaitRead waits until the process opens the pipe, and opens the other end.
func awaitRead(t *testing.T, p *proctest.Process, pipe string) (writer *os.File) {
	t.Helper()
	p.Await(t, "the program to read its configuration", func() bool {
		var err error
		writer, err = os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0) // fails without a reader
		return err == nil
	})
	t.Cleanup(func() { _ = writer.Close() }) // may be closed already
	return writer
}

// TestSignalsBeforeListening sends signals while the program reads its
// configuration: from a pipe, so that the test knows when that is.
func TestSignalsBeforeListening(t *testing.T) {
	start := func() (p *proctest.Process, proceed func()) {
		path, pipe := blockingConfig(t)
		socket := filepath.Join(filepath.Dir(path), "exp.sock")
		p = proctest.Start(t, "", exec.Command(programName, "--web.listen-address=unix:"+socket, "--web.config.file="+path)) //nolint:noctx // proctest ends it
		writer := awaitRead(t, p, pipe)
		return p, func() {
			// From now on it reads an empty file.
			if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
			_ = writer.Close() // ends what it reads now
		}
	}
	hangup, proceed := start()
	hangup.Signal(t, syscall.SIGHUP)
	proceed()
	hangup.AwaitLog(t, "Nothing to reload")
	hangup.Signal(t, syscall.SIGTERM)
	terminated, _ := start()
	terminated.Signal(t, syscall.SIGTERM) // ends it although it cannot proceed
	for p, log := range map[*proctest.Process]string{hangup: "Shutdown complete", terminated: "Received signal during startup, exiting"} {
		if status := p.Exit(t); status != 0 || !strings.Contains(p.Log(), log) {
			t.Errorf("exit status %d, log without %q:\n%s", status, log, p.Log())
		}
	}
}

// TestSignalOfOtherCommands checks that only serve handles signals: they end other
// commands.
func TestSignalOfOtherCommands(t *testing.T) {
	path, pipe := blockingConfig(t)
	p := proctest.Start(t, "", exec.Command(programName, "check-config", "--web.config.file="+path)) //nolint:noctx // proctest ends it
	awaitRead(t, p, pipe)
	p.Signal(t, syscall.SIGTERM)
	if status := p.Exit(t); status != -1 {
		t.Errorf("exit status %d", status)
	}
}

// TestReloadAtEnd ends the program while it reloads: both change the access logs.
// With the race detector, a data race ends the program with status 66.
func TestReloadAtEnd(t *testing.T) {
	for range 20 {
		directory := t.TempDir()
		socket, file := filepath.Join(directory, "exp.sock"), filepath.Join(directory, "exporter.yml")
		if err := os.WriteFile(file, []byte("access_logs: [{input: 'spool:spool.log', name: spool}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.Command(programName, "--web.listen-address=unix:"+socket, "--config.file="+file) //nolint:noctx // proctest ends it
		command.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		p := proctest.Start(t, "", command)
		p.AwaitLog(t, "Starting nginx-exporter")
		p.Signal(t, syscall.SIGHUP)
		p.Signal(t, syscall.SIGTERM)
		if status := p.Exit(t); status != 0 {
			t.Fatalf("exit status %d", status)
		}
	}
}
