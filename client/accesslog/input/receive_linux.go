package input

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxPause is how long messages gather in the receive buffer. 5,000 fit if it has the
// requested size; nginx needs at least 25 ms to send as many.
const maxPause = 5 * time.Millisecond

// receiver receives many messages with one system call.
type receiver struct {
	raw     syscall.RawConn
	drained bool // the last call of wait has emptied the buffer
	pause   time.Duration
	headers [maxMessages]header
	vectors [maxMessages]unix.Iovec
	buffer  []byte // maxMessage for each
}

// header is struct mmsghdr, which golang.org/x/sys/unix does not have for every
// architecture.
//
// See https://man7.org/linux/man-pages/man2/recvmmsg.2.html.
type header struct {
	unix.Msghdr
	length uint32
}

func newReceiver(conn packetConn) (*receiver, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &receiver{raw: raw, buffer: make([]byte, maxMessages*maxMessage)}
	for i := range r.headers {
		r.vectors[i].Base = &r.buffer[i*maxMessage]
		r.vectors[i].SetLen(maxMessage)
		r.headers[i].Iov = &r.vectors[i]
		r.headers[i].SetIovlen(1)
	}
	return r, nil
}

// wait waits for messages and returns how many it has received. Without an error
// the lock is held.
//
// If the last call has emptied the buffer, it pauses first, so that the next one
// receives many messages: waking up for each costs more than parsing it. A scrape does
// not wait for the pause, since it polls.
func (r *receiver) wait(mu *sync.Mutex) (n int, err error) {
	if r.drained {
		time.Sleep(r.pause) //nolint:forbidigo // there is no condition to wait for: time lets messages gather
	}
	failed := r.raw.Read(func(fd uintptr) bool {
		mu.Lock()
		n, err = r.receive(fd)
		if err != nil || n == 0 {
			mu.Unlock()
		}
		r.drained = err == nil && n > 0 && n < maxMessages
		return err != nil || n > 0
	})
	return n, errors.Join(failed, err)
}

// poll returns the number of messages that it has received, without waiting. The
// lock is held.
func (r *receiver) poll() (n int, err error) {
	failed := r.raw.Control(func(fd uintptr) { n, err = r.receive(fd) })
	return n, errors.Join(failed, err)
}

// receive returns 0 if there are no messages.
func (r *receiver) receive(fd uintptr) (int, error) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.headers[0])), maxMessages, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("recvmmsg", errno)
		}
	}
}

// message returns a message that was received, and whether it was cut.
func (r *receiver) message(i int) (text []byte, cut bool) {
	h := &r.headers[i]
	return r.buffer[i*maxMessage:][:h.length], h.Flags&unix.MSG_TRUNC != 0
}

// setBuffer sets the size of the receive buffer, and returns what the kernel
// allows. More than net.core.rmem_max needs CAP_NET_ADMIN.
//
// See https://man7.org/linux/man-pages/man7/socket.7.html.
func (r *receiver) setBuffer(size int) (granted int64, err error) {
	failed := r.raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
		}
		var doubled int
		if err == nil {
			doubled, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		}
		granted = int64(doubled) / 2 // the kernel doubles the size for its overhead
	})
	r.pause = maxPause * time.Duration(min(granted, socketBuffer)) / socketBuffer
	return granted, errors.Join(failed, err)
}

// memory returns the bytes in the receive buffer, with the overhead of the kernel,
// and how many messages the kernel has dropped because it was full.
//
// See SO_MEMINFO in https://github.com/torvalds/linux/blob/master/include/uapi/linux/sock_diag.h.
func (r *receiver) memory() (queued int64, dropped uint32, known bool) {
	const allocated, drops, fields = 0, 8, 9
	var info [fields]uint32
	size := uint32(unsafe.Sizeof(info))
	err := r.raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		known = errno == 0 && size == uint32(unsafe.Sizeof(info))
	})
	return int64(info[allocated]), info[drops], known && err == nil
}
