package input

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// socketBuffer is the size of the receive buffer that is requested, in bytes.
	socketBuffer = 4 << 20

	// maxMessage is the maximum length of a message; longer ones are cut. Memory is
	// used for the length of real messages only.
	maxMessage = 16 << 10

	// maxMessages is how many messages are received at once.
	maxMessages = 32
)

// socket receives log lines as syslog messages.
type socket struct {
	conn packetConn
	path string      // of a Unix socket
	info os.FileInfo // of the path after listening

	mu       sync.Mutex // guards the receiver and its messages
	receiver *receiver

	stats      sync.Mutex // guards the fields below
	counts     Stats
	kernelDrop uint32 // counter of the kernel when it was read last
}

// packetConn is what UDP and Unix datagram sockets have in common.
type packetConn interface {
	net.Conn
	SetReadBuffer(bytes int) error
	SyscallConn() (syscall.RawConn, error)
}

// NewUDP listens for syslog messages at a UDP address, such as 127.0.0.1:5514. The
// caller closes it.
func NewUDP(address string) (Input, error) {
	resolved, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", resolved)
	if err != nil {
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			err = fmt.Errorf("%w: another process receives syslog messages there; stop it, or use another port here and in access_log", err)
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			err = fmt.Errorf("%w: it is not an address of this host; use 127.0.0.1 if nginx is on the same host or in the same pod", err)
		}
		return nil, err
	}
	return newSocket(conn)
}

// Exposed reports whether other hosts can send messages to a UDP address. They
// would be counted, since syslog has no authentication.
func Exposed(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}

// UnixWarning says what limits Unix sockets.
const UnixWarning = "nginx discards log lines for a Unix socket when 11 of them are queued (net.unix.max_dgram_qlen), " +
	"which the exporter cannot count; use UDP on the loopback interface or a spool file"

// NewUnix listens for syslog messages at a Unix socket. A socket that a process has
// left is replaced. The caller closes it.
func NewUnix(path string) (Input, error) {
	if err := removeDead(path); err != nil {
		return nil, err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: create the directory %s, or mount the same volume there for nginx and the exporter", err, filepath.Dir(path))
	case errors.Is(err, syscall.EINVAL):
		return nil, fmt.Errorf("%w: the path is too long, use at most 107 bytes", err)
	case err != nil:
		return nil, err
	}
	// Workers of nginx run as another user.
	if err := os.Chmod(path, 0o666); err != nil { //nolint:gosec // as the comment says
		return nil, errors.Join(err, conn.Close(), os.Remove(path))
	}
	s, err := newSocket(conn)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	s.path = path
	if s.info, err = os.Lstat(path); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// removeDead removes a socket that no process listens on. Without this, a process
// that was killed could not be restarted.
func removeDead(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is not a socket", path)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		return errors.Join(fmt.Errorf("%s is used by another process", path), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s may be used by another process: %w", path, err)
	}
	return os.Remove(path)
}

func newSocket(conn packetConn) (*socket, error) {
	s := &socket{conn: conn}
	var err error
	if s.receiver, err = newReceiver(conn); err == nil {
		s.counts.Buffer, err = s.receiver.setBuffer(socketBuffer)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if s.counts.Buffer > 0 && s.counts.Buffer < socketBuffer {
		s.counts.Warning = fmt.Sprintf("the receive buffer has %d KiB of %d KiB, so that bursts of requests can be lost; "+
			"set sysctl net.core.rmem_max=%d on the host", s.counts.Buffer>>10, socketBuffer>>10, socketBuffer)
	}
	return s, nil
}

// Run implements [Input].
func (s *socket) Run(ctx context.Context, deliver func(Lines)) {
	_ = s.conn.SetReadDeadline(time.Time{}) // it fails if the socket is closed, as receiving does
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-interrupted // or it would end the next Run
		}
	}()
	for ctx.Err() == nil {
		n, err := s.receiver.wait(&s.mu)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			continue // such as an ICMP error, which is reported once
		}
		s.deliver(n, deliver)
		s.mu.Unlock()
	}
}

// Read implements [Input].
func (s *socket) Read(ctx context.Context, deliver func(Lines)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reachable() {
		return fmt.Errorf("the socket %s was removed or replaced, and nginx cannot send to it: restart the exporter", s.path)
	}
	for ctx.Err() == nil {
		n, err := s.receiver.poll()
		if err != nil {
			return err
		}
		if n > 0 {
			s.deliver(n, deliver)
		}
		if n < maxMessages {
			return nil
		}
	}
	return nil
}

// reachable reports whether the path of a Unix socket is still that of this one.
func (s *socket) reachable() bool {
	if s.path == "" {
		return true
	}
	info, err := os.Lstat(s.path)
	return err == nil && os.SameFile(info, s.info)
}

// deliver delivers the messages that were received.
func (s *socket) deliver(n int, deliver func(Lines)) {
	var lines, size, oversized uint64
	deliver(func(yield func([]byte) bool) {
		for i := range n {
			text, cut := s.receiver.message(i)
			if cut {
				oversized++
			}
			line := message(text)
			if len(line) == 0 && len(text) > 0 {
				line = text // so that it is counted as a line without the format
			}
			lines++
			size += uint64(len(text))
			if !yield(line) {
				return
			}
		}
	})
	s.stats.Lock()
	defer s.stats.Unlock()
	s.counts.Lines += lines
	s.counts.Bytes += size
	s.counts.Oversized += oversized
	s.counts.LastLine = time.Now()
}

// Stats implements [Input].
func (s *socket) Stats() Stats {
	queued, dropped, known := s.receiver.memory()
	s.stats.Lock()
	defer s.stats.Unlock()
	if known {
		s.counts.Backlog = queued
		s.counts.Dropped += uint64(dropped - s.kernelDrop) // the counter of the kernel wraps
		s.kernelDrop = dropped
		s.counts.HasDropped = s.path == ""
	}
	return s.counts
}

// Close implements [Input].
func (s *socket) Close() error {
	var removed error
	if s.path != "" && s.reachable() {
		removed = os.Remove(s.path)
	}
	return errors.Join(removed, s.conn.Close())
}
