//go:build unix

package input

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// reader counts the lines that an input delivers.
type reader struct {
	Input
	seen map[string]int
	all  []string
}

func open(t *testing.T, in Input) *reader {
	t.Helper()
	t.Cleanup(func() { _ = in.Close() })
	return &reader{Input: in, seen: map[string]int{}}
}

func openLogFile(t *testing.T, path, state string) *reader {
	t.Helper()
	in, err := NewFile(path, state)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, in)
}

func (r *reader) deliver(lines Lines) {
	for line := range lines {
		r.seen[string(line)]++
		r.all = append(r.all, string(line))
	}
}

func (r *reader) look(t *testing.T) {
	t.Helper()
	if err := r.Read(t.Context(), r.deliver); err != nil {
		t.Fatal(err)
	}
}

// want reads and fails unless the lines from to were delivered once each.
func (r *reader) want(t *testing.T, from, to int) {
	t.Helper()
	r.look(t)
	for i := from; i < to; i++ {
		if n := r.seen[line(i)]; n != 1 {
			t.Fatalf("line %d of %d to %d was delivered %d times", i, from, to, n)
		}
	}
	if len(r.all) != to-from {
		t.Fatalf("%d lines, not %d; the last is %q", len(r.all), to-from, r.all[len(r.all)-1])
	}
	if got := r.Stats().Lines; got != uint64(to-from) {
		t.Errorf("Stats has %d lines, not %d", got, to-from)
	}
}

func line(i int) string { return fmt.Sprintf("line %07d of an access log", i) }

// appender writes to a log as nginx does.
type appender struct {
	*os.File
	t    *testing.T
	next int
}

func create(t *testing.T, path string) *appender {
	t.Helper()
	log := &appender{t: t}
	log.reopen(path)
	return log
}

func (a *appender) write(lines int) {
	a.t.Helper()
	var text bytes.Buffer
	for range lines {
		text.WriteString(line(a.next) + "\n")
		a.next++
	}
	if _, err := a.Write(text.Bytes()); err != nil {
		a.t.Fatal(err)
	}
}

func (a *appender) reopen(path string) {
	a.t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = file.Close() })
	a.File = file
}

func (a *appender) rename(from, to string) { a.t.Helper(); rename(a.t, from, to) }

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func (a *appender) copyTruncate(path, to string) {
	a.t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err == nil {
		err = os.Truncate(path, 0)
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// A log file is read from its end, so that old requests are not counted again.
func TestFileEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	log.write(3)
	if _, err := log.WriteString("half of a "); err != nil {
		t.Fatal(err)
	}
	r := openLogFile(t, path, "")
	if _, err := log.WriteString("line\n"); err != nil {
		t.Fatal(err)
	}
	log.write(2)
	r.want(t, 3, 5)
	if backlog := r.Stats().Backlog; backlog != 0 {
		t.Errorf("%d bytes are not read", backlog)
	}
}

// A log that nginx creates later is read from its beginning.
func TestFileAppears(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	r := openLogFile(t, path, "")
	if err := r.Read(t.Context(), r.deliver); err == nil || !strings.Contains(err.Error(), "check the path of access_log") {
		t.Fatalf("got %v", err)
	}
	log := create(t, path)
	log.write(5)
	r.want(t, 0, 5)
}

// rotations are done between two reads, with lines before, between and after their
// steps.
func rotations() map[string]func(log *appender, path string) {
	return map[string]func(*appender, string){
		"rename": func(log *appender, path string) {
			log.rename(path, path+".1")
			log.write(100) // before nginx reopens
			log.reopen(path)
		},
		"dateext": func(log *appender, path string) {
			log.rename(path, path+"-20261128")
			log.write(100)
			log.reopen(path)
		},
		"create": func(log *appender, path string) {
			log.rename(path, path+".1")
			before := log.File
			log.reopen(path)
			log.File = before
			log.write(100)
			log.reopen(path)
		},
		"twice": func(log *appender, path string) {
			log.rename(path, path+".1")
			log.reopen(path)
			log.write(100)
			log.rename(path+".1", path+".2")
			log.rename(path, path+".1")
			log.write(100)
			log.reopen(path)
		},
		"extension": func(log *appender, path string) {
			stem := strings.TrimSuffix(path, ".log")
			log.rename(path, stem+"-1.log")
			log.reopen(path)
			log.write(100)
			log.rename(path, stem+"-2.log")
			log.reopen(path)
		},
		"copytruncate": func(log *appender, path string) { log.copyTruncate(path, path+".1") },
		"truncated, then longer than before": func(log *appender, path string) {
			log.copyTruncate(path, path+".1")
			log.write(5000)
		},
		"no rotation": func(*appender, string) {},
	}
}

// No line is lost or delivered twice.
func TestFileRotation(t *testing.T) {
	for name, rotate := range rotations() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "access.log")
			decoys(t, filepath.Dir(path))
			log := create(t, path)
			log.write(7)
			r := openLogFile(t, path, "")
			r.look(t)
			for range 3 {
				log.write(100)
				r.want(t, 7, log.next)
				log.write(100)
				rotate(log, path)
				log.write(1)
			}
			r.want(t, 7, log.next)
		})
	}
}

