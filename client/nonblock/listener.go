package nonblock

import "net"

// Listener returns a listener whose connections went through [Conn]. It takes
// the given one over.
func Listener(listener net.Listener) net.Listener { return wrappedListener{listener} }

type wrappedListener struct{ net.Listener }

// Accept implements [net.Listener].
func (l wrappedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Conn(conn), nil
}
