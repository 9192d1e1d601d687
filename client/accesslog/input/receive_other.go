//go:build !linux

package input

import "sync"

// receiver receives one message at a time.
type receiver struct {
	conn   packetConn
	length int
	buffer [maxMessage]byte
}

func newReceiver(conn packetConn) (*receiver, error) { return &receiver{conn: conn}, nil }

// wait waits for a message. Without an error the lock is held.
func (r *receiver) wait(mu *sync.Mutex) (int, error) {
	n, err := r.conn.Read(r.buffer[:])
	if err != nil {
		return 0, err
	}
	mu.Lock()
	r.length = n
	return 1, nil
}

// poll receives nothing: Run does.
func (r *receiver) poll() (int, error) { return 0, nil }

func (r *receiver) message(int) (text []byte, cut bool) {
	return r.buffer[:r.length], r.length == maxMessage
}

// setBuffer sets the size of the receive buffer. What the system allows is unknown.
func (r *receiver) setBuffer(size int) (int64, error) { return 0, r.conn.SetReadBuffer(size) }

func (r *receiver) memory() (queued int64, dropped uint32, known bool) { return 0, 0, false }
