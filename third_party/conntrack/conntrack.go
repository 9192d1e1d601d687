// Package conntrack stands for github.com/mwitkow/go-conntrack, of which it has
// what github.com/prometheus/common/config uses. Connections are neither
// counted nor traced: this program never dials by them.
package conntrack

import (
	"context"
	"net"
)

// DialContext is the function of a dialer.
type DialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// Option sets something of the dialer that NewDialContextFunc makes.
type Option func(*DialContext)

// DialWithDialContextFunc dials by that function.
func DialWithDialContextFunc(dial DialContext) Option {
	return func(to *DialContext) { *to = dial }
}

// DialWithTracing changes nothing.
func DialWithTracing() Option { return func(*DialContext) {} }

// DialWithName changes nothing.
func DialWithName(string) Option { return func(*DialContext) {} }

// NewDialContextFunc makes a dialer's function of options.
func NewDialContextFunc(options ...Option) DialContext {
	dial := DialContext((&net.Dialer{}).DialContext)
	for _, option := range options {
		option(&dial)
	}
	return dial
}
