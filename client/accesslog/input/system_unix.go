//go:build unix

package input

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonblock opens a pipe without waiting for its other end.
const nonblock = syscall.O_NONBLOCK

// lock makes the caller the only reader. File systems without locks are accepted.
func lock(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return err
	}
	return nil
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// allocatedBytes is the space of the file on disk.
func allocatedBytes(info os.FileInfo) int64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	const block = 512 // the unit of st_blocks
	return stat.Blocks * block
}

// identify returns the device and inode of a file.
func identify(info os.FileInfo) identity {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}
	}
	return identity{uint64(stat.Dev), uint64(stat.Ino)} //nolint:unconvert // other systems have other types
}
