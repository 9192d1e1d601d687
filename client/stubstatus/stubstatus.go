// Package stubstatus reads the page of ngx_http_stub_status_module into a Go type.
// It knows nothing of metrics.
//
// See https://nginx.org/en/docs/http/ngx_http_stub_status_module.html.
package stubstatus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

// Mode is the mode of targets that are stub_status pages.
const Mode client.Mode = "stub_status"

// MaxDocument is the size limit of a stub_status response, in bytes. A real one
// has about a hundred.
const MaxDocument = 64 << 10

// Status is the response of ngx_http_stub_status_module: counters since nginx
// started, and gauges.
//
// See https://nginx.org/en/docs/http/ngx_http_stub_status_module.html#data.
type Status struct {
	// Counters. A restart of nginx resets them.
	Accepted value.Value // accepted client connections
	Handled  value.Value // handled client connections: fewer than accepted only if a resource limit was reached
	Requests value.Value // client requests, including those of the exporter

	// RequestTime is the total time of all requests in milliseconds. Only Tengine
	// has it.
	RequestTime value.Value

	// Gauges. Absent if nginx printed a negative number as a huge unsigned one,
	// which happens to Waiting under load.
	Active  value.Value // client connections, including waiting ones
	Reading value.Value // connections whose request header is being read
	Writing value.Value // connections to which a response is being written
	Waiting value.Value // idle connections waiting for a request

	// Version is the version in the Server header, such as 1.29.1, or the name
	// and version of another server, such as Tengine/3.1.0. It is empty if the
	// header has no version (server_tokens off).
	Version string
}

// Invalid returns the number of invalid gauges, which are absent.
func (s *Status) Invalid() int {
	invalid := 0
	for _, n := range []value.Value{s.Active, s.Reading, s.Writing, s.Waiting} {
		if !n.IsSet() {
			invalid++
		}
	}
	return invalid
}

// Read requests the stub_status page of the client's target. Its errors are of
// type [*client.Error].
func Read(ctx context.Context, c *client.Client) (*Status, error) {
	var status *Status
	err := c.Get(ctx, "", MaxDocument, func(response *http.Response, body io.Reader) error {
		page, err := io.ReadAll(body)
		if err != nil {
			return client.WithBody(err, page) // too large, as a document of another protocol may be
		}
		if status, err = parse(page, isDelimited(response)); err != nil {
			return unexpected(page, err)
		}
		status.Version = serverVersion(response.Header.Get("Server"))
		return nil
	})
	return status, err
}

// isDelimited reports whether the response declares where its body ends, so that
// a truncated one is an error. Otherwise the body ends with the connection, and a
// truncated one cannot be detected. Neither can a Content-Length that is too short.
func isDelimited(response *http.Response) bool {
	return response.ContentLength >= 0 || len(response.TransferEncoding) > 0 || response.Header.Get("Content-Encoding") == "gzip"
}

// unexpected describes a response that is not a stub_status page.
func unexpected(body []byte, err error) error {
	start := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 256)]))
	switch {
	case len(body) == 0:
		return client.Unexpected(body, errors.New("the response is empty"), "")
	case bytes.HasPrefix(start, []byte("<")):
		return client.Unexpected(body, fmt.Errorf("the response is a web page instead of stub_status: %s", client.Quote(body)),
			"check the path of the target: another location of nginx, often location /, responds to it")
	default:
		return client.Unexpected(body, fmt.Errorf("%w in the response %s", err, client.Quote(body)), "")
	}
}

// serverVersion returns the version after "nginx/" in a Server header, or the
// name and version of another server.
func serverVersion(header string) string {
	const maxVersion = 64
	product, _, _ := strings.Cut(header, " ")
	name, version, found := strings.Cut(product, "/")
	if !found || version == "" || len(product) > maxVersion {
		return ""
	}
	if name == "nginx" {
		return version
	}
	return product
}

// Parse parses a stub_status page by its names:
//
//	Active connections: 2
//	server accepts handled requests
//	 7 7 13
//	Reading: 0 Writing: 1 Waiting: 1
//
// Tengine has a further column, request_time. Other columns, further lines and
// blank lines before the page are ignored. Any other deviation is an error. A
// last number without white space after it may be incomplete, which is an error
// too.
func Parse(page []byte) (*Status, error) { return parse(page, false) }

