// Command archive writes .tar, .tar.gz and .zip files that depend on nothing but the content of their files, their names and
// $SOURCE_DATE_EPOCH, the time of all entries. Owners are 0, and modes are 0755 for programs and directories, and 0644.
//
//	archive OUTPUT NAME=FILE...   archives files under other names
//	archive OUTPUT INPUT.tgz      the same for the files of an archive
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

// entry is a file of an archive.
type entry struct {
	name       string
	executable bool
	content    []byte
}

func run(arguments []string, epoch string) error {
	if len(arguments) < 2 {
		return errors.New("usage: archive OUTPUT NAME=FILE... | archive OUTPUT INPUT.tgz")
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", epoch)
	}
	output, inputs := arguments[0], arguments[1:]
	entries, err := readAll(inputs)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	write := writeTarGz
	switch filepath.Ext(output) {
	case ".zip":
		write = writeZip
	case ".tar":
		write = writeTar
	}
	file, err := os.Create(output) // path of the caller
	if err != nil {
		return err
	}
	if err := write(file, entries, time.Unix(seconds, 0).UTC()); err != nil {
		_ = file.Close() // the first error counts
		return fmt.Errorf("write %s: %w", output, err)
	}
	return file.Close()
}

// readAll reads the files, or those of the only argument if it is an archive.
func readAll(inputs []string) ([]entry, error) {
	if len(inputs) == 1 && strings.HasSuffix(inputs[0], ".tgz") {
		return readTar(inputs[0])
	}
	var entries []entry
	for _, input := range inputs {
		name, from, ok := strings.Cut(input, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not NAME=FILE", input)
		}
		info, err := os.Stat(from)
		if err != nil {
			return nil, err
		}
		content, err := os.ReadFile(from) // path of the caller
		if err != nil {
			return nil, err
		}
		// The other bits depend on the umask.
		entries = append(entries, entry{name: name, executable: info.Mode()&0o100 != 0, content: content})
	}
	return entries, nil
}

// readTar reads the regular files of a .tgz file.
func readTar(name string) ([]entry, error) {
	content, err := os.ReadFile(name) // path of the caller
	if err != nil {
		return nil, err
	}
	decompressed, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var entries []entry
	for archive := tar.NewReader(decompressed); ; {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return entries, nil
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", name, err)
		case header.Typeflag != tar.TypeReg:
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		entries = append(entries, entry{name: header.Name, executable: header.Mode&0o100 != 0, content: content})
	}
}

// mode returns the permissions of a file.
func (e entry) mode() int64 {
	if e.executable {
		return 0o755
	}
	return 0o644
}

// parents returns the directories of a file, with a slash at the end, outermost first.
func parents(name string) []string {
	var directories []string
	for i, c := range name {
		if c == '/' {
			directories = append(directories, name[:i+1])
		}
	}
	return directories
}
