package input

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// batchSize is how much of a file is delivered at once, in bytes. It is also the
	// maximum length of a line: nginx limits each client-controlled part of a request
	// to 8 KiB by default and escapes a byte as four.
	batchSize = 256 << 10

	// tickInterval is how often Run checks a file.
	tickInterval = 5 * time.Second

	// maxIdle is after which time without Read a file is read by Run, and maxBacklog
	// above how many unread bytes. With scrapes at usual intervals neither applies,
	// so that requests counted before the exporter ends have been exposed.
	maxIdle    = time.Minute
	maxBacklog = 8 << 20

	// replacedGrace is for how long a replaced file without new lines is read after
	// its successor has lines: workers of nginx reopen logs one after the other.
	replacedGrace = time.Minute

	// maxGenerations bounds the files that are read at the same time.
	maxGenerations = 64
)

// file reads the lines of a log file and its replacements. What distinguishes spool
// and ordinary log files is in its keeper.
type file struct {
	path   string
	keeper keeper
	now    func() time.Time
	tick   time.Duration

	// reading has room for the goroutine that reads. Others wait for it until their
	// context ends, which a mutex cannot do.
	reading chan struct{}
	buffer  []byte
	open    []*generation // oldest first; the last one is at the path, unless it was removed
	closed  bool

	mu    sync.Mutex // guards stats and read
	stats Stats
	read  time.Time // when Read was last called
}

// keeper decides what happens before and after reading a file. Its methods are
// called by the goroutine that reads.
type keeper interface {
	// start opens the files to read at first. It is called until it succeeds.
	start(f *file) error

	// replaced opens what is at the path now, and what was there for a moment since
	// the last call. The path is missing if info is nil.
	replaced(f *file, info os.FileInfo) error

	// check corrects the position if the file was truncated, and returns whether it
	// was.
	check(f *file, g *generation) bool

	// consumed is called after lines were delivered.
	consumed(f *file, g *generation) error

	// done is called when all lines so far were delivered.
	done(f *file) error

	close(f *file) error
}

// generation is one of the files that were at the path.
type generation struct {
	*os.File
	info     os.FileInfo
	offset   int64 // everything before was delivered
	partial  bool  // what follows is the rest of an oversized line
	drained  time.Time
	print    fingerprint // of ordinary files
	final    bool        // nothing is appended: it is the copy of a truncated file
	writable bool
}

func newFile(path string, k keeper) *file {
	return &file{path: path, keeper: k, now: time.Now, tick: tickInterval, reading: make(chan struct{}, 1)}
}

// Run implements [Input].
func (f *file) Run(ctx context.Context, deliver func(Lines)) {
	ticker := time.NewTicker(f.tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if f.due() {
			_ = f.Read(ctx, deliver) // the next scrape reports its error
		}
	}
}

// due reports whether the file should be read without a scrape.
func (f *file) due() bool {
	f.mu.Lock()
	idle := f.now().Sub(f.read) >= maxIdle
	f.mu.Unlock()
	if idle {
		return true
	}
	select {
	case f.reading <- struct{}{}:
	default:
		return false
	}
	defer func() { <-f.reading }()
	if len(f.open) == 0 {
		return false
	}
	current := f.open[len(f.open)-1]
	info, err := os.Stat(f.path)
	return err != nil || !os.SameFile(info, current.info) || info.Size()-current.offset >= maxBacklog
}

// Read implements [Input]. It uses at most half of the time that ctx has, so that
// the counts can still be exposed.
func (f *file) Read(ctx context.Context, deliver func(Lines)) error {
	if deadline, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	select {
	case f.reading <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-f.reading }()
	if f.closed {
		return os.ErrClosed // it must not be opened again
	}
	err := f.readAll(ctx, deliver)
	f.measure(err)
	return err
}

func (f *file) readAll(ctx context.Context, deliver func(Lines)) error {
	if f.buffer == nil {
		f.buffer = make([]byte, batchSize)
	}
	err := f.look()
	for _, g := range slices.Clone(f.open) {
		if f.keeper.check(f, g) {
			f.count(func(s *Stats) { s.Truncated++ })
		}
	}
	for _, g := range f.open {
		if err := f.readLines(ctx, g, deliver); err != nil {
			return err
		}
	}
	if err != nil || len(f.open) == 0 {
		return err
	}
	if ctx.Err() == nil {
		f.retire(deliver)
	}
	return f.keeper.done(f)
}

// look opens the file at the path if it is not the one that is read.
func (f *file) look() error {
	info, err := os.Stat(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return advise(err)
	}
	if err == nil {
		if err := checkRegular(f.path, info); err != nil {
			return err
		}
	} else {
		info = nil
	}
	if len(f.open) == 0 {
		return f.keeper.start(f)
	}
	if info != nil && os.SameFile(info, f.open[len(f.open)-1].info) {
		return nil
	}
	before := f.open[len(f.open)-1]
	err = f.keeper.replaced(f, info)
	if f.open[len(f.open)-1] != before {
		f.count(func(s *Stats) { s.Rotated++ })
	}
	return err
}

// add appends a generation, as the newest.
func (f *file) add(g *generation) {
	f.open = append(f.open, g)
}

