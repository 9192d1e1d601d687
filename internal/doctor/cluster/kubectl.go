package cluster

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
	// RequestTimeout bounds each request to the API server and to Prometheus.
	RequestTimeout = 20 * time.Second
	responseLimit  = 64 << 20 // bytes
)

// Reasons of an [Error]. The first ones are those of the Kubernetes API.
const (
	NotFound     = "NotFound"
	Forbidden    = "Forbidden"
	Unauthorized = "Unauthorized"
	Unavailable  = "ServiceUnavailable"
	Internal     = "InternalError"
	BadRequest   = "BadRequest"

	NoKubectl  = "no kubectl"  // the program cannot be run
	NoContext  = "no context"  // kubectl has no cluster to talk to
	NoResponse = "no response" // the API server does not respond
	Malformed  = "malformed"   // the response is of another form
)

// Error says why something could not be observed.
type Error struct {
	Reason  string // one of the constants, another one of Kubernetes, or empty
	Message string
}

// Error is the message of the server, in one line.
func (e *Error) Error() string { return e.Message }

// ReasonOf is the reason of an [Error]; empty for any other error.
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// IsClientSide reports errors of the client (kubectl, permissions, connection)
// as opposed to errors of the object that was requested.
func IsClientSide(err error) bool {
	switch ReasonOf(err) {
	case NoKubectl, NoContext, NoResponse, Unauthorized, Forbidden:
		return true
	}
	return false
}

// isUnknown reports that nothing is known of an object. That it does not exist
// is knowledge.
func isUnknown(err error) bool { return err != nil && ReasonOf(err) != NotFound }

// Runner runs kubectl with arguments, and returns its standard output or an
// [Error].
type Runner func(ctx context.Context, args []string) ([]byte, error)

// kubectl requests paths of the API server through the user's kubectl, which
// knows the address, the credentials and the plugins that make them. Each path
// is requested once.
type kubectl struct {
	args      []string // context, impersonation and so on
	run       Runner
	responses map[string]response
}

type response struct {
	body []byte
	err  error
}

// get decodes the response to a path, requested as another user if one is given.
func (k *kubectl) get(ctx context.Context, user, path string, into any) error {
	if k.run == nil {
		return &Error{"", path + " was not observed"} // of an observation with known facts only
	}
	key := user + " " + path
	r, found := k.responses[key]
	if !found {
		r.body, r.err = k.request(ctx, user, path)
		k.responses[key] = r
	}
	if r.err != nil {
		return r.err
	}
	if text, ok := into.(*string); ok {
		*text = string(r.body)
		return nil
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return &Error{Malformed, fmt.Sprintf("malformed response to %s: %v", path, err)}
	}
	return nil
}

// forget makes the next get send a request again.
func (k *kubectl) forget(user, path string) { delete(k.responses, user+" "+path) }

func (k *kubectl) request(ctx context.Context, user, path string) ([]byte, error) {
	args := append([]string{"get", "--raw", path}, k.args...)
	if user != "" {
		args = append(withoutImpersonation(args), "--as="+user)
	}
	return k.run(ctx, args)
}

// program runs a program as kubectl.
func program(name string) Runner {
	return func(ctx context.Context, args []string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		var stdout, stderr limitedBuffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.WaitDelay = time.Second
		err := cmd.Run()
		switch {
		case err == nil && stdout.truncated:
			return nil, &Error{"", "the response is too large"}
		case err == nil:
			return stdout.Bytes(), nil
		case ctx.Err() != nil:
			return nil, &Error{NoResponse, "kubectl got no response within " + RequestTimeout.String()}
		case stderr.Len() == 0:
			return nil, &Error{NoKubectl, fmt.Sprintf("%s cannot be run: %v", name, err)}
		}
		return nil, ErrorOf(stderr.String())
	}
}

// withoutImpersonation drops the arguments that would name a second user.
func withoutImpersonation(args []string) []string {
	var rest []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--as=") && !strings.HasPrefix(arg, "--as-group=") && !strings.HasPrefix(arg, "--as-uid=") {
			rest = append(rest, arg)
		}
	}
	return rest
}

// ErrorOf parses what kubectl wrote to standard error.
func ErrorOf(stderr string) *Error {
	// This is how kubectl prints an error of the API server.
	serverError := regexp.MustCompile(`(?s)^Error from server(?: \(([A-Za-z]+)\))?: (.*)$`)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for i, line := range lines {
		if m := serverError.FindStringSubmatch(strings.Join(lines[i:], " ")); m != nil && strings.HasPrefix(line, "Error from server") {
			return &Error{m[1], strings.TrimSpace(m[2])}
		}
	}
	last := lines[len(lines)-1]
	lower := strings.ToLower(last)
	contains := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(lower, part) {
				return true
			}
		}
		return false
	}
	switch {
	case contains("unauthorized", "must be logged in", "getting credentials"):
		return &Error{Unauthorized, last}
	case contains("deadline exceeded", "context canceled"):
		return &Error{NoResponse, last}
	case contains("context", "localhost:8080", "kubeconfig", "no such file", "config file", "invalid configuration"):
		return &Error{NoContext, last}
	}
	return &Error{NoResponse, last}
}

// limitedBuffer keeps the first responseLimit bytes.
type limitedBuffer struct {
	bytes.Buffer

	truncated bool
}

// Write keeps what fits.
func (l *limitedBuffer) Write(p []byte) (int, error) {
	if room := responseLimit - l.Len(); len(p) > room {
		l.truncated = true
		_, err := l.Buffer.Write(p[:max(room, 0)])
		return len(p), err
	}
	return l.Buffer.Write(p)
}

// ReadFrom hides that of bytes.Buffer, which has no limit.
func (l *limitedBuffer) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}

// namespace is the namespace of the context that kubectl uses.
func (k *kubectl) namespace(ctx context.Context) (string, error) {
	args := append([]string{"config", "view", "--minify", "-o", "jsonpath={..namespace}"}, withoutImpersonation(k.args)...)
	out, err := k.run(ctx, args)
	if ReasonOf(err) == NoContext {
		// In a pod kubectl needs no kubeconfig, and is in the namespace of the pod.
		if own, e := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace"); e == nil {
			out, err = own, nil
		}
	}
	name, _, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if name == "" && err == nil {
		name = "default"
	}
	return name, err
}

// proxyPath is a path of the API server that leads into a pod or a Service.
func proxyPath(namespace, kind, scheme, name, port, path string) string {
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
