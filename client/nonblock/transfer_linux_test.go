package nonblock

import "testing"

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