// Nor over rotations while the exporter does not run, if it has a state file.
func TestFileRestart(t *testing.T) {
	for name, rotate := range rotations() {
		t.Run(name, func(t *testing.T) {
			path, state := filepath.Join(t.TempDir(), "access.log"), filepath.Join(t.TempDir(), "state")
			decoys(t, filepath.Dir(path))
			log := create(t, path)
			log.write(7)
			r := openLogFile(t, path, state)
			r.look(t)
			for range 3 {
				log.write(100)
				r.want(t, 7, log.next)
				log.write(100)
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				rotate(log, path)
				log.write(1)
				next := openLogFile(t, path, state)
				next.seen, next.all = r.seen, r.all
				next.Input.(*file).stats.Lines = uint64(len(r.all))
				r = next
			}
			r.want(t, 7, log.next)
		})
	}
}

// The rest of a removed file is read as long as nginx has it open.
func TestFileRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	r := openLogFile(t, path, "")
	r.look(t)
	log.write(100)
	mustRemove(t, path)
	log.write(100)
	r.look(t)
	log.write(100)
	log.reopen(path)
	log.write(100)
	r.want(t, 0, 400)
}

func mustRemove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// decoys writes files beside a log whose lines must not be read.
func decoys(t *testing.T, directory string) {
	t.Helper()
	for _, name := range []string{
		"access.log.2.gz", "access.log-20261127.gz", "access.log.3.zst", "access.log_api", "access.log.tmp", "access.log.9", "error.log", "access-api.log",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte("decoy "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A symbolic link is followed when it changes.
func TestFileSymlink(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "access.log")
	link := func(target string) {
		if err := os.Symlink(target, path+".new"); err != nil {
			t.Fatal(err)
		}
		rename(t, path+".new", path)
	}
	log := create(t, filepath.Join(directory, "log-1"))
	link("log-1")
	r := openLogFile(t, path, "")
	r.look(t)
	log.write(10)
	link("log-2")
	log.write(10)
	log.reopen(filepath.Join(directory, "log-2"))
	log.write(10)
	r.want(t, 0, 30)
}

// A line can be written in two parts, longer than a batch, or have zeros before it.
func TestFileLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	r := openLogFile(t, path, "")
	r.look(t)
	write := func(text string) {
		if _, err := log.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	write("one\r\ntwo")
	r.look(t)
	write(" parts\n\n\n")
	write(strings.Repeat("\x00", 300_000) + "zeros\n\x00\x00more\n")
	long := strings.Repeat("x", batchSize-1)
	write(long + "\n")
	write(strings.Repeat("y", 3*batchSize) + "\n")
	write(strings.Repeat("z", batchSize))
	r.look(t)
	write("\nlast\n")
	r.look(t)
	want := []string{"one", "two parts", "zeros", "more", long, "last"}
	if strings.Join(r.all, "|") != strings.Join(want, "|") {
		for _, line := range r.all {
			t.Errorf("%d bytes: %.20q", len(line), line)
		}
	}
	stats := r.Stats()
	if stats.Oversized != 2 || stats.Backlog != 0 || stats.LastLine.IsZero() {
		t.Errorf("%+v", stats)
	}
}

// Replaced files are closed once they have no new lines for a while.
func TestFileRetires(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	r := openLogFile(t, path, "")
	f := r.Input.(*file)
	now := time.Now()
	f.now = func() time.Time { return now }
	r.look(t)
	for range 5 {
		rename(t, path, path+".1")
		late := log.File
		log.reopen(path)
		log.write(1)
		r.look(t)
		now = now.Add(replacedGrace / 2)
		r.look(t)
		file := log.File
		log.File = late
		log.write(1) // by a worker that reopens late
		r.look(t)
		r.look(t)
		if got := len(f.open); got != 2 {
			t.Fatalf("%d files are open", got)
		}
		now = now.Add(replacedGrace)
		r.look(t)
		if got := len(f.open); got != 1 {
			t.Fatalf("%d files are open", got)
		}
		log.File = file
	}
	r.want(t, 0, 10)
	if got := r.Stats().Rotated; got != 5 {
		t.Errorf("rotated %d times", got)
	}
}

// Run reads a file that is not scraped: when it has been idle for long, has been
// replaced, or has many lines.
func TestFileRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	for name, test := range map[string]struct {
		clock time.Duration // by which time advances
		write func(*appender)
	}{
		"idle":     {maxIdle, func(log *appender) { log.write(1) }},
		"many":     {0, func(log *appender) { log.write(maxBacklog / len(line(0))) }},
		"replaced": {0, func(log *appender) { log.write(1); rename(t, path, path+".1"); log.reopen(path) }},
	} {
		t.Run(name, func(t *testing.T) {
			log := create(t, path)
			in, err := NewFile(path, "")
			if err != nil {
				t.Fatal(err)
			}
			f := in.(*file)
			f.tick = time.Millisecond
			now := time.Now()
			f.now = func() time.Time { now = now.Add(test.clock); return now }
			if err := f.Read(t.Context(), func(Lines) {}); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			found, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				once := sync.OnceFunc(func() { close(found) })
				f.Run(ctx, func(lines Lines) {
					for range lines {
						once()
					}
				})
			}()
			test.write(log)
			select {
			case <-found:
			case <-ctx.Done():
				t.Error("the file is not read")
			}
			stop()
			<-ended
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is not a file is refused, and never waits for the other end of a pipe.
func TestFileIrregular(t *testing.T) {
	directory := t.TempDir()
	pipe := filepath.Join(directory, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(directory, "access.log")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		pipe: "is a pipe", link: "add a second access_log", directory: "is a directory", "/dev/null": "is not a regular file",
	} {
		for _, open := range []func() (Input, error){
			func() (Input, error) { return NewFile(path, "") }, func() (Input, error) { return NewSpool(path) },
		} {
			if _, err := open(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", path, err, want)
			}
		}
	}
	later := filepath.Join(directory, "later")
	r, s := openLogFile(t, later, ""), open(t, newSpool(later))
	if err := syscall.Mkfifo(later, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, in := range []*reader{r, s} {
		if err := in.Read(t.Context(), in.deliver); err == nil || !strings.Contains(err.Error(), "is a pipe") {
			t.Errorf("got %v", err)
		}
	}
}

// An error says what to do, whatever keeps a path from being opened.
func TestFileAdvice(t *testing.T) {
	directory := t.TempDir()
	loop, dangling, file := filepath.Join(directory, "loop"), filepath.Join(directory, "dangling"), filepath.Join(directory, "file")
	for link, to := range map[string]string{loop: loop, dangling: filepath.Join(directory, "missing")} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	create(t, file)
	for path, want := range map[string]string{
		loop: "check the path", filepath.Join(file, "log"): "check the path", filepath.Join(directory, strings.Repeat("x", 300)): "check the path",
		dangling: "the symbolic link", filepath.Join(directory, "no", "log"): "", // either says what is missing
	} {
		for _, in := range []*reader{openLogFile(t, path, ""), open(t, newSpool(path))} {
			err := in.Read(t.Context(), in.deliver)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), ": ") {
				t.Errorf("%s: got %v, want %q", path, err, want)
			}
		}
	}
	if err := advise(&os.PathError{Op: "open", Path: "/log", Err: syscall.EACCES}); !strings.Contains(err.Error(), "allow the user of the exporter to read it") {
		t.Errorf("got %v", err)
	}
}

// The warning of a state file that cannot be written does not change, so that it is
// logged once.
func TestStateWarning(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "access.log")
	log := create(t, path)
	r := openLogFile(t, path, filepath.Join(directory, "missing", "state"))
	r.look(t)
	want := r.Stats().Warning
	log.write(1)
	r.look(t)
	if got := r.Stats().Warning; got != want || !strings.Contains(got, filepath.Join("missing", "state")+": no such file") {
		t.Errorf("warnings %q, %q", want, got)
	}
}

// A state file that cannot be used is reported; reading begins at the end.
func TestStateInvalid(t *testing.T) {
	directory := t.TempDir()
	path, state := filepath.Join(directory, "access.log"), filepath.Join(directory, "state")
	for _, text := range []string{"", "{}x", `{"version":2,"files":[{}]}`, "\x00\x00"} {
		log := create(t, path)
		log.write(10)
		if err := os.WriteFile(state, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f := newFile(path, &logFile{state: state})
		r := open(t, f)
		if err := f.keeper.start(f); err != nil {
			t.Fatal(err)
		}
		if got := r.Stats().Warning; !strings.Contains(got, "is not a state file of this version") {
			t.Errorf("%q: warning %q", text, got)
		}
		log.write(3)
		r.want(t, 10, 13)
		mustRemove(t, path)
	}
	r := openLogFile(t, path, filepath.Join(directory, "missing", "state"))
	create(t, path)
	r.look(t)
	if got := r.Stats().Warning; !strings.Contains(got, "the position is not kept across restarts: ") {
		t.Errorf("warning %q", got)
	}
}
