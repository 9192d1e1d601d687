//go:build linux && (amd64 || arm64)

package nonblock

import (
	"io"
	"net"
	"testing"
)

// Who moves much announces a call now and then, whatever the pieces.
func TestMuchIsAnnounced(t *testing.T) {
	t.Parallel()
	for _, piece := range []int{1 << 10, 4 << 10, 16 << 10, unannounced} {
		var direction transfer
		p := make([]byte, piece)
		silent, calls := 0, 0
		for direction.begin(p) {
			direction.moved = piece
			if n, err := direction.end(nil); n != piece || err != nil {
				t.Fatalf("%d moved, %v", n, err)
			}
			silent += piece
			if calls++; calls > unannounced {
				t.Fatal("nothing is ever announced")
			}
		}
		if silent != unannounced {
			t.Errorf("in pieces of %d, %d bytes went before one was announced", piece, silent)
		}
		if !direction.begin(p) {
			t.Errorf("in pieces of %d, all are announced after the first", piece)
		}
	}
	var direction transfer
	for range 2 {
		if direction.begin(make([]byte, unannounced+1)) {
			t.Error("a large piece is not announced")
		}
	}
}

// Usual calls are not announced, and leave nothing behind.
func TestUsualCallsAreSilent(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it has done its work
	dialled, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := Listener(listener).Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = accepted.Close(), dialled.Close() }() // everything was said
	near, far := Conn(dialled).(*wrapped), accepted.(*wrapped)
	const page = 5000
	if _, err := near.Write(make([]byte, page)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, page)); err != nil {
		t.Fatal(err)
	}
	if near.writing.silent != page || far.reading.silent != page {
		t.Errorf("%d bytes written and %d read went unannounced, of %d", near.writing.silent, far.reading.silent, page)
	}
	if near.writing.left != nil || far.reading.left != nil {
		t.Error("what was written or read is kept alive")
	}
}
