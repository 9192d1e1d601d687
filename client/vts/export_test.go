package vts

import (
	"io"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
)

// Decode reads a document without a server.
func Decode(body io.Reader) (*Status, error) {
	status, d := &Status{}, document.NewReader(body, 0)
	status.read(d)
	if err := d.Finish(); err != nil {
		return nil, client.DecodeError(err)
	}
	return status, nil
}
