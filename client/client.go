package client

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// Options say how one target is asked.
type Options struct {
	Target Target

	// Timeout bounds a whole scrape of the target, dialling included. It must
	// be above zero.
	Timeout time.Duration

	// Mode is what the target is expected to be.
	Mode Mode

	// Host replaces the host of the URL in the Host header, if not empty.
	Host string

	// UserAgent is sent with each request, if not empty.
	UserAgent string

	// ProxyProtocol begins each connection with a PROXY protocol header.
	ProxyProtocol bool

	// HTTP has credentials, headers, the proxy and TLS. Its files are read
	// again when they change.
	HTTP promconfig.HTTPClientConfig
}

// Client asks one target over connections of its own. It is safe for
// concurrent use. Close it when it is no longer needed.
type Client struct {
	request  *http.Request
	tripper  http.RoundTripper
	requests atomic.Uint64
	readers  sync.Pool // of *document.Reader, which have large buffers
}

// New returns a client for the target of the options. Nothing is connected
// yet: nginx may come up later.
func New(options Options) (*Client, error) {
	if options.Timeout <= 0 {
		return nil, errors.New("the timeout must be above zero")
	}
	// The context is replaced at each request.
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, options.Target.url.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("the target is not a valid URL")
	}
	if options.Host != "" {
		request.Host = options.Host
	}
	if options.UserAgent != "" {
		request.Header.Set("User-Agent", options.UserAgent)
	}
	if options.Target.hasLogin {
		request.SetBasicAuth(options.Target.username, options.Target.password)
	}
	tripper, err := newTripper(&options)
	if err != nil {
		return nil, err
	}
	return &Client{request: request, tripper: tripper}, nil
}

// Requests returns how many requests the client has sent. nginx counts each of
// them among its own requests.
func (c *Client) Requests() uint64 { return c.requests.Load() }

// Close closes the idle connections. Requests under way end by themselves.
func (c *Client) Close() {
	if closer, ok := c.tripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Get requests the path of the target, or one below it, and lets read read the
// response body, decompressed, which may not be longer than limit. Its errors
// are of type [*Error]; those of read that are not become one.
func (c *Client) Get(ctx context.Context, below string, limit int64, read func(header http.Header, body io.Reader) error) error {
	response, err := c.send(ctx, below)
	if err != nil {
		return wrap(err)
	}
	defer func() { _ = response.Body.Close() }() // nothing is lost: the answer was read or is of no use
	if response.StatusCode != http.StatusOK {
		// A short page read to its end leaves the connection fit for use.
		_, _ = io.CopyN(io.Discard, response.Body, maxErrorPage)
		return &Error{Reason: ReasonStatus, Status: response.StatusCode}
	}
	body, err := unpack(response)
	if err != nil {
		return wrap(err)
	}
	if response.ContentLength > limit {
		return tooLarge(limit)
	}
	bounded := &bounded{source: body, left: limit, limit: limit, cause: ctx.Err}
	if err := read(response.Header, bounded); err != nil {
		return wrap(err)
	}
	return nil
}

// bounded reads at most so many bytes, and fails at one more.
type bounded struct {
	source io.Reader
	left   int64
	limit  int64
	cause  func() error // what ended the request, nil if it has not ended
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.source.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge(b.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		// The end of a request closes its connection, which may be seen first.
		return n, fmt.Errorf("reading the response failed: %w", cmp.Or(b.cause(), err))
	}
	return n, err
}

// maxErrorPage is how much of an answer is read that will not be used.
const maxErrorPage = 4 << 10

// send makes the request. net/http makes it again if a kept connection turns
// out to be closed, as nginx may close one at any time; nginx has not counted
// the first one then.
func (c *Client) send(ctx context.Context, below string) (*http.Response, error) {
	var written atomic.Bool // by the last attempt
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { written.Store(false) },
		WroteRequest: func(info httptrace.WroteRequestInfo) { written.Store(info.Err == nil) },
	})
	response, err := c.tripper.RoundTrip(c.requestFor(below).WithContext(ctx))
	// A response can be here before its request is noted as written.
	if err == nil || written.Load() {
		c.requests.Add(1)
	}
	return response, err
}

// requestFor returns the request for a path below the target's own.
func (c *Client) requestFor(below string) *http.Request {
	if below == "" {
		return c.request
	}
	request, place := *c.request, *c.request.URL
	below = "/" + strings.TrimPrefix(below, "/")
	place.Path = strings.TrimSuffix(place.Path, "/") + below
	if place.RawPath != "" { // what comes below has nothing to escape
		place.RawPath = strings.TrimSuffix(place.RawPath, "/") + below
	}
	request.URL = &place
	return &request
}

// isClosed reports whether the other side closed the connection under a
// request.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// unpack returns the body of an answer. One that comes compressed although
// nobody asked for it is unpacked.
func unpack(response *http.Response) (io.Reader, error) {
	switch encoding := response.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return response.Body, nil
	case "gzip":
		unpacked, err := gzip.NewReader(response.Body)
		if err != nil && classify(err) != ReasonNetwork {
			return nil, err // out of time
		}
		if err != nil {
			return nil, &Error{Reason: ReasonParse, Err: fmt.Errorf("the response is not valid gzip: %w", err)}
		}
		return unpacked, nil
	default:
		return nil, &Error{Reason: ReasonParse, Err: fmt.Errorf("the response has the unsupported content encoding %s", Quote([]byte(encoding)))}
	}
}

func tooLarge(limit int64) error {
	return &Error{Reason: ReasonTooLarge, Err: fmt.Errorf("the response is longer than %d bytes", limit)}
}
