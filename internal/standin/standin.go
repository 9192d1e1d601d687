// Package standin responds as an nginx with a status interface does, from documents:
// for tests, benchmarks and demos without a license, a module or Angie.
//
// It owns what all interfaces have in common: documents by path, counters that
// increase, faults, counts of requests, and the server. The interfaces are its
// dialects: plustest, angietest and vtstest. The command statusserver serves them.
//
// None of them may import client, collector or anything else of the product: a shared
// mistake would not be found.
package standin

import (
	"fmt"
	"net/http"
)

// Root is the path of the document to scrape, in dialects that have one document.
const Root = "root"

// Dialect is a status interface.
type Dialect interface {
	// Path is what to scrape, such as /api.
	Path() string
	// Open returns the interface with these documents, which do not change but for
	// their counters: they increase with each tick.
	Open(documents map[string][]byte, tick func() uint64) Site
}

// Site is a status interface with its documents.
type Site interface {
	// Server is the header of that name.
	Server() string
	// Name returns the document of a URL path, as options have it; "" if the URL is not
	// of the interface.
	Name(path string) string
	// Respond returns the response to a request for a document.
	Respond(r Request) Response
	// Error returns the response if a document has this status.
	Error(r Request, status int) Response
}

// Request is a request to a site.
type Request struct {
	*http.Request
	ID string // 32 digits
}

// Response is a response of a site.
type Response struct {
	Status int
	Header map[string]string
	Body   []byte
}

// JSON returns a response with a JSON document.
func JSON(status int, body []byte) Response {
	return Response{status, map[string]string{"Content-Type": "application/json"}, body}
}

// Page returns the page that nginx has for an error.
func Page(server string, status int) Response {
	title := fmt.Sprint(status, " ", http.StatusText(status))
	return Response{status, map[string]string{"Content-Type": "text/html"}, fmt.Appendf(nil,
		"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>%s</center>\r\n</body>\r\n</html>\r\n",
		title, title, server)}
}
