package input

import (
	"hash/fnv"
	"io"
	"os"
)

// printLength is how many bytes at the beginning of a file identify its content.
// Lines of an access log have a time, so that two logs differ soon.
const printLength = 1024

// fingerprint identifies a log file by its first bytes, which do not change while
// lines are appended.
type fingerprint struct {
	Length int64  `json:"length"` // at most printLength
	Sum    uint64 `json:"sum"`    // FNV-1a
}

// takePrint returns the fingerprint of the first bytes of a file.
func takePrint(file *os.File, length int64) (fingerprint, error) {
	sum := fnv.New64a()
	n, err := io.Copy(sum, io.NewSectionReader(file, 0, min(length, printLength)))
	return fingerprint{n, sum.Sum64()}, err
}

// matches reports whether the file begins with the same bytes.
func (p fingerprint) matches(file *os.File) bool {
	now, err := takePrint(file, p.Length)
	return err == nil && now == p
}
