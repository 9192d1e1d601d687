package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/internal/proctest"
)

// TestSignalsAtStart sends signals as soon as the program can be connected to:
// it must handle them, not end by their default action.
func TestSignalsAtStart(t *testing.T) {
	for range 20 {
		socket := filepath.Join(t.TempDir(), "exp.sock")
		p := proctest.Start(t, "", exec.Command(programName, "--web.listen-address=unix:"+socket)) //nolint:noctx // proctest ends it
		for deadline := time.Now().Add(proctest.Patience); ; {
			// Without a pause: what is tested are the first microseconds.
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