// readLines delivers the complete lines of a file.
func (f *file) readLines(ctx context.Context, g *generation, deliver func(Lines)) error {
	for ctx.Err() == nil {
		n, err := g.ReadAt(f.buffer, g.offset)
		if n == 0 {
			return ignoreEOF(err)
		}
		text := f.buffer[:n]
		zeros := len(text) - len(bytes.TrimLeft(text, "\x00"))
		g.offset += int64(zeros)
		if zeros == n {
			g.offset = nextData(g.File, g.offset)
		} else if taken := f.take(g, text[zeros:], deliver); taken > 0 {
			g.offset += int64(taken)
			g.drained = time.Time{}
			if err := f.keeper.consumed(f, g); err != nil {
				return err
			}
		}
		if err != nil {
			return ignoreEOF(err)
		}
	}
	return nil
}

// ignoreEOF returns errors other than that of a file which was read to its end.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// take delivers the complete lines of text and returns their length.
func (f *file) take(g *generation, text []byte, deliver func(Lines)) int {
	end := bytes.LastIndexByte(text, '\n') + 1
	if g.partial && end > 0 { // skip to the end of the oversized line
		rest := bytes.IndexByte(text, '\n') + 1
		g.partial = false
		if rest < end {
			f.deliver(text[rest:end], deliver)
		}
		return end
	}
	if end > 0 {
		f.deliver(text[:end], deliver)
		return end
	}
	if len(text) < len(f.buffer) {
		return 0 // the rest of the line is not written yet
	}
	if !g.partial {
		f.count(func(s *Stats) { s.Oversized++ })
	}
	g.partial = true
	return len(text)
}

// deliver delivers complete lines.
func (f *file) deliver(text []byte, deliver func(Lines)) {
	var lines, size uint64
	deliver(func(yield func([]byte) bool) {
		for rest := text; len(rest) > 0; {
			end := bytes.IndexByte(rest, '\n')
			line := rest[:end]
			rest = rest[end+1:]
			if line = trimLine(line); len(line) == 0 {
				continue
			}
			lines++
			size += uint64(len(line)) + 1
			if !yield(line) {
				return
			}
		}
	})
	f.count(func(s *Stats) {
		s.Lines += lines
		s.Bytes += size
		if lines > 0 {
			s.LastLine = f.now()
		}
	})
}

// trimLine removes zeros at the beginning, which a truncated or punched file has,
// and the carriage return of a Windows line end.
func trimLine(line []byte) []byte {
	if len(line) > 0 && line[0] == 0 {
		line = bytes.TrimLeft(line, "\x00")
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// retire closes replaced files that have no new lines for a while although their
// successors have. Their last line is complete even without a line end.
func (f *file) retire(deliver func(Lines)) {
	keep := f.open[:0:0]
	for i, g := range f.open {
		last := i == len(f.open)-1 && !g.final
		if !last && g.drained.IsZero() && f.open[i+1].offset > 0 {
			g.drained = f.now()
		}
		old := !g.drained.IsZero() && f.now().Sub(g.drained) >= replacedGrace
		if last || !old && !g.final && len(f.open)-i <= maxGenerations {
			keep = append(keep, g)
			continue
		}
		if n, _ := g.ReadAt(f.buffer, g.offset); n > 0 && n < len(f.buffer) {
			f.deliver(append(f.buffer[:n], '\n'), deliver)
		}
		_ = g.Close() // it was only read
	}
	f.open = keep
}

func (f *file) count(add func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	add(&f.stats)
}

// measure updates what a scrape sees.
func (f *file) measure(err error) {
	var backlog, allocated int64
	for _, g := range f.open {
		if info, err := g.Stat(); err == nil {
			backlog += max(0, info.Size()-g.offset)
			allocated += allocatedBytes(info)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.Backlog, f.stats.Allocated = backlog, allocated
	if err == nil {
		f.read = f.now()
	}
}

// Stats implements [Input].
func (f *file) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

// Close implements [Input].
func (f *file) Close() error {
	f.reading <- struct{}{}
	defer func() { <-f.reading }()
	if f.closed {
		return nil
	}
	f.closed = true
	err := f.keeper.close(f)
	for _, g := range f.open {
		err = errors.Join(err, g.Close())
	}
	f.open = slices.Delete(f.open, 0, len(f.open))
	return err
}

// checkRegular refuses what cannot be read like a file.
func checkRegular(path string, info os.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return fmt.Errorf("%s is a directory, not a log file", path)
	case mode&fs.ModeNamedPipe != 0:
		return fmt.Errorf("%s is a pipe, such as /dev/stdout in a container or a FIFO: nginx stops serving when a pipe is full; "+
			"add a second access_log that writes to a file", path)
	default:
		return fmt.Errorf("%s is not a regular file; add a second access_log that writes to a file", path)
	}
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// skipToEnd makes the lines that are written from now on the first ones.
func (g *generation) skipToEnd() {
	g.offset = g.info.Size()
	last := []byte{'\n'}
	_, _ = g.ReadAt(last, g.offset-1) // an empty file has no last byte
	g.partial = last[0] != '\n'
}

// openFile opens a file without waiting for the other end if it is a pipe.
func openFile(path string, flag int) (*generation, error) {
	opened, err := os.OpenFile(path, flag|nonblock, 0) // it does not create files
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err == nil {
		err = checkRegular(path, info)
	}
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	return &generation{File: opened, info: info, writable: flag&os.O_RDWR != 0}, nil
}
