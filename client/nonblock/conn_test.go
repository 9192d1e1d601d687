package nonblock_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/client/nonblock"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair returns both ends of a connection, the first of them wrapped.
func pair(tb testing.TB, network string, wrap func(net.Conn) net.Conn) (near, far net.Conn) {
	tb.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		// A path below tb.TempDir can be too long for a socket.
		folder, err := os.MkdirTemp("", "pair") //nolint:usetesting // a longer path does not fit a socket
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = os.RemoveAll(folder) }) // in the system's own folder for such things
		address = filepath.Join(folder, "s")
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), network, address)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it has done its work
	dialled, err := (&net.Dialer{}).DialContext(tb.Context(), network, listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	far, err = listener.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	near = wrap(dialled)
	for _, end := range []net.Conn{near, far} {
		if err := end.SetDeadline(time.Now().Add(patience)); err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = end.Close() }) // some tests close it themselves
	}
	return near, far
}

func plain(conn net.Conn) net.Conn { return conn }

// outcome is what a call returned, with the ports left out.
func outcome(n int, err error) string {
	parts := []any{n, "bytes"}
	for _, known := range []error{io.EOF, os.ErrDeadlineExceeded, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, known) {
			parts = append(parts, "which is", known)
		}
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		parts = append(parts, "a time-out")
	}
	if err != nil {
		parts = append(parts, regexp.MustCompile(`127\.0\.0\.1:\d+|/\S+/s`).ReplaceAllString(err.Error(), "ADDRESS"))
	}
	return fmt.Sprintln(parts...)
}

