//go:build linux

package blackbox_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
)

// root is a folder that is all that a child can see of the file system.
type root struct{ directory string }

// newRoot makes a root with the program in it and nothing else.
func newRoot(tb testing.TB) *root {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Fatal("this case confines the exporter, which only root may do: run the tests as root")
	}
	r := &root{directory: tb.TempDir()}
	// Not a copy: a file that was just written is busy as long as a process
	// that another test forked meanwhile still has it open.
	if err := os.Link(program(tb), filepath.Join(r.directory, "nginx-exporter")); err != nil {
		tb.Fatal(err)
	}
	return r
}

func (r *root) write(tb testing.TB, path, text string) {
	tb.Helper()
	path = filepath.Join(r.directory, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // children of other users read it
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // as above
		tb.Fatal(err)
	}
}

// serve runs the exporter in the root, as a user of no rights.
func (r *root) serve(tb testing.TB, args ...string) *exporter {
	tb.Helper()
	return serveSpec(tb, r.spec(args...))
}

func (r *root) spec(args ...string) *spec {
	return &spec{args: args, path: "/nginx-exporter", attr: syscall.SysProcAttr{
		Chroot:     r.directory,
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
	}}
}

// nobody is the user of Kubernetes' restricted pods.
const nobody = 65534

// resolving is how a resolver answers.
type resolving int32

const (
	nxdomain  resolving = iota // no name exists
	mute                       // never
	answering                  // every name is 127.0.0.1
)

// resolver is a DNS server on loopback. It has port 53, since no other can be
// written into resolv.conf, on an address that nobody else has.
type resolver struct {
	address string
	mode    atomic.Int32
}

func startResolver(tb testing.TB) *resolver {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Fatal("this case needs a name server on port 53, which only root may open: run the tests as root")
	}
	for range 20 {
		r := &resolver{address: fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))}
		conn, err := new(net.ListenConfig).ListenPacket(tb.Context(), "udp", r.address+":53")
		if err != nil {
			continue
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.answer(conn)
		}()
		tb.Cleanup(func() {
			_ = conn.Close() // the goroutine sees it
			<-done
		})
		return r
	}
	tb.Fatal("no address of loopback has its port 53 free")
	return nil
}

func (r *resolver) answer(conn net.PacketConn) {
	question := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(question)
		if err != nil {
			return
		}
		if mode := resolving(r.mode.Load()); mode != mute {
			_, _ = conn.WriteTo(reply(question[:n], mode), from) // who asked may have left
		}
	}
}

// reply makes an answer to a question, of RFC 1035.
func reply(question []byte, mode resolving) []byte {
	const header, typeA = 12, 1
	end := header
	for end < len(question) && question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the root label, the type, the class
	if end > len(question) {
		return nil
	}
	answer := append([]byte(nil), question[:end]...)
	answer[2], answer[3] = 0x84, 0 // an answer with authority
	copy(answer[4:header], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	switch {
	case mode == nxdomain:
		answer[3] = 3
	case binary.BigEndian.Uint16(answer[end-4:]) == typeA:
		answer[7] = 1
		answer = append(answer, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return answer
}
