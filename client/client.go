package client

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client/value"
)

// Options configure the requests to one target.
type Options struct {
	Target Target

	// Timeout bounds a whole scrape of the target, including dialling. It must
	// be above zero.
	Timeout time.Duration

	// Mode is the status interface that the target is expected to have.
	Mode Mode

	// Host replaces the host of the URL in the Host header, if not empty.
	Host string

	// UserAgent is sent with each request, if not empty.
	UserAgent string

	// ProxyProtocol starts each connection with a PROXY protocol header.
	ProxyProtocol bool

	// HTTP has credentials, headers, the proxy and TLS. Its files are reloaded
	// when they change.
	HTTP promconfig.HTTPClientConfig
}

// Reasons returns the reasons for which requests can fail. Without a host name it
// omits [ReasonDNS], and without TLS [ReasonTLS]; [ReasonFile] never applies.
func (o *Options) Reasons() []Reason {
	indirect := o.HTTP.ProxyURL.URL != nil || o.HTTP.OAuth2 != nil // through another server
	_, err := netip.ParseAddr(o.Target.Host())
	named := o.Target.Socket() == "" && err != nil && o.Target.Host() != "localhost"
	return slices.DeleteFunc(Reasons(), func(r Reason) bool {
		return r == ReasonFile || !indirect && (r == ReasonDNS && !named || r == ReasonTLS && !o.Target.TLS())
	})
}

// Client sends requests to one target over its own connections. It is safe for
// concurrent use. Close it when it is no longer needed.
type Client struct {
	request  *http.Request
	tripper  http.RoundTripper
	requests atomic.Uint64
	expiry   atomic.Int64 // of the certificates of the last response in Unix seconds, 0 without TLS
	readers  sync.Pool    // of *document.Reader, which have large buffers
}

// New returns a client for the target of the options. It does not connect yet:
// nginx may start later. Files named in the options are read once, so that a
// wrong path is an error.
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

// Requests returns how many requests the client has sent. nginx includes them
// in its own request count.
func (c *Client) Requests() uint64 { return c.requests.Load() }

// CertificateExpiry returns the earliest expiry of the certificates that nginx
// sent for the last response, in Unix seconds. It is absent without TLS.
func (c *Client) CertificateExpiry() value.Value {
	if expiry := c.expiry.Load(); expiry != 0 {
		return value.Of(float64(expiry))
	}
	return value.Value{}
}

// noteCertificates records the earliest expiry of a connection's certificates.
func (c *Client) noteCertificates(state *tls.ConnectionState) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return
	}
	first := slices.MinFunc(state.PeerCertificates, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	c.expiry.Store(first.NotAfter.Unix())
}

// Close closes the idle connections. Requests in progress are not affected.
func (c *Client) Close() {
	if closer, ok := c.tripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Get requests the path of the target, or one below it, and calls read with the
// response and its decompressed body, of at most limit bytes; read must not use
// the Body of the response. All errors are of type [*Error]; others that read
// returns are converted.
func (c *Client) Get(ctx context.Context, below string, limit int64, read func(response *http.Response, body io.Reader) error) error {
	response, err := c.send(ctx, below)
	if err != nil {
		return wrap(err)
	}
	defer func() { _ = response.Body.Close() }() // the response was read, or is not needed
	if response.StatusCode != http.StatusOK {
		// After a short body is read to its end, the connection can be reused.
		_, _ = io.CopyN(io.Discard, response.Body, maxErrorPage)
		return &Error{Reason: ReasonStatus, Status: response.StatusCode}
	}
	body, err := unpack(response)
	if err != nil {
		return wrap(cmp.Or(context.Cause(ctx), err))
	}
	if response.ContentLength > limit {
		e := tooLarge(limit)
		e.Body, _ = io.ReadAll(io.LimitReader(body, maxBeginning)) // what arrives of it
		return e
	}
	bounded := &bounded{source: body, left: limit, limit: limit, cause: func() error { return context.Cause(ctx) }}
	if err := read(response, bounded); err != nil {
		return wrap(err)
	}
	return nil
}

// errReading is a response whose body could not be read to its end.
var errReading = errors.New("reading the response failed")

// bounded fails if its source has more bytes than the limit.
type bounded struct {
	source io.Reader
	left   int64
	limit  int64
	cause  func() error // error of the request's context
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
		// When a request's context ends, its connection is closed: the read may
		// report that instead of the cause.
		return n, fmt.Errorf("%w: %w", errReading, cmp.Or(b.cause(), err))
	}
	return n, err
}

// maxErrorPage is how many bytes of an unused body are read.
const maxErrorPage = 4 << 10

// send sends the request. nginx may close an idle connection at any time: then
// net/http repeats the request over a new connection, and nginx counts it once.
func (c *Client) send(ctx context.Context, below string) (*http.Response, error) {
	var written atomic.Bool // by the last attempt
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { written.Store(false) },
		WroteRequest: func(info httptrace.WroteRequestInfo) { written.Store(info.Err == nil) },
	})
	response, err := c.tripper.RoundTrip(c.requestFor(ctx, below))
	// A response can arrive before its request is reported as written.
	if err == nil || written.Load() {
		c.requests.Add(1)
	}
	if err == nil {
		c.noteCertificates(response.TLS)
	}
	return response, err
}

// requestFor returns the request for a path below the target's own.
func (c *Client) requestFor(ctx context.Context, below string) *http.Request {
	request := c.request.WithContext(ctx) // a copy
	if below == "" {
		return request
	}
	location := *request.URL
	below = "/" + strings.TrimPrefix(below, "/")
	location.Path = strings.TrimSuffix(location.Path, "/") + below
	if location.RawPath != "" { // the appended path needs no escaping
		location.RawPath = strings.TrimSuffix(location.RawPath, "/") + below
	}
	request.URL = &location
	return request
}

// IsClosed reports whether the server closed the connection during a request.
func IsClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		// net/http has no exported error for a connection that is closed before
		// it has sent the request.
		err != nil && strings.Contains(err.Error(), "server closed idle connection")
}

// unpack returns the decompressed body. A server may compress it although the
// request does not accept that.
func unpack(response *http.Response) (io.Reader, error) {
	switch encoding := response.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return response.Body, nil
	case "gzip":
		unpacked, err := gzip.NewReader(response.Body)
		if err != nil {
			return nil, &Error{Reason: ReasonParse, Err: fmt.Errorf("the response is not valid gzip: %w", err)}
		}
		return unpacked, nil
	default:
		return nil, &Error{Reason: ReasonParse, Err: fmt.Errorf("the response has the unsupported content encoding %s", Quote([]byte(encoding)))}
	}
}

func tooLarge(limit int64) *Error {
	return &Error{Reason: ReasonTooLarge, Err: fmt.Errorf("the response is longer than %d bytes", limit)}
}
