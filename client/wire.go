package client

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// wire is a round tripper for HTTP/1.1 without TLS to one address. It speaks
// on the caller's goroutine, where http.Transport hands each request to one
// goroutine and takes the answer from another: that is half of what a scrape
// of a status page costs (BenchmarkTransports). Requests and answers are
// written and read by net/http, so both understand the same answers.
type wire struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	address string

	mu     sync.Mutex
	idle   []*wireConn // the last one was used last
	closer *time.Timer // closes what stayed idle for long
	closed bool        // nothing is kept until the next request
}

const (
	maxHeader    = 64 << 10
	maxIdle      = 8
	idleTime     = 2 * time.Minute
	maxInformals = 8 // answers with status 1xx before the real one
)

// wireConn is one connection with its buffers.
type wireConn struct {
	net.Conn
	reader *bufio.Reader
	writer *bufio.Writer
	budget int64 // bytes that may still be read, while an answer's header is
	broken error // what the last read failed with
}

var errEndlessHeader = errors.New("the header of the answer has no end")

// Read implements [io.Reader] within the budget.
func (c *wireConn) Read(p []byte) (int, error) {
	if c.budget <= 0 {
		c.broken = errEndlessHeader
		return 0, c.broken
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.budget)])
	c.budget -= int64(n)
	c.broken = err
	return n, err
}

// why returns what broke an answer off. The readers of net/http take what came
// before for all there is, and may call that malformed.
func (c *wireConn) why(err error) error {
	if c.broken != nil && !errors.Is(c.broken, io.EOF) {
		return c.broken
	}
	return err
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, trace := request.Context(), httptrace.ContextClientTrace(request.Context())
	if err := ctx.Err(); err != nil {
		return nil, err // a kept connection would take the request all the same
	}
	conn, reused, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	trace.GotConn(httptrace.GotConnInfo{Conn: conn, Reused: reused})
	// Whatever ends the context ends what the connection waits for. Nothing
	// may set a deadline from here on: it would undo this one.
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	response, err := conn.exchange(request, trace)
	if err != nil {
		release()
		_ = conn.Close() // the exchange's error is the one to tell
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	response.Body = &wireBody{
		ReadCloser: response.Body, wire: w, conn: conn, cause: ctx.Err, release: release, keep: !response.Close,
	}
	return response, nil
}

// connect returns a connection with the deadline of the context, a kept one if
// nothing has happened on it.
func (w *wire) connect(ctx context.Context) (conn *wireConn, reused bool, err error) {
	deadline, _ := ctx.Deadline()
	for {
		conn := w.take()
		if conn == nil {
			break
		}
		// The deadline of the request before has passed by now, and nothing
		// can be seen of a connection whose deadline has passed.
		if conn.SetDeadline(deadline) == nil && conn.reader.Buffered() == 0 && quiet(conn.Conn) {
			return conn, true, nil
		}
		_ = conn.Close() // nginx has closed it, or sent what nobody asked for
	}
	opened, err := w.dial(ctx, "tcp", w.address)
	if err != nil {
		return nil, false, err
	}
	if err := opened.SetDeadline(deadline); err != nil {
		_ = opened.Close() // the first error is the one to tell
		return nil, false, err
	}
	conn = &wireConn{Conn: opened}
	conn.reader, conn.writer = bufio.NewReader(conn), bufio.NewWriter(opened)
	return conn, false, nil
}

// exchange sends the request and reads the header of the answer.
func (c *wireConn) exchange(request *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	c.budget = maxHeader
	err := request.Write(c.writer)
	if err == nil {
		err = c.writer.Flush()
	}
	trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	if err != nil {
		return nil, err
	}
	if _, err := c.reader.Peek(1); err != nil {
		return nil, err
	}
	trace.GotFirstResponseByte()
	for range maxInformals {
		response, err := http.ReadResponse(c.reader, request)
		if err != nil {
			return nil, fmt.Errorf("the answer is broken: %w", c.why(err))
		}
		if informal := response.StatusCode < 200; !informal || response.StatusCode == http.StatusSwitchingProtocols {
			c.budget = 1<<63 - 1 // the body is bounded by who reads it
			return response, nil
		}
	}
	return nil, errors.New("the answer has no final status")
}

func (w *wire) take() *wireConn {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = false
	last := len(w.idle) - 1
	if last < 0 {
		return nil
	}
	conn := w.idle[last]
	w.idle = w.idle[:last]
	return conn
}

func (w *wire) put(conn *wireConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.idle) == maxIdle {
		_ = conn.Close() // nobody wants it
		return
	}
	w.idle = append(w.idle, conn)
	if w.closer == nil {
		w.closer = time.AfterFunc(idleTime, w.CloseIdleConnections)
	} else {
		w.closer.Reset(idleTime)
	}
}

// CloseIdleConnections closes the connections that no request uses. Those of
// requests under way close after them, unless another request comes before.
func (w *wire) CloseIdleConnections() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.idle {
		_ = conn.Close() // nothing is under way on it
	}
	w.idle, w.closed = nil, true
	if w.closer != nil {
		w.closer.Stop()
	}
}

// wireBody is the body of an answer. Once it was read to its end, its
// connection can serve again.
type wireBody struct {
	io.ReadCloser
	wire    *wire
	conn    *wireConn
	cause   func() error // what ended the context, if that was it
	release func() bool  // stops the watch on the context; false if it has struck
	keep    bool         // the other side keeps the connection
	ended   bool
	closed  bool
}

// Read implements [io.Reader].
func (b *wireBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || errors.Is(err, io.EOF)
	if err == nil || b.ended {
		return n, err
	}
	return n, cmp.Or(b.cause(), b.conn.why(err))
}

// Close implements [io.Closer].
func (b *wireBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	if b.release() && b.keep && b.ended {
		b.wire.put(b.conn)
		return nil
	}
	return b.conn.Close()
}
