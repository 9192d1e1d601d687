// Package vts reads the JSON of nginx-module-vts into Go types.
//
// It owns the document of the module, the merging of counters that have wrapped,
// and the bounds of all of it. It knows nothing of metrics.
//
// See https://github.com/vozlt/nginx-module-vts#json.
package vts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
)

// Mode is the mode of targets that are the JSON of nginx-module-vts.
const Mode client.Mode = "vts"

// DefaultMaxDocument is the default bound of the document, in bytes. Ten thousand
// zones have about 20 MB.
const DefaultMaxDocument = 128 << 20

// FormatJSON is the end of the path of the JSON, below the location with
// vhost_traffic_status_display.
const FormatJSON = "/format/json"

// Advice for failed requests.
const (
	adviceJSON = "set the target to the location with vhost_traffic_status_display in nginx, followed by " + FormatJSON +
		", such as http://127.0.0.1/status" + FormatJSON
	adviceRaise = "raise --nginx.plus.max-document, or filter less in nginx (vhost_traffic_status_filter_by_set_key)"
	adviceAllow = "allow the address of the exporter in the location with vhost_traffic_status_display"
)

// Read requests the document of the client's target, of at most maxDocument bytes
// after decompression; zero means [DefaultMaxDocument]. Its errors are of type
// [*client.Error].
func Read(ctx context.Context, c *client.Client, maxDocument int64) (*Status, error) {
	status := &Status{}
	invalid, err := c.GetJSON(ctx, "", cmp.Or(maxDocument, DefaultMaxDocument), status.read)
	if err != nil {
		return nil, explain(err)
	}
	status.Invalid = invalid
	return status, nil
}

// read decodes a document, and rejects another one.
func (s *Status) read(d *document.Reader) {
	(&decoder{Reader: d, codes: map[string]string{}}).status(s)
	if !s.isComplete() {
		d.Reject(errOther)
	}
}

// errOther is the error of another JSON document.
var errOther = errors.New("the response is not the JSON of nginx-module-vts")

// explain describes a response that is not the document, and adds advice.
func explain(err error) error {
	var e *client.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Status == http.StatusForbidden:
		e.Advice = adviceAllow
	case e.Status == http.StatusNotFound:
		e.Advice = adviceJSON
	case e.Reason == client.ReasonTooLarge:
		e.Advice = adviceRaise
	case e.Reason == client.ReasonParse:
		e.Advice = adviceJSON
		if found := describe(e.Body); found != "" {
			e.Err = fmt.Errorf("the response is %s, not the JSON of nginx-module-vts: %s", found, client.Quote(e.Body))
		}
	}
	return err
}

// describe names a response that is not JSON, empty if it is unknown.
func describe(body []byte) string {
	start := bytes.ToLower(bytes.TrimSpace(body))
	switch {
	case IsPage(body):
		return "the HTML page of nginx-module-vts"
	case bytes.Contains(start, []byte("# help nginx_vts_")):
		return "the Prometheus format of nginx-module-vts"
	case bytes.HasPrefix(start, []byte("<")):
		return "a web page"
	default:
		return ""
	}
}

// IsPage reports whether the beginning of a response is the HTML page of the
// module, which it has at the path of its location.
func IsPage(body []byte) bool { return bytes.Contains(body, []byte("vhost traffic status monitor")) }

// Recognizes reports whether an error of another protocol may be a response with
// the document. Its beginning has been the same in all versions of the module.
func Recognizes(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	d := document.NewReader(bytes.NewReader(e.Body), 0)
	known := 0
	for name := range d.Members() {
		switch string(name) {
		case "hostName", "nginxVersion":
			if d.Peek() == '"' {
				known++
			}
		case "loadMsec":
			if d.Peek() == '0' {
				known++
			}
		}
		d.Skip()
	}
	return known == 3
}
