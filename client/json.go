package client

import (
	"context"
	"errors"
	"io"
	"net/http"

	"nginx-exporter/client/document"
)

// GetJSON requests the path of the target, or one below it, and lets decode
// read the JSON document there, which may have at most limit bytes after
// decompression. It returns how many values of the document were invalid. Its
// errors are of type [*Error].
func (c *Client) GetJSON(ctx context.Context, below string, limit int64, decode func(d *document.Reader)) (invalid int, err error) {
	err = c.Get(ctx, below, limit, func(_ http.Header, body io.Reader) error {
		d, _ := c.readers.Get().(*document.Reader)
		if d == nil {
			d = document.NewReader(nil, 0)
		}
		defer c.readers.Put(d)
		// Names, and what the garbage collector leaves, take the rest.
		d.Reset(body, limit/2)
		decode(d)
		if err := d.Finish(); err != nil {
			return DecodeError(err)
		}
		invalid = d.Invalid()
		return nil
	})
	return invalid, err
}

// DecodeError returns an error of [document.Reader] as an [Error]: its reason is
// parse, unless the connection or the time that was up explains it.
func DecodeError(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e): // of the request
		return err
	case errors.Is(err, document.ErrTooLarge):
		return &Error{Reason: ReasonTooLarge, Err: err}
	case classify(err) == ReasonNetwork && !isClosed(err), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Reason: ReasonParse, Err: err}
	default:
		return wrap(err)
	}
}
