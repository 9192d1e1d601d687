package vts

import (
	"bytes"
	"encoding/json"

	"nginx-exporter/client/value"
)

// Counters are the counters of an object that the module prints with the number of
// times that they have wrapped. The totals are computed when the document is read.
// An object has only those of its kind.
type Counters struct {
	Requests value.Value
	InBytes  value.Value // from clients
	OutBytes value.Value // to clients

	Responses Responses
	Cached    Cached

	RequestTime  value.Value // of all requests, in milliseconds; since 0.1.17
	ResponseTime value.Value // of the responses of an upstream server, in milliseconds; since 0.1.17
}

// All returns the counters of an object that has them embedded.
func (c *Counters) All() *Counters { return c }

// Responses counts responses by class of their status code.
type Responses struct {
	Informational value.Value // 1xx
	Success       value.Value // 2xx
	Redirection   value.Value // 3xx
	ClientError   value.Value // 4xx
	ServerError   value.Value // 5xx
}

// Cached counts requests by cache status. It is absent if nginx was built without
// cache.
type Cached struct {
	Miss        value.Value
	Bypass      value.Value
	Expired     value.Value
	Stale       value.Value
	Updating    value.Value
	Revalidated value.Value
	Hit         value.Value
	Scarce      value.Value
}

// member returns the counter that is a member of the object with that name, nil
// if there is none.
func (c *Counters) member(name []byte) *value.Value {
	switch string(name) {
	case "requestCounter":
		return &c.Requests
	case "inBytes":
		return &c.InBytes
	case "outBytes":
		return &c.OutBytes
	case "requestMsecCounter":
		return &c.RequestTime
	case "responseMsecCounter":
		return &c.ResponseTime
	default:
		return nil
	}
}

// response returns the counter with that name among the responses of an object,
// nil if there is none.
func (c *Counters) response(name []byte) *value.Value {
	switch string(name) {
	case "1xx":
		return &c.Responses.Informational
	case "2xx":
		return &c.Responses.Success
	case "3xx":
		return &c.Responses.Redirection
	case "4xx":
		return &c.Responses.ClientError
	case "5xx":
		return &c.Responses.ServerError
	case "miss":
		return &c.Cached.Miss
	case "bypass":
		return &c.Cached.Bypass
	case "expired":
		return &c.Cached.Expired
	case "stale":
		return &c.Cached.Stale
	case "updating":
		return &c.Cached.Updating
	case "revalidated":
		return &c.Cached.Revalidated
	case "hit":
		return &c.Cached.Hit
	case "scarce":
		return &c.Cached.Scarce
	default:
		return nil
	}
}

// all lists the counters.
func (c *Counters) all() []*value.Value {
	return []*value.Value{
		&c.Requests, &c.InBytes, &c.OutBytes,
		&c.Responses.Informational, &c.Responses.Success, &c.Responses.Redirection, &c.Responses.ClientError, &c.Responses.ServerError,
		&c.Cached.Miss, &c.Cached.Bypass, &c.Cached.Expired, &c.Cached.Stale, &c.Cached.Updating, &c.Cached.Revalidated, &c.Cached.Hit,
		&c.Cached.Scarce, &c.RequestTime, &c.ResponseTime,
	}
}

// decode reads a member of an object, and reports whether it is one of the
// counters.
func (c *Counters) decode(d *decoder, name []byte) bool {
	switch string(name) {
	case "responses":
		for name := range d.Members() {
			if counter := c.response(name); counter != nil {
				*counter = d.Count()
			} else {
				d.Skip()
			}
		}
	default:
		counter := c.member(name)
		if counter == nil {
			return false
		}
		*counter = d.Count()
	}
	return true
}

// over is the member overCounts of an object: how often each counter has wrapped.
type over struct {
	times   Counters
	max     value.Value // the largest value of a counter
	wrapped bool        // some counter has wrapped
}

// maxOver is the length of overCounts up to which the text is compared with that of
// other objects.
const maxOver = 1 << 10

// read reads the member. Mostly no counter has wrapped: then it has the same text in
// all objects of a kind, which is not decoded again.
func (o *over) read(d *decoder) {
	text := d.Ahead('}', maxOver)
	for _, known := range d.unwrapped {
		if len(text) > 0 && bytes.Equal(text, known) {
			d.Discard(text)
			return
		}
	}
	text = bytes.Clone(text)
	o.decode(d)
	if len(text) > 0 && !o.wrapped && json.Valid(text) { // so it ends with the object
		d.unwrapped = append(d.unwrapped[max(0, len(d.unwrapped)-kinds+1):], text)
	}
}

// kinds is the number of kinds of objects.
const kinds = 3

func (o *over) decode(d *decoder) {
	for name := range d.Members() {
		if string(name) == "maxIntegerSize" {
			o.max = d.Count()
			continue
		}
		counter := o.times.member(name)
		if counter == nil {
			counter = o.times.response(name)
		}
		if counter == nil {
			d.Skip()
			continue
		}
		*counter = d.Count()
		o.wrapped = o.wrapped || counter.Float() > 0
	}
}

// add adds what the counters of the object have lost by wrapping.
func (o *over) add(to *Counters) {
	if !o.wrapped || !o.max.IsSet() {
		return
	}
	times := o.times.all()
	for i, counter := range to.all() {
		if times[i].Float() > 0 {
			*counter = value.Of(counter.Float() + times[i].Float()*o.max.Float()) // absent stays absent
		}
	}
}
