package input

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// saveInterval is how often the state file is written at most while a backlog is
// read. It is also written after each Read.
const saveInterval = time.Second

// logFile is an ordinary log file that something else rotates: by renaming it, by
// copying and truncating it, or by changing a symbolic link.
type logFile struct {
	state  string     // path of the state file, empty for none
	absent bool       // there was no file at the path, so that the next one is new
	seen   []identity // rotated files that were there before
	saved  time.Time  // when the state was saved
}

// NewFile returns a log file. Reading begins where the state file says, or without
// one at the end of the file. The caller closes it, which writes the state file.
func NewFile(path, stateFile string) (Input, error) {
	if info, err := os.Stat(path); err == nil {
		if err := checkRegular(path, info); err != nil {
			return nil, err
		}
	}
	f := newFile(path, &logFile{state: stateFile})
	_ = f.keeper.start(f) // lines from now on count; Read reports what is wrong
	return f, nil
}

func (l *logFile) start(f *file) error {
	saved, err := loadState(l.state)
	l.warn(f, err)
	resume := len(saved.Files) > 0
	l.seen = saved.Rotated
	for _, p := range saved.Files {
		if g := findPosition(f.path, p); g != nil {
			f.add(g)
		}
	}
	current, err := openLog(f.path)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case missing && len(f.open) == 0 && isLink(f.path):
		return advise(err)
	case missing && len(f.open) == 0:
		l.absent = true
		return fmt.Errorf("%w: nginx creates it when it starts or reopens its logs; check the path of access_log", err)
	case err != nil && !missing:
		return advise(err)
	case resume:
		l.addSkipped(f, current)
	case !l.absent:
		current.skipToEnd()
	}
	l.addCurrent(f, current)
	return nil
}

// addCurrent appends the file at the path, nil if there is none, unless it is open
// already.
func (l *logFile) addCurrent(f *file, current *generation) {
	if current != nil && isOpen(f, current.info) {
		_ = current.Close() // it was not read
	} else if current != nil {
		f.add(current)
	}
	l.seen = nil
	for _, r := range rotatedFiles(f.path) {
		l.seen = append(l.seen, identify(r.info))
	}
}

func isOpen(f *file, info os.FileInfo) bool {
	return slices.ContainsFunc(f.open, func(g *generation) bool { return os.SameFile(g.info, info) })
}

// addSkipped appends files that were at the path for a while and have been rotated
// before they were opened.
func (l *logFile) addSkipped(f *file, current *generation) {
	for _, r := range rotatedFiles(f.path) {
		if slices.Contains(l.seen, identify(r.info)) || isOpen(f, r.info) || current != nil && os.SameFile(r.info, current.info) {
			continue
		}
		g, err := openLog(r.path)
		if err != nil {
			continue // it was removed or compressed meanwhile
		}
		isCopy := func(other *generation) bool { return other.print.Length > 0 && other.print.matches(g.File) }
		if slices.ContainsFunc(f.open, isCopy) {
			_ = g.Close() // its lines are read from the original
			continue
		}
		f.add(g)
	}
}

func (l *logFile) replaced(f *file, info os.FileInfo) error {
	var current *generation
	if info != nil {
		var err error
		if current, err = openLog(f.path); err != nil {
			return advise(err)
		}
	}
	l.addSkipped(f, current)
	l.addCurrent(f, current)
	return nil
}

// check detects that the file was truncated. What was not read before may still
// be in a copy of it.
func (l *logFile) check(f *file, g *generation) bool {
	info, err := g.Stat()
	if err != nil || info.Size() >= g.offset && g.print.matches(g.File) {
		return false
	}
	for _, r := range rotatedFiles(f.path) {
		if isOpen(f, r.info) || g.print.Length == 0 {
			continue
		}
		if rest := openAt(r.path, position{Offset: g.offset, Print: g.print}); rest != nil {
			rest.final = true
			f.open = slices.Insert(f.open, slices.Index(f.open, g), rest)
			break
		}
	}
	g.offset, g.partial, g.print = 0, false, fingerprint{}
	l.addCurrent(f, nil)
	return true
}

func (l *logFile) consumed(f *file, g *generation) error {
	if g.print.Length < min(g.offset, printLength) {
		if longer, err := takePrint(g.File, g.offset); err == nil {
			g.print = longer
		}
	}
	if f.now().Sub(l.saved) >= saveInterval {
		l.save(f)
	}
	return nil
}

func (l *logFile) done(f *file) error {
	l.save(f)
	return nil
}

func (l *logFile) close(f *file) error {
	l.save(f)
	return nil
}

// save writes the state file. If that fails, reading goes on.
func (l *logFile) save(f *file) {
	if l.state == "" || len(f.open) == 0 {
		return
	}
	positions := make([]position, 0, len(f.open))
	for _, g := range f.open {
		positions = append(positions, position{identify(g.info), g.offset, g.print})
	}
	l.warn(f, saveState(l.state, state{stateVersion, positions, l.seen}))
	l.saved = f.now()
}

func (l *logFile) warn(f *file, err error) {
	f.count(func(s *Stats) {
		s.Warning = ""
		if err != nil {
			s.Warning = "the position is not kept across restarts: " + err.Error()
		}
	})
}

// openLog opens a log file at its beginning.
func openLog(path string) (*generation, error) {
	g, err := openFile(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if g.print, err = takePrint(g.File, g.info.Size()); err != nil {
		_ = g.Close() // it was not read
		return nil, err
	}
	return g, nil
}

// openAt opens a file at a position, or returns nil if its content is another or
// it has been read to its end.
func openAt(path string, p position) *generation {
	g, err := openFile(path, os.O_RDONLY)
	if err != nil {
		return nil
	}
	if g.info.Size() < p.Offset || !p.Print.matches(g.File) {
		_ = g.Close() // it was not read
		return nil
	}
	g.offset, g.print = p.Offset, p.Print
	return g
}

// findPosition opens the file that a position is in: the same one, which may have
// been renamed, or a copy of it. It returns nil if neither exists.
func findPosition(path string, p position) *generation {
	candidates := rotatedFiles(path)
	if info, err := os.Stat(path); err == nil {
		candidates = append(candidates, rotated{path, info})
	}
	for _, c := range candidates {
		if identify(c.info) == p.identity {
			if g := openAt(c.path, p); g != nil {
				return g
			}
		}
	}
	if p.Print.Length == 0 {
		return nil // every file would match
	}
	for _, c := range candidates {
		if g := openAt(c.path, p); g != nil {
			g.final = true
			return g
		}
	}
	return nil
}