// A wrapped connection does what the connection itself would do.
func TestConnIsThatOfPackageNet(t *testing.T) {
	t.Parallel()
	p := make([]byte, 64)
	for name, scene := range map[string]func(near, far net.Conn) (int, error){
		"read": func(near, far net.Conn) (int, error) {
			_, err := far.Write([]byte("hello"))
			return read(near, p, err)
		},
		"read nothing": func(near, _ net.Conn) (int, error) { return near.Read(nil) },
		"read at the end": func(near, far net.Conn) (int, error) {
			return read(near, p, far.Close())
		},
		"read after half a close": func(near, far net.Conn) (int, error) {
			if err := near.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				return 0, err
			}
			if n, err := far.Read(p); n != 0 || !errors.Is(err, io.EOF) {
				return n, fmt.Errorf("the other end is told: %w", err)
			}
			_, err := far.Write([]byte("still there"))
			return read(near, p, err)
		},
		"read in vain": func(near, _ net.Conn) (int, error) {
			return read(near, p, near.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		},
		"read too late": func(near, _ net.Conn) (int, error) {
			return read(near, p, near.SetDeadline(time.Unix(1, 0)))
		},
		"read what is closed": func(near, _ net.Conn) (int, error) {
			return read(near, p, near.Close())
		},
		"read after a reset": func(near, far net.Conn) (int, error) {
			return read(near, p, reset(far))
		},
		"read twice after a reset": func(near, far net.Conn) (int, error) {
			_, _ = read(near, p, reset(far)) // which takes the reset
			return near.Read(p)
		},
		"write":         func(near, _ net.Conn) (int, error) { return near.Write([]byte("hello")) },
		"write nothing": func(near, _ net.Conn) (int, error) { return near.Write(nil) },
		"write too late": func(near, _ net.Conn) (int, error) {
			return write(near, near.SetDeadline(time.Unix(1, 0)))
		},
		"write to what is closed": func(near, _ net.Conn) (int, error) {
			return write(near, near.Close())
		},
		"write after a reset": func(near, far net.Conn) (int, error) {
			// The read takes the reset, so that the write finds a broken pipe.
			_, _ = read(near, p, reset(far))
			return write(near, nil)
		},
	} {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(name+"/"+network, func(t *testing.T) {
				want := outcome(scene(pair(t, network, plain)))
				if got := outcome(scene(pair(t, network, nonblock.Conn))); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

// read and write are steps after another one.
func read(conn net.Conn, p []byte, before error) (int, error) {
	if before != nil {
		return 0, before
	}
	return conn.Read(p)
}

func write(conn net.Conn, before error) (int, error) {
	if before != nil {
		return 0, before
	}
	return conn.Write([]byte("hello"))
}

// reset closes a connection that nobody may write to any more. A unix socket
// does that if something is left to be read.
func reset(conn net.Conn) error {
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		if err := tcp.SetLinger(0); err != nil {
			return err
		}
	}
	return conn.Close()
}

// A reader that takes its time gets every byte, in order: the writer waits
// whenever the kernel takes no more.
func TestConnMovesEverything(t *testing.T) {
	t.Parallel()
	sent := make([]byte, 4<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(sent) // never fails
	for _, network := range []string{"tcp", "unix"} {
		for _, chunk := range []int{1 << 10, 16 << 10, 48 << 10, 1 << 20} {
			t.Run(fmt.Sprintf("%s/%d", network, chunk), func(t *testing.T) {
				t.Parallel()
				near, far := pair(t, network, nonblock.Conn)
				written := make(chan error, 1)
				go func() { written <- writeInChunks(near, sent, chunk) }()
				got, err := io.ReadAll(nonblock.Conn(far))
				if err := errors.Join(err, <-written); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, sent) {
					t.Errorf("%d bytes came of %d, or others", len(got), len(sent))
				}
			})
		}
	}
}

func writeInChunks(conn net.Conn, p []byte, size int) error {
	for chunk := range slices.Chunk(p, size) {
		if _, err := conn.Write(chunk); err != nil {
			return err
		}
	}
	return conn.Close()
}

// A write that the deadline ends says how much went out before.
func TestConnTellsWhatWasWritten(t *testing.T) {
	t.Parallel()
	near, far := pair(t, "tcp", nonblock.Conn)
	if err := near.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for {
		n, err := near.Write(make([]byte, 16<<10))
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.Copy(io.Discard, far); err != nil || got != int64(sent) {
		t.Errorf("%d bytes came (%v), the writer says %d", got, err, sent)
	}
}

// Closing a connection ends the calls that wait on it, those before which
// another one waits included.
func TestConnClosesUnderCalls(t *testing.T) {
	near, _ := pair(t, "tcp", nonblock.Conn)
	const readers = 3
	ended := make(chan error, readers)
	for range readers {
		go func() {
			_, err := near.Read(make([]byte, 1))
			ended <- err
		}()
	}
	awaitParked(t, "nonblock.(*wrapped).Read", readers)
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	for range readers {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a read ended with %v", err)
		}
	}
}

// awaitParked waits until so many goroutines wait in a function.
func awaitParked(tb testing.TB, function string, count int) {
	tb.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for {
		stacks := make([]byte, 1<<20)
		waiting := 0
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			head, _, _ := strings.Cut(stack, "\n")
			if strings.Contains(stack, function) && (strings.Contains(head, "[IO wait") || strings.Contains(head, "[sync.Mutex.Lock")) {
				waiting++
			}
		}
		if waiting == count {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			tb.Fatalf("%d goroutines wait in %s, want %d", waiting, function, count)
		}
	}
}

// Calls at the same time take turns: what one writes stays together, large or
// small.
func TestConnIsShared(t *testing.T) {
	t.Parallel()
	const writers, records = 4, 50
	near, far := pair(t, "tcp", nonblock.Conn)
	far = nonblock.Conn(far)
	written := make(chan error, writers)
	for i := range writers {
		size := 9000 * (1 + i*4) // some go past the scheduler, some do not
		record := append(binary.BigEndian.AppendUint32(nil, uint32(size)), bytes.Repeat([]byte{byte(i)}, size)...)
		go func() { written <- writeOften(near, record, records) }()
	}
	seen := [writers]int{}
	for range writers * records {
		var head [4]byte
		if _, err := io.ReadFull(far, head[:]); err != nil {
			t.Fatal(err)
		}
		record := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(far, record); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(record, bytes.Repeat(record[:1], len(record))) {
			t.Fatal("records are mixed")
		}
		seen[record[0]]++
	}
	for range writers {
		if err := <-written; err != nil {
			t.Fatal(err)
		}
	}
	if seen != [writers]int{records, records, records, records} {
		t.Errorf("records by writer: %v", seen)
	}
}

func writeOften(conn net.Conn, record []byte, times int) error {
	for range times {
		if _, err := conn.Write(record); err != nil {
			return err
		}
	}
	return nil
}

func TestWhatIsNoSocketStaysAsItIs(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }() // a pipe has nothing to lose
	if got := nonblock.Conn(near); got != near {
		t.Errorf("a pipe became %T", got)
	}
}

func TestConnDoesNotAllocate(t *testing.T) {
	near, far := pair(t, "tcp", nonblock.Conn)
	far = nonblock.Conn(far)
	p := make([]byte, 64)
	if got := testing.AllocsPerRun(1000, func() {
		if _, err := near.Write(p); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, p); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("a round trip allocates %v times", got)
	}
}
