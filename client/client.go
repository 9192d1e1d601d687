package client

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"syscall"
	"time"
)

// Transport makes the round tripper of one target. It lets the configuration
// bring credentials, headers and TLS files that are read again, without this
// package knowing how.
type Transport interface {
	// RoundTripper builds on base, which returns a new transport to the
	// target with that TLS configuration. The caller owns what it returns.
	RoundTripper(base func(*tls.Config) *http.Transport) (http.RoundTripper, error)
}

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

	// Transport brings credentials, headers and TLS. Nil asks without any, and
	// trusts the certificates of the system.
	Transport Transport
}

// Client asks one target over connections of its own. It is safe for
// concurrent use. Close it when it is no longer needed.
type Client struct {
	request  *http.Request
	tripper  http.RoundTripper
	requests atomic.Uint64
}

// New returns a client for the target of the options. Nothing is connected
// yet: nginx may come up later.
func New(options Options) (*Client, error) {
	if options.Timeout <= 0 {
		return nil, errors.New("the time-out must be above zero")
	}
	// The context is replaced at each request.
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, options.Target.url.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("the target makes no request")
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

func newTripper(options *Options) (http.RoundTripper, error) {
	base := func(tlsConfig *tls.Config) *http.Transport {
		return &http.Transport{
			DialContext:            options.dial(),
			TLSClientConfig:        tlsConfig,
			TLSHandshakeTimeout:    options.Timeout,
			DisableCompression:     true,
			IdleConnTimeout:        2 * time.Minute,
			MaxIdleConnsPerHost:    8,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	if options.Transport != nil {
		return options.Transport.RoundTripper(base)
	}
	if target := options.Target; !target.TLS() {
		return &wire{dial: options.dial(), address: net.JoinHostPort(target.Host(), target.Port())}, nil
	}
	return base(&tls.Config{MinVersion: tls.VersionTLS12}), nil
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

// answer is a whole answer of nginx.
type answer struct {
	header http.Header
	body   []byte
}

// get asks the target for its own path and reads an answer of at most limit
// bytes. Its errors are of type [*Error].
func (c *Client) get(ctx context.Context, limit int64) (answer, error) {
	response, err := c.send(ctx)
	if err != nil {
		return answer{}, wrap(err)
	}
	defer func() { _ = response.Body.Close() }() // nothing is lost: the answer was read or is of no use
	if response.StatusCode != http.StatusOK {
		// A short page read to its end leaves the connection fit for use.
		_, _ = io.CopyN(io.Discard, response.Body, maxErrorPage)
		return answer{}, &Error{Reason: ReasonStatus, Status: response.StatusCode}
	}
	body, err := readBody(response, limit)
	if err != nil {
		return answer{}, wrap(err)
	}
	return answer{header: response.Header, body: body}, nil
}

// maxErrorPage is how much of an answer is read that will not be used.
const maxErrorPage = 4 << 10

// attempt is what was seen of one request on the wire.
type attempt struct {
	reused   atomic.Bool // it went over a kept connection
	written  atomic.Bool // nginx could read it, and so count it
	answered atomic.Bool // the answer had begun
}

// send makes the request, and once again if a kept connection turned out to be
// closed: nginx may close one at any time, which is no outage.
func (c *Client) send(ctx context.Context) (*http.Response, error) {
	for first := true; ; first = false {
		response, seen, err := c.try(ctx)
		stale := err != nil && seen.reused.Load() && !seen.answered.Load() && isClosed(err)
		// An answer can be here before its request is noted as written.
		if !stale && (err == nil || seen.written.Load()) {
			c.requests.Add(1)
		}
		if !first || !stale || ctx.Err() != nil {
			return response, err
		}
		// Other kept connections are no fresher, and there is one retry only.
		c.Close()
	}
}

func (c *Client) try(ctx context.Context) (*http.Response, *attempt, error) {
	seen := &attempt{}
	trace := &httptrace.ClientTrace{
		GotConn:              func(info httptrace.GotConnInfo) { seen.reused.Store(info.Reused) },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { seen.written.Store(info.Err == nil) },
		GotFirstResponseByte: func() { seen.answered.Store(true) },
	}
	response, err := c.tripper.RoundTrip(c.request.WithContext(httptrace.WithClientTrace(ctx, trace)))
	return response, seen, err
}

// isClosed reports whether the other side closed the connection under a
// request.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// readBody reads the whole body, which may not be longer than limit. An answer
// that comes compressed although nobody asked for it is unpacked, and the
// limit is for what comes out.
func readBody(response *http.Response, limit int64) ([]byte, error) {
	var reader io.Reader = response.Body
	switch encoding := response.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(response.Body)
		if err != nil && classify(err) != ReasonNetwork {
			return nil, err // out of time
		}
		if err != nil {
			return nil, &Error{Reason: ReasonParse, Err: fmt.Errorf("the answer is not the gzip it says it is: %w", err)}
		}
		reader = unpacked
	default:
		return nil, &Error{Reason: ReasonParse, Err: fmt.Errorf("the answer is compressed as %s", quote([]byte(encoding)))}
	}
	if response.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := io.ReadAll(io.LimitReader(reader, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, tooLarge(limit)
	}
	return body, nil
}

func tooLarge(limit int64) error {
	return &Error{Reason: ReasonTooLarge, Err: fmt.Errorf("the answer is longer than %d bytes", limit)}
}
