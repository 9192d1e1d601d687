package client

import (
	"context"
	"errors"
	"io"
	"net/http"

	"nginx-exporter/client/document"
)

// GetJSON requests the path of the target, or one below it, and decodes the JSON
// document in the response, of at most limit bytes after decompression. It
// returns the number of invalid values in the document. Its errors are of type
// [*Error]; that of a response that is not such a document has its beginning.
func (c *Client) GetJSON(ctx context.Context, below string, limit int64, decode func(d *document.Reader)) (invalid int, err error) {
	err = c.Get(ctx, below, limit, func(_ *http.Response, body io.Reader) error {
		d, _ := c.readers.Get().(*document.Reader)
		if d == nil {
			d = document.NewReader(nil, 0)
		}
		defer c.readers.Put(d)
		// The other half is for garbage not yet collected.
		kept := &keeper{source: body}
		d.Reset(kept, limit/2)
		decode(d)
		if err := d.Finish(); err != nil {
			return WithBody(DecodeError(err), kept.begin)
		}
		invalid = d.Invalid()
		return nil
	})
	return invalid, err
}

// keeper keeps the beginning of what is read.
type keeper struct {
	source io.Reader
	begin  []byte
}

// Read implements [io.Reader].
func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.source.Read(p)
	if left := maxBeginning - len(k.begin); left > 0 {
		k.begin = append(k.begin, p[:min(n, left)]...)
	}
	return n, err
}

// DecodeError converts an error of [document.Reader] to an [Error]. Its reason is
// parse unless the connection failed, the request timed out or the document was
// too large.
func DecodeError(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e): // of the request
		return err
	case errors.Is(err, document.ErrTooLarge):
		return &Error{Reason: ReasonTooLarge, Err: err}
	case classify(err) == ReasonNetwork && !IsClosed(err), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Reason: ReasonParse, Err: err}
	default:
		return wrap(err)
	}
}
