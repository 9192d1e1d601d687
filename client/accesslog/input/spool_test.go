//go:build unix

package input

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func openSpool(t *testing.T, path string) (*reader, *spool) {
	t.Helper()
	f := newSpool(path)
	s := f.keeper.(*spool)
	return open(t, f), s
}

func allocated(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return allocatedBytes(info)
}

// The spool file is created before it is read for the first time: nginx may start in
// between.
func TestSpoolCreateAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	in, err := NewSpool(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // nothing was read
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o666 {
		t.Fatalf("%v, %v", info, err)
	}
	missing, err := NewSpool(filepath.Join(t.TempDir(), "missing", "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer missing.Close() //nolint:errcheck // nothing was read
}

// The exporter creates the spool file for all users, whatever its umask.
func TestSpoolCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	r, _ := openSpool(t, path)
	r.look(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o666 {
		t.Fatalf("%v, %v", info, err)
	}
	r, _ = openSpool(t, filepath.Join(t.TempDir(), "missing", "access.log"))
	if err := r.Read(t.Context(), r.deliver); err == nil || !strings.Contains(err.Error(), "create the directory ") {
		t.Errorf("got %v", err)
	}
}

// Space is given back behind the reader, and a reader without any state goes on
// where the last one ended, even within a line.
func TestSpoolRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	const rounds, lines = 20, 3_000
	seen, all := map[string]int{}, []string(nil)
	for range rounds {
		log.write(lines)
		if _, err := log.WriteString(line(log.next)[:10]); err != nil {
			t.Fatal(err)
		}
		r, _ := openSpool(t, path)
		r.seen, r.all = seen, all
		r.look(t)
		if _, err := log.WriteString(line(log.next)[10:] + "\n"); err != nil {
			t.Fatal(err)
		}
		log.next++
		all = r.all
		// A process that is killed closes its files and does nothing else.
		for _, g := range r.Input.(*file).open {
			_ = g.Close()
		}
	}
	r, _ := openSpool(t, path)
	r.seen, r.all = seen, all
	r.Input.(*file).stats.Lines = uint64(len(all))
	r.want(t, 0, rounds*(lines+1))
	if got := allocated(t, path); got > 64<<10 {
		t.Errorf("%d bytes are in use", got)
	}
}

// Each spool file has one reader.
func TestSpoolShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	log.write(5)
	first, _ := openSpool(t, path)
	first.want(t, 0, 5)
	second, _ := openSpool(t, path)
	if err := second.Read(t.Context(), second.deliver); err == nil || !strings.Contains(err.Error(), "is read by another process") {
		t.Fatalf("got %v", err)
	}
	_ = first.Close()
	log.write(5)
	second.want(t, 5, 10)
}

// The file can be renamed, removed and truncated at any time.
func TestSpoolReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	r, _ := openSpool(t, path)
	for range 3 {
		log.write(10)
		r.want(t, 0, log.next)
		log.write(10)
		rename(t, path, path+".1")
		log.write(10)
		r.want(t, 0, log.next)
		log.write(10)
		log.reopen(path) // which the exporter has created
		log.write(10)
		r.want(t, 0, log.next)
		mustRemove(t, path)
		log.write(10)
		r.want(t, 0, log.next)
		log.reopen(path)
		if got := r.Stats().Truncated; got != 0 {
			t.Errorf("truncated %d times", got)
		}
	}
	log.write(100)
	r.want(t, 0, log.next)
	before := r.Stats().Truncated
	if err := log.Truncate(0); err != nil {
		t.Fatal(err)
	}
	log.write(10)
	r.want(t, 0, log.next)
	if got := r.Stats().Truncated - before; got != 1 {
		t.Errorf("truncated %d times", got)
	}
	if err := log.Truncate(0); err != nil {
		t.Fatal(err)
	}
	log.write(1000) // longer than before
	r.want(t, 0, log.next)
}

// An empty file that has become too large is truncated, and one on a file system
// without holes as soon as it has been read.
func TestSpoolTruncates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	r, s := openSpool(t, path)
	s.limit = 1 << 20
	for log.next < 50_000 {
		log.write(5000)
		r.want(t, 0, log.next)
		if info, err := os.Stat(path); err != nil || info.Size() > 2<<20 {
			t.Fatal(info.Size(), err)
		}
	}
	s.punch = func(*generation, int64, int64) error { return errors.ErrUnsupported }
	s.limit = 1 << 20
	for log.next < 100_000 {
		log.write(5000)
		r.want(t, 0, log.next)
	}
	if got := allocated(t, path); got > 2<<20 {
		t.Errorf("%d bytes are in use", got)
	}
	if got := r.Stats(); !strings.Contains(got.Warning, "cannot punch holes") || got.Truncated != 0 {
		t.Errorf("%+v", got)
	}
	log.write(5)
	r.want(t, 0, log.next)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Error("a spool without holes is not empty at the end", err)
	}
}

// Without permission to punch, lines from before the start are not counted, and it
// says what to do.
func TestSpoolDenied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	log.write(10)
	r, s := openSpool(t, path)
	s.punch = func(*generation, int64, int64) error { return syscall.EPERM }
	r.want(t, 0, 10)
	log.write(10)
	r.want(t, 0, 20)
	if got := r.Stats().Warning; !strings.Contains(got, "disk space is not given back") {
		t.Errorf("warning %q", got)
	}
}

// A scrape reads as much of a backlog as it has time for; the next one goes on.
func TestSpoolBacklog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log := create(t, path)
	log.write(30_000) // several batches
	r, _ := openSpool(t, path)
	for batches := 1; len(r.all) < 30_000; batches++ {
		ctx, cancel := context.WithCancel(t.Context())
		err := r.Read(ctx, func(lines Lines) {
			r.deliver(lines)
			cancel()
		})
		cancel()
		if backlog := r.Stats().Backlog; err != nil || (backlog == 0) != (len(r.all) == 30_000) || batches > 10 {
			t.Fatalf("%d lines after %d batches, %d bytes are left, error %v", len(r.all), batches, backlog, err)
		}
	}
	r.want(t, 0, 30_000)
}

// While one goroutine reads a backlog, scrapes do not wait beyond their time.
func TestSpoolBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	create(t, path).write(10)
	r, _ := openSpool(t, path)
	err := r.Read(t.Context(), func(lines Lines) {
		r.deliver(lines)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := r.Read(ctx, func(Lines) { t.Error("two goroutines read") }); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.want(t, 0, 10)
}

// A closed input is not opened again.
func TestClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	create(t, path).write(10)
	for _, in := range []*reader{open(t, newSpool(path)), openLogFile(t, path, "")} {
		for range 2 {
			if err := in.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := in.Read(t.Context(), in.deliver); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
}
