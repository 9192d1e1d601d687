package inject

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds on what one run reads.
const (
	maxFiles = 10000
	maxTotal = 256 << 20
)

// stdinName stands for standard input on the command line.
const stdinName = "-"

// source is one file to edit.
type source struct {
	path string // to read from, and to name in reports
	rel  string // below the folder that was named
	text string
}

// find lists the files that paths name: themselves, and of folders all
// manifests below. What begins with a dot there is left out.
func find(paths []string) ([]source, error) {
	var found []source
	seen := map[string]bool{}
	add := func(s source) error {
		if seen[s.path] {
			return nil
		}
		seen[s.path] = true
		found = append(found, s)
		if len(found) > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		return nil
	}
	for _, path := range paths {
		if path == "" {
			return nil, errors.New("a file has no name")
		}
		if path != stdinName {
			path = filepath.Clean(path)
		}
		info, err := stat(path)
		switch {
		case err != nil:
			return nil, err
		case info != nil && info.IsDir():
			err = walk(path, add)
		default:
			err = add(source{path: path, rel: filepath.Base(path)})
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func stat(path string) (fs.FileInfo, error) {
	if path == stdinName {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, bare(err))
	}
	return info, nil
}

func walk(folder string, add func(source) error) error {
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != folder && strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir(), strings.HasPrefix(entry.Name(), "."), !isManifest(path):
			return nil
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		files++
		return add(source{path: path, rel: rel})
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("%s: no *.yaml, *.yml or *.json below it", folder)
	}
	return err
}

func isManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path)))
}

// read reads the files, never more than the bounds.
func read(sources []source, stdin io.Reader) error {
	total := 0
	for i := range sources {
		text, err := readOne(sources[i].path, stdin)
		if err != nil {
			return fmt.Errorf("%s: %w", sources[i].path, err)
		}
		sources[i].text = text
		if total += len(text); total > maxTotal {
			return fmt.Errorf("more than %d MiB in all files", maxTotal>>20)
		}
	}
	return nil
}

func readOne(path string, stdin io.Reader) (string, error) {
	from := stdin
	if path != stdinName {
		f, err := os.Open(path)
		if err != nil {
			return "", bare(err)
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, MaxBytes+1))
	if err != nil {
		return "", bare(err)
	}
	if len(b) > MaxBytes {
		return "", ErrTooLarge
	}
	return string(b), nil
}

// bare takes the path off an error, where the caller names it.
func bare(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// write replaces a file at once: whoever reads it meets the old text or the
// new one. A symbolic link stays, the file that it leads to is replaced.
func write(path, text string) (err error) {
	mode := fs.FileMode(0o644)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: not a file that can be replaced", path)
		}
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = io.WriteString(f, text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
