//go:build linux

package nonblock_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"nginx-exporter/client/nonblock"
)

func TestQuiet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(far net.Conn) error
		want   bool
	}{
		"nothing happened": {func(net.Conn) error { return nil }, true},
		"something came":   {func(far net.Conn) error { return write1(far) }, false},
		"it was closed":    {func(far net.Conn) error { return far.Close() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := pair(t, "unix", plain)
			if err := c.before(far); err != nil {
				t.Fatal(err)
			}
			access, err := near.(syscall.Conn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			var got bool
			if err := access.Control(func(descriptor uintptr) { got = nonblock.Quiet(descriptor) }); err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("quiet: %v", got)
			}
		})
	}
}

func write1(conn net.Conn) error {
	_, err := conn.Write([]byte{1})
	return err
}

func TestDescriptors(t *testing.T) {
	t.Parallel()
	const path = "/proc/self/limits"
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	descriptor := int(file.Fd())
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // where the file is read from does not move
		p := make([]byte, 32)
		if n, err := nonblock.ReadStart(descriptor, p); err != nil || !bytes.Equal(p[:n], want[:len(p)]) {
			t.Errorf("got %q, %v", p[:n], err)
		}
	}
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = program.Close() }() // it was only looked at
	info, err := program.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := nonblock.Size(int(program.Fd())); err != nil || got != info.Size() {
		t.Errorf("the program has %d bytes, %v; want %d", got, err, info.Size())
	}
	if _, err := nonblock.ReadStart(-1, make([]byte, 1)); !errors.Is(err, syscall.EBADF) {
		t.Errorf("reading no file: %v", err)
	}
	if _, err := nonblock.Size(-1); !errors.Is(err, syscall.EBADF) {
		t.Errorf("the size of no file: %v", err)
	}
}
