package input

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// punchHole frees the space of a part of the file. Its size stays.
//
// See https://man7.org/linux/man-pages/man2/fallocate.2.html.
func punchHole(g *generation, from, to int64) error {
	for {
		err := unix.Fallocate(int(g.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, to-from)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return errors.ErrUnsupported
		}
		return err
	}
}

// nextData returns where data begins after a hole, or the offset if there is no
// hole or the file system does not tell. Without data it is the end of the file.
func nextData(file *os.File, offset int64) int64 {
	found, err := unix.Seek(int(file.Fd()), offset, unix.SEEK_DATA)
	if err == nil {
		return found
	}
	if info, failed := file.Stat(); errors.Is(err, unix.ENXIO) && failed == nil {
		return info.Size()
	}
	return offset
}
