package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

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

// TestSignalsBeforeListening sends signals while the program reads its
// configuration: from a pipe, so that the test knows when that is.
func TestSignalsBeforeListening(t *testing.T) {
	start := func() (p *proctest.Process, proceed func()) {
		directory := t.TempDir()
		path, socket := filepath.Join(directory, "web.yml"), filepath.Join(directory, "exp.sock")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		p = proctest.Start(t, "", exec.Command(programName, "--web.listen-address=unix:"+socket, "--web.config.file="+path)) //nolint:noctx // proctest ends it
		var pipe *os.File
		p.Await(t, "the program to read its configuration", func() bool {
			var err error
			pipe, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0) // fails without a reader
			return err == nil
		})
		return p, func() {
			// From now on it reads an empty file.
			if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
			_ = pipe.Close() // ends what it reads now
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
	fifo := filepath.Join(t.TempDir(), "web.yml")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	p := proctest.Start(t, "", exec.Command(programName, "check-config", "--web.config.file="+fifo)) //nolint:noctx // proctest ends it
	p.Await(t, "the program to read its configuration", func() bool {
		pipe, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		t.Cleanup(func() { _ = pipe.Close() })
		return err == nil
	})
	p.Signal(t, syscall.SIGTERM)
	if status := p.Exit(t); status != -1 {
		t.Errorf("exit status %d", status)
	}
}
