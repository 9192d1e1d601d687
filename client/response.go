package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
)

// Response is a response of the target as it came, whatever it is.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // its beginning, at most MaxStubStatus bytes
	Cut    bool   // there was more
	TLS    *tls.ConnectionState
	Login  bool     // the request had credentials
	Local  net.Addr // who the target sees ask; nil if unknown
}

// Fetch requests the target once and returns its response, also where
// [Client.StubStatus] would fail: it helps to explain why. Its errors are of
// type [*Error].
func (c *Client) Fetch(ctx context.Context) (*Response, error) {
	var fetched Response
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { fetched.Local = info.Conn.LocalAddr() },
	})
	response, err := c.send(ctx, "")
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { _ = response.Body.Close() }() // what was read is all that is wanted
	fetched.Status, fetched.Header, fetched.TLS = response.StatusCode, response.Header, response.TLS
	fetched.Login = response.Request != nil && response.Request.Header.Get("Authorization") != ""
	body, err := unpack(response)
	if err != nil {
		return nil, wrap(err)
	}
	fetched.Body, err = io.ReadAll(&bounded{source: body, left: MaxStubStatus, limit: MaxStubStatus, cause: ctx.Err})
	var e *Error
	if fetched.Cut = errors.As(err, &e) && e.Reason == ReasonTooLarge; err != nil && !fetched.Cut {
		return nil, wrap(err)
	}
	return &fetched, nil
}
