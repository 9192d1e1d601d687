package input

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// punchAlign is where holes begin: a block is freed only if one call covers all
	// of it. It is at least the size of a block, or of a huge page of tmpfs.
	punchAlign = 2 << 20

	// maxApparent is above which apparent size an empty spool file is truncated. It
	// is far below the 16 TiB of ext4 and cannot be reached in a day.
	maxApparent = 1 << 40

	// maxUnpunched is the same for file systems without holes.
	maxUnpunched = 16 << 20
)

// spool is a file that only the exporter reads. It frees the space of delivered
// lines by punching holes. Reading continues at the first byte that is not zero,
// also after a crash, so that no state file is needed.
type spool struct {
	limit   int64 // maxApparent
	noHoles bool  // the file system has none
	warning error // why space is not given back
	punch   func(g *generation, from, to int64) error
}

// NewSpool returns a spool file, which it creates if it does not exist: nginx, which
// may start as soon as the exporter runs, would create it writable for itself only.
// If that fails, Read tries again. The caller closes it.
func NewSpool(path string) (Input, error) {
	switch info, err := os.Stat(path); {
	case err == nil:
		if err := checkRegular(path, info); err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist):
		_ = createSpool(path) // Read reports what is wrong
	}
	return newSpool(path), nil
}

func newSpool(path string) *file {
	return newFile(path, &spool{limit: maxApparent, punch: punchHole})
}

func (s *spool) start(f *file) error {
	g, err := s.openSpool(f.path)
	if err != nil {
		return err
	}
	if !g.writable {
		// Lines from before the start would be counted at each start.
		g.skipToEnd()
	}
	f.count(func(stats *Stats) { stats.Warning = s.text() })
	f.add(g)
	return nil
}

func (s *spool) replaced(f *file, _ os.FileInfo) error {
	g, err := s.openSpool(f.path)
	if err != nil {
		return err
	}
	f.count(func(stats *Stats) { stats.Warning = s.text() })
	f.add(g)
	return nil
}

// openSpool opens the file, and creates it so that workers of nginx and the
// exporter can write to it.
func (s *spool) openSpool(path string) (*generation, error) {
	s.warning = nil
	g, err := openFile(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createSpool(path); err != nil {
			return nil, err
		}
		g, err = openFile(path, os.O_RDWR)
	}
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		denied := err
		if g, err = openFile(path, os.O_RDONLY); err == nil {
			s.warning = fmt.Errorf("disk space is not given back and the spool file grows: %w; start the exporter before nginx "+
				"so that it creates the file with mode 0666, or run it as the owner of the file, or chmod 0666 %s", denied, path)
		}
	}
	if err != nil {
		return nil, advise(err)
	}
	if err := lock(g.File); err != nil {
		_ = g.Close()
		return nil, fmt.Errorf("%s is read by another process: each exporter needs a spool file of its own", path)
	}
	return g, nil
}

func createSpool(path string) error {
	created, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // workers of nginx write to it
	switch {
	case errors.Is(err, fs.ErrExist): // nginx was faster
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: create the directory %s, or mount the same volume there for nginx and the exporter", err, filepath.Dir(path))
	case err != nil:
		return fmt.Errorf("cannot create the spool file: %w; create it before starting nginx, writable for both", err)
	}
	// The umask must not apply: nginx runs as another user.
	err = created.Chmod(0o666)
	return errors.Join(err, created.Close())
}

func (s *spool) check(_ *file, g *generation) bool {
	info, err := g.Stat()
	if err != nil {
		return false
	}
	truncated := info.Size() < g.offset
	switch {
	case g.writable && !s.noHoles:
		g.offset = nextData(g.File, 0)
	case truncated:
		g.offset, g.partial = 0, false
	}
	return truncated
}

func (s *spool) consumed(f *file, g *generation) error {
	if s.noHoles || !g.writable {
		return nil
	}
	err := s.punch(g, max(0, g.offset-batchSize)/punchAlign*punchAlign, g.offset)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		s.noHoles = true
		f.count(func(stats *Stats) { stats.Warning = s.text() })
		return nil
	case err != nil:
		g.writable = false // go on like without permission
		s.warning = fmt.Errorf("disk space is not given back and the spool file grows: punch hole: %w", err)
		f.count(func(stats *Stats) { stats.Warning = s.text() })
	}
	return nil
}

// text describes what limits the spool.
func (s *spool) text() string {
	switch {
	case s.warning != nil:
		return s.warning.Error()
	case s.noHoles:
		return fmt.Sprintf("the file system cannot punch holes: the spool file is truncated above %d MiB, "+
			"and up to that is counted again if the exporter is killed; use a local file system", maxUnpunched>>20)
	}
	return ""
}

// done truncates an empty file that is too large.
func (s *spool) done(f *file) error {
	g := f.open[len(f.open)-1]
	limit := s.limit
	if s.noHoles {
		limit = min(limit, maxUnpunched)
	}
	return s.truncate(g, limit)
}

// truncate truncates the file if all of it was delivered. A line that nginx writes
// between the check and the call is lost.
func (s *spool) truncate(g *generation, above int64) error {
	if !g.writable || g.offset <= above {
		return nil
	}
	if info, err := g.Stat(); err != nil || info.Size() != g.offset {
		return err
	}
	if err := g.Truncate(0); err != nil {
		return err
	}
	g.offset = 0
	return nil
}

func (s *spool) close(f *file) error {
	if !s.noHoles {
		return nil
	}
	var err error
	for _, g := range f.open {
		err = errors.Join(err, s.truncate(g, 0)) // the next start cannot find the position
	}
	return err
}
