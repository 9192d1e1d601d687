//go:build linux && (amd64 || arm64)

package nonblock

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// unannounced is how many bytes may pass through a connection in one direction
// until a call is announced again. A usual scrape stays far below it; work that
// takes milliseconds moves more.
const unannounced = 64 << 10

// socket is what the connections of package net over TCP and over unix sockets
// have in common. net/http closes one direction alone.
type socket interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// Conn returns a connection that reads and writes as conn does, with the same
// deadlines and errors, and takes conn over. What is no socket is returned as it
// is.
func Conn(conn net.Conn) net.Conn {
	s, isSocket := conn.(socket)
	if !isSocket {
		return conn
	}
	access, err := s.SyscallConn()
	if err != nil {
		return conn // it never was open, and will say so itself
	}
	c := &wrapped{socket: s, access: access}
	// Made once: a closure for each call would be an allocation for each.
	c.reading.call, c.writing.call = c.reading.read, c.writing.write
	return c
}

type wrapped struct {
	socket
	access           syscall.RawConn
	reading, writing transfer
}

// Read implements [io.Reader].
func (c *wrapped) Read(p []byte) (int, error) {
	if len(p) == 0 || !c.reading.begin(p) {
		return c.socket.Read(p)
	}
	n, err := c.reading.end(c.access.Read(c.reading.call))
	if err != nil {
		return n, c.failed("read", err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [io.Writer].
func (c *wrapped) Write(p []byte) (int, error) {
	if !c.writing.begin(p) {
		return c.socket.Write(p)
	}
	n, err := c.writing.end(c.access.Write(c.writing.call))
	if err != nil {
		return n, c.failed("write", err)
	}
	return n, nil
}

// failed tells an error in the words of package net.
func (c *wrapped) failed(operation string, err error) error {
	if raw := (*net.OpError)(nil); errors.As(err, &raw) {
		raw.Op = operation // package net made it for this call, and calls it a raw one
		return raw
	}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = os.NewSyscallError(operation, errno)
	}
	local := c.LocalAddr()
	return &net.OpError{Op: operation, Net: local.Network(), Source: local, Addr: c.RemoteAddr(), Err: err}
}

// transfer is one direction of a connection, and the call under way.
type transfer struct {
	mu     sync.Mutex // held from begin to end
	silent int        // bytes since a call was announced

	call  func(descriptor uintptr) (done bool)
	left  []byte // of what is to be read or written
	moved int
	errno syscall.Errno
}

// begin reports whether the call may be made without being announced. If so,
// end has to follow.
func (t *transfer) begin(p []byte) bool {
	t.mu.Lock()
	if t.silent+len(p) > unannounced {
		t.silent = 0
		t.mu.Unlock()
		return false
	}
	t.left, t.moved, t.errno = p, 0, 0
	return true
}

// end returns how much was moved, and what failed.
func (t *transfer) end(err error) (int, error) {
	n := t.moved
	if err == nil && t.errno != 0 {
		err = t.errno
	}
	t.silent += n
	t.left = nil
	t.mu.Unlock()
	return n, err
}

// read takes what there is. It is not done while there is nothing.
func (t *transfer) read(descriptor uintptr) bool {
	n, errno := move(syscall.SYS_READ, descriptor, t.left)
	if errno == syscall.EAGAIN {
		return false
	}
	t.moved, t.errno = n, errno
	return true
}

// write is done when everything is written.
func (t *transfer) write(descriptor uintptr) bool {
	for len(t.left) > 0 {
		n, errno := move(syscall.SYS_WRITE, descriptor, t.left)
		t.moved += n
		t.left = t.left[n:]
		switch {
		case errno == syscall.EAGAIN:
			return false
		case errno == 0 && n > 0:
			continue
		case errno == 0:
			errno = syscall.EIO // no socket does that, and asking it for ever would not end
		}
		t.errno = errno
		return true
	}
	return true
}
