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

// Bounds on the input of one run.
const (
	maxFiles = 10000
	maxTotal = 256 << 20
)

// stdinName is the name of standard input on the command line.
const stdinName = "-"

// source is one file to edit.
type source struct {
	path string // to read from, and for reports
	rel  string // relative to the directory on the command line
	text string
}

// find lists the files that paths name: themselves, and all manifests below directories, except below hidden ones.
func find(paths []string) ([]source, error) {
	var found []source
	seen := map[string]bool{}
	for _, path := range paths {
		sources, err := expand(path)
		if err != nil {
			return nil, err
		}
		for _, s := range sources {
			if !seen[s.path] {
				seen[s.path] = true
				found = append(found, s)
			}
		}
	}
	if len(found) > maxFiles {
		return nil, fmt.Errorf("more than %d files", maxFiles)
	}
	return found, nil
}

func expand(path string) ([]source, error) {
	switch path {
	case "":
		return nil, errors.New("the name of a file is empty")
	case stdinName:
		return []source{{path: path, rel: path}}, nil
	}
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, withoutPath(err))
	}
	if info.IsDir() {
		return walk(path)
	}
	return []source{{path: path, rel: filepath.Base(path)}}, nil
}

func walk(directory string) ([]source, error) {
	var found []source
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case entry.IsDir() && hidden && path != directory:
			return fs.SkipDir
		case entry.IsDir(), hidden, !isManifest(path):
			return nil
		case len(found) == maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		}
		rel, err := filepath.Rel(directory, path)
		found = append(found, source{path: path, rel: rel})
		return err
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: contains no *.yaml, *.yml or *.json", directory)
	}
	return found, err
}

func isManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path)))
}

// read reads the files, within the bounds.
func read(sources []source, stdin io.Reader) error {
	total := 0
	for i := range sources {
		text, err := readOne(sources[i].path, stdin)
		if err != nil {
			return fmt.Errorf("%s: %w", sources[i].path, withoutPath(err))
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
			return "", err
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, maxBytes+1))
	if err == nil && len(b) > maxBytes {
		err = errTooLarge
	}
	return string(b), err
}

// withoutPath removes the path from an error to which the caller adds it.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// write replaces a file atomically: a reader gets the old text or the new one. A symbolic link is kept and its target
// replaced.
func write(path, text string) (err error) {
	mode := fs.FileMode(0o644)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: not a regular file", path)
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
