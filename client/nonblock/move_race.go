//go:build linux && (amd64 || arm64) && race

package nonblock

import "syscall"

// move goes through package syscall, which tells the race detector what is read
// and written, and what came before what.
func move(call, descriptor uintptr, p []byte) (int, syscall.Errno) {
	do := syscall.Read
	if call == syscall.SYS_WRITE {
		do = syscall.Write
	}
	for {
		n, err := do(int(descriptor), p)
		errno, _ := err.(syscall.Errno) //nolint:errorlint // package syscall wraps nothing, and errors.As would allocate
		switch errno {
		case 0:
			return n, 0
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