// parse parses a page. If it is known to be whole, its last number is
// complete.
func parse(page []byte, whole bool) (*Status, error) {
	page = bytes.TrimLeft(page, " \t\r\n")
	lines := bytes.SplitN(page, []byte("\n"), 5)
	if len(lines) < 4 {
		return nil, fmt.Errorf("%d of 4 lines", len(lines))
	}
	// A line is complete if a line feed or a blank ends it.
	if last := lines[len(lines)-1]; !whole && len(lines) == 4 && !bytes.ContainsAny(last[max(0, len(last)-1):], " \t\r") {
		return nil, errors.New("the last line is incomplete")
	}
	s := &Status{}
	if err := s.parseActive(lines[0]); err != nil {
		return nil, err
	}
	if err := s.parseServer(lines[1], lines[2]); err != nil {
		return nil, err
	}
	if err := s.parseStates(lines[3]); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Status) parseActive(line []byte) error {
	rest, found := bytes.CutPrefix(line, []byte("Active connections: "))
	if fields := blanks(rest); found && len(fields) == 1 {
		return parseGauge(&s.Active, fields[0])
	}
	return errors.New(`no line "Active connections"`)
}

// parseServer parses the line of column names and the line of their values.
func (s *Status) parseServer(header, numbers []byte) error {
	names, values := blanks(header), blanks(numbers)
	if len(names) == 0 || string(names[0]) != "server" {
		return errors.New(`no line "server accepts handled requests"`)
	}
	names = names[1:]
	if len(names) != len(values) {
		return fmt.Errorf("%d columns with %d numbers", len(names), len(values))
	}
	columns := map[string]*value.Value{"accepts": &s.Accepted, "handled": &s.Handled, "requests": &s.Requests, "request_time": &s.RequestTime}
	for i, name := range names {
		number, known := columns[string(name)]
		if !known {
			number = new(value.Value)
		}
		delete(columns, string(name))
		if err := parseCounter(number, values[i]); err != nil {
			return err
		}
	}
	delete(columns, "request_time") // optional
	if len(columns) > 0 {
		return fmt.Errorf("%d columns missing", len(columns))
	}
	return nil
}

// parseStates parses the line of pairs such as "Waiting: 1".
func (s *Status) parseStates(line []byte) error {
	fields := blanks(line)
	if len(fields)%2 != 0 {
		return errors.New("a state without a number")
	}
	states := map[string]*value.Value{"Reading:": &s.Reading, "Writing:": &s.Writing, "Waiting:": &s.Waiting}
	for i := 0; i < len(fields); i += 2 {
		number, known := states[string(fields[i])]
		if !known {
			return errors.New("an unknown or duplicate state")
		}
		delete(states, string(fields[i]))
		if err := parseGauge(number, fields[i+1]); err != nil {
			return err
		}
	}
	if len(states) > 0 {
		return fmt.Errorf("%d states missing", len(states))
	}
	return nil
}

// blanks splits a line at blanks, tabs and the carriage return at its end, but
// not at other white space.
func blanks(line []byte) [][]byte {
	line = bytes.TrimSuffix(line, []byte("\r"))
	return bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
}

func parseCounter(n *value.Value, text []byte) error {
	v, err := parseUnsigned(text)
	*n = value.Of(float64(v))
	return err
}

// parseGauge parses a gauge. A number of 2^63 or more was negative and is absent:
// nginx subtracts counters that it reads one after another and prints the
// difference as unsigned.
func parseGauge(n *value.Value, text []byte) error {
	v, err := parseUnsigned(text)
	if *n = value.Of(float64(v)); v > math.MaxInt64 {
		*n = value.Value{}
	}
	return err
}

func parseUnsigned(text []byte) (uint64, error) {
	if len(text) == 0 || text[0] < '0' || text[0] > '9' {
		return 0, errors.New("a value is not a number")
	}
	v, err := strconv.ParseUint(string(text), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("a number is above 2^64")
	}
	if err != nil {
		return 0, errors.New("a value is not a number")
	}
	return v, nil
}
