package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
)

// Response is an unchecked response of the target.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // at most the first MaxFetched bytes
	Cut    bool   // the body was longer
	TLS    *tls.ConnectionState
	Login  bool     // the request had credentials
	Local  net.Addr // client address of the connection, nil if unknown
}

// MaxFetched bounds the body of a [Response], in bytes.
const MaxFetched = 64 << 10

// Fetch requests the target once and returns its response with any status and
// body, for diagnosis of failed scrapes. Its errors are of type [*Error].
func (c *Client) Fetch(ctx context.Context) (*Response, error) {
	var fetched Response
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { fetched.Local = info.Conn.LocalAddr() },
	})
	response, err := c.send(ctx, "")
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { _ = response.Body.Close() }() // the rest is not needed
	fetched.Status, fetched.Header, fetched.TLS = response.StatusCode, response.Header, response.TLS
	fetched.Login = response.Request != nil && response.Request.Header.Get("Authorization") != ""
	body, err := unpack(response)
	if err != nil {
		return nil, wrap(cmp.Or(context.Cause(ctx), err))
	}
	fetched.Body, err = io.ReadAll(&bounded{source: body, left: MaxFetched, limit: MaxFetched, cause: func() error { return context.Cause(ctx) }})
	var e *Error
	if fetched.Cut = errors.As(err, &e) && e.Reason == ReasonTooLarge; err != nil && !fetched.Cut {
		return nil, wrap(err)
	}
	return &fetched, nil
}
