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

// Look is an answer of the target as it came, whatever it is.
type Look struct {
	Status int
	Header http.Header
	Body   []byte // its beginning, at most MaxStubStatus bytes
	Cut    bool   // there was more
	TLS    *tls.ConnectionState
	Login  bool     // the request had credentials
	Local  net.Addr // who the target sees ask; nil if unknown
}

// Look asks the target once and returns what it answers, also where
// [Client.StubStatus] would not have it: for those who must tell why. Its
// errors are of type [*Error].
func (c *Client) Look(ctx context.Context) (*Look, error) {
	var look Look
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { look.Local = info.Conn.LocalAddr() },
	})
	response, err := c.send(ctx, "")
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { _ = response.Body.Close() }() // what was read is all that is wanted
	look.Status, look.Header, look.TLS = response.StatusCode, response.Header, response.TLS
	look.Login = response.Request != nil && response.Request.Header.Get("Authorization") != ""
	body, err := unpack(response)
	if err != nil {
		return nil, wrap(err)
	}
	look.Body, err = io.ReadAll(&bounded{source: body, left: MaxStubStatus, limit: MaxStubStatus})
	var e *Error
	if look.Cut = errors.As(err, &e) && e.Reason == ReasonTooLarge; err != nil && !look.Cut {
		return nil, wrap(err)
	}
	return &look, nil
}
