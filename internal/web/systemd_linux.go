package web

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Bounds of the file descriptors that systemd passes.
const (
	firstSocket = 3
	mostSockets = 64
)

// SocketsPassed reports whether systemd has passed sockets to this process.
func SocketsPassed() bool { return os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) }

// activated returns the listeners that systemd has opened for this process.
// Each must be a listening stream socket: exporter-toolkit panics on others.
//
// See https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html.
func activated() ([]net.Listener, error) {
	if !SocketsPassed() {
		return nil, errors.New("no sockets from systemd (LISTEN_PID is not this process); start the exporter from a .socket unit")
	}
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || count < 1 || count > mostSockets {
		return nil, fmt.Errorf("LISTEN_FDS is not a number of sockets between 1 and %d", mostSockets)
	}
	var listeners []net.Listener
	for fd := firstSocket; fd < firstSocket+count; fd++ {
		if accepts, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err != nil || accepts == 0 {
			// The rest may belong to this process itself.
			closeAll(listeners)
			return nil, fmt.Errorf("file descriptor %d from systemd is not a listening stream socket; set ListenStream= in the .socket unit", fd)
		}
		file := os.NewFile(uintptr(fd), "socket of systemd")
		listener, err := net.FileListener(file)
		_ = file.Close() // the listener has a copy
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("file descriptor %d from systemd: %w", fd, err)
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, listener := range listeners {
		_ = listener.Close() // unused
	}
}
