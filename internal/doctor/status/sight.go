package status

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
)

// sight is what one look at a target showed.
type sight struct {
	options client.Options
	stub    *client.StubStatus
	plus    *plus.Index
	err     error            // nil if the exporter would be content
	look    *client.Response // the answer as it came, nil if there was none
	took    time.Duration    // until there was an answer
}

func (s *sight) target() client.Target { return s.options.Target }

func (s *sight) healthy() bool { return s.err == nil }

// reason is why the exporter would not be content, empty if it would.
func (s *sight) reason() client.Reason {
	if s.err == nil {
		return ""
	}
	return client.ReasonOf(s.err)
}

// status is the HTTP status of the answer, 0 if there was none.
func (s *sight) status() int {
	if s.look == nil {
		return 0
	}
	return s.look.Status
}

// body is the beginning of the answer.
func (s *sight) body() string {
	if s.look == nil {
		return ""
	}
	return string(s.look.Body)
}

// fromNginx reports whether an nginx, or what calls itself so, has answered.
func (s *sight) fromNginx() bool {
	return s.look != nil && strings.Contains(strings.ToLower(s.look.Header.Get("Server")), "nginx")
}

// answered says what came, in a few words.
func (s *sight) answered() string {
	switch {
	case s.hungUp():
		return "the connection was closed without an answer"
	case s.reason() == client.ReasonTimeout:
		return "no answer within " + s.options.Timeout.String()
	case s.reason() == client.ReasonRefused:
		return "the connection was refused"
	case s.look == nil:
		return plain(s.err)
	}
	text := fmt.Sprintf("HTTP status %d", s.look.Status)
	if server := s.look.Header.Get("Server"); server != "" {
		text += " from " + short(server)
	}
	if kind := s.look.Header.Get("Content-Type"); kind != "" {
		text += ", " + short(kind)
	}
	return text
}

// maxQuoted is how much of an answer is shown.
const maxQuoted = 64

// quoted shows the beginning of the answer.
func (s *sight) quoted() string {
	text := strings.TrimSpace(s.body())
	const end = " ..."
	if quoted := fmt.Sprintf("%q", text); len(quoted) <= maxQuoted {
		return quoted
	}
	for n := min(len(text), maxQuoted); ; n-- {
		if quoted := fmt.Sprintf("%q", text[:n]); len(quoted)+len(end) <= maxQuoted {
			return quoted + end
		}
	}
}

// short bounds a text that others wrote.
func short(text string) string {
	if len(text) > maxQuoted {
		return text[:maxQuoted] + "..."
	}
	return text
}

// plain is an error without what net/http may put before it for its own
// developers.
func plain(err error) string {
	var e *client.Error
	if errors.As(err, &e) {
		return strings.TrimPrefix(e.Error(), "readLoopPeekFailLocked: ")
	}
	return short(err.Error())
}

// Times of one look. The first has the exporter's own time-out, since what is
// too slow for the exporter is what is looked for.
const (
	mostForFirst = 6 * time.Second
	mostForTrial = 1500 * time.Millisecond
)

// ask looks at a target the way the exporter does.
func ask(ctx context.Context, options client.Options, most time.Duration) *sight {
	options.Timeout = min(cmp.Or(options.Timeout, most), most)
	s := &sight{options: options}
	c, err := client.New(options)
	if err != nil {
		s.err = err
		return s
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	began := time.Now()
	s.scrape(ctx, c)
	s.took = time.Since(began)
	// Without an answer there is nothing more to see.
	if !slices.Contains([]client.Reason{"", client.ReasonStatus, client.ReasonParse, client.ReasonTooLarge}, s.reason()) {
		return s
	}
	if look, err := c.Fetch(ctx); err == nil {
		s.look = look
	}
	return s
}

// scrape reads what a scrape begins with.
func (s *sight) scrape(ctx context.Context, c *client.Client) {
	if s.options.Mode == client.ModePlus {
		s.plus, s.err = plus.New(c, 0).Index(ctx)
		return
	}
	if s.stub, s.err = c.StubStatus(ctx); s.err == nil || s.options.Mode != client.ModeAuto || !client.IsPlus(s.err) {
		return
	}
	if index, err := plus.New(c, 0).Index(ctx); err == nil {
		s.plus, s.err = index, nil
	}
}
