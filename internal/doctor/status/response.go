package status

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/internal/doctor"
)

// response is the result of one request to a target.
type response struct {
	options  client.Options
	document string             // what the exporter reads there, in a few words
	stub     *stubstatus.Status // if the target is stub_status
	dialect  dialect            // which the exporter can read there
	err      error              // nil if the exporter can read the target
	http     *client.Response   // nil if there was no HTTP response
	elapsed  time.Duration
}

// Timeouts of a request. The first one has the timeout of the exporter, since a
// target that is too slow for the exporter is a problem.
const (
	maxFirstTimeout = 6 * time.Second
	trialTimeout    = 1500 * time.Millisecond
)

// request reads a target as the exporter does, with its timeout or the given one if
// that is shorter.
func request(ctx context.Context, options client.Options, most time.Duration) *response {
	options.Timeout = min(cmp.Or(options.Timeout, most), most)
	r := &response{options: options}
	c, err := client.New(options)
	if err != nil {
		r.err = err
		return r
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	began := time.Now()
	r.scrape(ctx, c)
	r.elapsed = time.Since(began)
	if !slices.Contains([]client.Reason{"", client.ReasonStatus, client.ReasonParse, client.ReasonTooLarge}, r.reason()) {
		return r // there is no HTTP response
	}
	if raw, err := c.Fetch(ctx); err == nil {
		r.http = raw
	}
	return r
}

// scrape reads the document with which a scrape begins.
func (r *response) scrape(ctx context.Context, c *client.Client) {
	r.dialect = dialectOf(r.options.Mode)
	if r.err = r.dialect.read(ctx, c, r); r.err == nil || r.options.Mode != client.ModeAuto {
		return
	}
	for _, d := range dialects() {
		if d.recognizes(r.err) && d.read(ctx, c, r) == nil {
			r.dialect, r.err = d, nil
			return
		}
	}
}

func (r *response) target() client.Target { return r.options.Target }

func (r *response) healthy() bool { return r.err == nil }

// reason is why the exporter cannot read the target, empty if it can.
func (r *response) reason() client.Reason {
	if r.err == nil {
		return ""
	}
	return client.ReasonOf(r.err)
}

// code is the HTTP status code, 0 if there was no response.
func (r *response) code() int {
	if r.http == nil {
		return 0
	}
	return r.http.Status
}

// body is the beginning of the response body.
func (r *response) body() string {
	if r.http == nil {
		return ""
	}
	return string(r.http.Body)
}

// fromNginx reports whether the Server header names nginx.
func (r *response) fromNginx() bool {
	return r.http != nil && strings.Contains(strings.ToLower(r.http.Header.Get("Server")), "nginx")
}

// connected reports whether a connection was established.
func (r *response) connected() bool {
	var op *net.OpError
	return !errors.As(r.err, &op) || op.Op != "dial"
}

// closed reports whether the connection was closed without a response.
func (r *response) closed() bool {
	return r.http == nil && client.IsClosed(r.err)
}

// wantsTLS reports whether nginx responds that it received plain HTTP on a TLS port.
func (r *response) wantsTLS() bool {
	return r.code() == http.StatusBadRequest && strings.Contains(r.body(), "plain HTTP request was sent to HTTPS port")
}

// summary describes the response in a few words.
func (r *response) summary() string {
	switch {
	case r.healthy():
		return r.document
	case r.closed():
		return "connection closed without a response"
	case r.reason() == client.ReasonTimeout:
		return "no response within " + r.options.Timeout.String()
	case r.reason() == client.ReasonRefused:
		return "connection refused"
	case r.http == nil:
		return errorText(r.err)
	}
	text := fmt.Sprintf("HTTP status %d", r.code())
	if server := r.http.Header.Get("Server"); server != "" {
		text += " from " + truncate(server)
	}
	if contentType := r.http.Header.Get("Content-Type"); contentType != "" {
		text += ", " + truncate(contentType)
	}
	return text
}

// evidence describes the response to a trial request.
func (r *response) evidence(trial string) doctor.Evidence {
	return doctor.Evidence{Name: "tried " + trial, Value: r.summary()}
}

// errorEvidence is the error that the exporter reports.
func (r *response) errorEvidence() doctor.Evidence {
	return doctor.Evidence{Name: "exporter error", Value: errorText(r.err)}
}

// bodyEvidence quotes the beginning of the response body.
func (r *response) bodyEvidence() doctor.Evidence {
	const end = " ..."
	text := strings.TrimSpace(r.body())
	quoted := fmt.Sprintf("%q", text)
	for n := min(len(text), maxQuoted); len(quoted) > maxQuoted; n-- {
		quoted = fmt.Sprintf("%q", text[:n]) + end
	}
	return doctor.Evidence{Name: "response body", Value: quoted}
}

// maxQuoted is how many bytes of text from servers are shown.
const maxQuoted = 64

func truncate(text string) string {
	if len(text) > maxQuoted {
		return text[:maxQuoted] + "..."
	}
	return text
}

// errorText is the text of an error; those of the client are short already.
func errorText(err error) string {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return truncate(err.Error())
}

// join lists the first items.
func join[T any](items []T) string {
	const most = 12
	var texts []string
	for i, item := range items {
		if i == most {
			texts = append(texts, fmt.Sprintf("%d more", len(items)-most))
			break
		}
		texts = append(texts, fmt.Sprint(item))
	}
	return strings.Join(texts, ", ")
}
