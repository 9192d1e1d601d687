package hpa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

const (
	// questionLimit bounds one question in time, answerLimit the answer in bytes.
	questionLimit = 20 * time.Second
	answerLimit   = 64 << 20
)

// Reasons of Kubernetes that the doctor tells apart. The last ones are of
// kubectl, which found nobody to ask.
const (
	notFound     = "NotFound"
	forbidden    = "Forbidden"
	unauthorized = "Unauthorized"
	unavailable  = "ServiceUnavailable"
	internal     = "InternalError"

	noKubectl = "no kubectl"
	noContext = "no context"
	noAnswer  = "no answer"

	odd = "odd" // an answer of another form
)

// refusal is an answer that is not what was asked for.
type refusal struct {
	reason  string // as Kubernetes names it, or one of the above
	message string
}

// Error is what the server said, in one line.
func (r *refusal) Error() string { return r.message }

// reasonOf is the reason of a refusal; empty for any other error.
func reasonOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.reason
	}
	return ""
}

// isBlind tells errors of whoever asks from errors of what is asked.
func isBlind(err error) bool {
	switch reasonOf(err) {
	case noKubectl, noContext, noAnswer, unauthorized, forbidden:
		return true
	}
	return false
}

// unsaid tells whether a question has no answer at all; that something is not
// there is one.
func unsaid(err error) bool { return err != nil && reasonOf(err) != notFound }

// cluster asks the API server through the user's kubectl, which knows the
// address, the credentials and the plugins that make them.
type cluster struct {
	args  []string // context, impersonation and so on
	run   runner
	known map[string]answer
}

// runner runs kubectl, and gives what it wrote to standard output, or a
// refusal.
type runner func(ctx context.Context, args []string) ([]byte, error)

type answer struct {
	body []byte
	err  error
}

// get reads an object or a list into a value. The same question is asked once.
func (c *cluster) get(ctx context.Context, path string, into any) error {
	return c.getAs(ctx, "", path, into)
}

// forget has a question asked again.
func (c *cluster) forget(user, path string) { delete(c.known, user+" "+path) }

// getAs asks in the name of another user.
func (c *cluster) getAs(ctx context.Context, user, path string, into any) error {
	key := user + " " + path
	a, found := c.known[key]
	if !found {
		a.body, a.err = c.ask(ctx, user, path)
		c.known[key] = a
	}
	if a.err != nil {
		return a.err
	}
	if text, ok := into.(*string); ok {
		*text = string(a.body)
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return &refusal{odd, fmt.Sprintf("the answer to %s makes no sense: %v", path, err)}
	}
	return nil
}

// ask asks for a path in the name of a user, or as kubectl does by itself.
func (c *cluster) ask(ctx context.Context, user, path string) ([]byte, error) {
	args := append([]string{"get", "--raw", path}, c.args...)
	if user != "" {
		args = append(withoutImpersonation(args), "--as="+user)
	}
	return c.run(ctx, args)
}

// process runs a program as kubectl.
func process(kubectl string) runner {
	return func(ctx context.Context, args []string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, questionLimit)
		defer cancel()
		cmd := exec.CommandContext(ctx, kubectl, args...)
		var stdout, stderr limited
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.WaitDelay = time.Second
		err := cmd.Run()
		switch {
		case err == nil && stdout.cut:
			return nil, &refusal{"", "the answer is too large"}
		case err == nil:
			return stdout.Bytes(), nil
		case ctx.Err() != nil:
			return nil, &refusal{noAnswer, "kubectl had no answer within " + questionLimit.String()}
		case stderr.Len() == 0:
			return nil, &refusal{noKubectl, fmt.Sprintf("%s cannot be run: %v", kubectl, err)}
		}
		return nil, refusalOf(stderr.String())
	}
}

// withoutImpersonation leaves out what would name two users.
func withoutImpersonation(args []string) []string {
	var rest []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--as=") && !strings.HasPrefix(arg, "--as-group=") && !strings.HasPrefix(arg, "--as-uid=") {
			rest = append(rest, arg)
		}
	}
	return rest
}

// serverError is how kubectl writes what the API server said.
func serverError() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^Error from server(?: \(([A-Za-z]+)\))?: (.*)$`)
}

// refusalOf reads what kubectl wrote to standard error.
func refusalOf(text string) *refusal {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	for i, line := range lines {
		if m := serverError().FindStringSubmatch(strings.Join(lines[i:], " ")); m != nil && strings.HasPrefix(line, "Error from server") {
			return &refusal{m[1], strings.TrimSpace(m[2])}
		}
	}
	lower := strings.ToLower(last)
	switch {
	case strings.Contains(lower, "unauthorized"), strings.Contains(lower, "must be logged in"), strings.Contains(lower, "getting credentials"):
		return &refusal{unauthorized, last}
	case strings.Contains(lower, "deadline exceeded"), strings.Contains(lower, "context canceled"):
		return &refusal{noAnswer, last}
	case strings.Contains(lower, "context"), strings.Contains(lower, "localhost:8080"),
		strings.Contains(lower, "kubeconfig"), strings.Contains(lower, "no such file"), strings.Contains(lower, "config file"),
		strings.Contains(lower, "invalid configuration"):
		return &refusal{noContext, last}
	}
	return &refusal{noAnswer, last}
}

// limited keeps so much of an output and no more.
type limited struct {
	bytes.Buffer

	cut bool
}

// Write keeps what fits.
func (l *limited) Write(p []byte) (int, error) {
	if room := answerLimit - l.Len(); len(p) > room {
		l.cut = true
		_, err := l.Buffer.Write(p[:max(room, 0)])
		return len(p), err
	}
	return l.Buffer.Write(p)
}

// ReadFrom is not that of the buffer, which has no limit.
func (l *limited) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}

// proxied is a path of the API server that leads into a pod or a Service.
func proxied(namespace, kind, scheme, name, port, path string) string {
	if scheme == "https" {
		name = "https:" + name
	}
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/" + kind + "/" + name + ":" + port + "/proxy" + path
}

// selectorQuery is a label selector as a query.
func selectorQuery(selector string) string {
	if selector == "" {
		return ""
	}
	return "?labelSelector=" + url.QueryEscape(selector)
}

// configNamespace is the namespace of the context that kubectl uses.
func (c *cluster) configNamespace(ctx context.Context) (string, error) {
	args := append([]string{"config", "view", "--minify", "-o", "jsonpath={..namespace}"}, withoutImpersonation(c.args)...)
	out, err := c.run(ctx, args)
	if reasonOf(err) == noContext {
		// In a pod kubectl needs no kubeconfig, and is in the namespace of the pod.
		if own, e := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace"); e == nil {
			out, err = own, nil
		}
	}
	name, _, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	return name, err
}
