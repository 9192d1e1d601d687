package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// identity distinguishes files. It is zero where the system has no inodes.
type identity struct {
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

// position is how far a log file was read.
type position struct {
	identity
	Offset int64       `json:"offset"`
	Print  fingerprint `json:"fingerprint"`
}

// stateVersion changes when older versions cannot read the file.
const stateVersion = 1

type state struct {
	Version int        `json:"version"`
	Files   []position `json:"files"`   // that are read, oldest first
	Rotated []identity `json:"rotated"` // files that are not read any more
}

// maxState bounds the size of a state file in bytes.
const maxState = 1 << 20

// loadState reads a state file. Without one the state is empty.
func loadState(path string) (state, error) {
	if path == "" {
		return state{}, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return state{}, nil
	case err != nil:
		return state{}, err
	case !info.Mode().IsRegular() || info.Size() > maxState:
		return state{}, fmt.Errorf("%s is not a state file", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil || s.Version != stateVersion {
		return state{}, fmt.Errorf("%s is not a state file of this version; reading begins at the end of the log", path)
	}
	return s, nil
}

// saveState replaces a state file, so that a crash leaves the old or the new one.
func saveState(path string, s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp")
	if err != nil {
		return ofStateFile(path, err)
	}
	_, err = temporary.Write(append(text, '\n'))
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) // it is of no use
	}
	return ofStateFile(path, err)
}

// ofStateFile returns the error with the path of the state file. The name of the
// temporary file is another one each time, and a warning that changes is logged
// again.
func ofStateFile(path string, err error) error {
	var cause syscall.Errno
	if errors.As(err, &cause) {
		return fmt.Errorf("write %s: %w", path, cause)
	}
	return err
}
