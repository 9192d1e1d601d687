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
	"slices"
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
	Throttled    = "TooManyRequests"

	NoKubectl  = "no kubectl"  // kubectl cannot be run
	NoContext  = "no context"  // kubectl is not configured for a cluster
	NoResponse = "no response" // the API server does not respond
	Malformed  = "malformed"   // the response cannot be decoded
)

// Error says why something could not be observed.
type Error struct {
	Reason  string // one of the constants, another reason of Kubernetes, or empty
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

// IsClientSide reports errors of the client or on the way (kubectl, permissions,
// connection, an overloaded API server) as opposed to errors of the object that was requested.
func IsClientSide(err error) bool {
	switch ReasonOf(err) {
	case NoKubectl, NoContext, NoResponse, Unauthorized, Forbidden, Throttled, Malformed:
		return true
	}
	return false
}

// isUnknown reports whether an error leaves open whether an object exists.
func isUnknown(err error) bool { return err != nil && ReasonOf(err) != NotFound }

// Runner runs kubectl with arguments, and returns its standard output or an
// [Error].
type Runner func(ctx context.Context, args []string) ([]byte, error)

// kubectl requests paths of the API server through the user's kubectl, which has the
// address and the credentials. It requests each path once.
type kubectl struct {
	args      []string // such as --context and --as
	run       Runner
	responses map[string]response
}

type response struct {
	body []byte
	err  error
}

// get decodes the response to a path. A user is impersonated, unless it is empty.
func (k *kubectl) get(ctx context.Context, user, path string, into any) error {
	if k.run == nil {
		return &Error{"", path + " was not observed"} // in a test with known facts only
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

// forget makes the next get send the request again.
func (k *kubectl) forget(user, path string) { delete(k.responses, user+" "+path) }

func (k *kubectl) request(ctx context.Context, user, path string) ([]byte, error) {
	args := append([]string{"get", "--raw", path}, k.args...)
	if user != "" {
		args = append(withoutImpersonation(args), "--as="+user)
	}
	return k.run(ctx, args)
}

// program returns a Runner for the name or path of kubectl.
func program(name string) Runner {
	return func(ctx context.Context, args []string) ([]byte, error) {
		return execute(ctx, name, args, nil)
	}
}

// execute runs kubectl with a standard input, nil for none.
func execute(ctx context.Context, name string, args []string, stdin io.Reader) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr limitedBuffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case err == nil && stdout.truncated:
		return nil, &Error{"", "the response is too large"}
	case err == nil:
		return stdout.text.Bytes(), nil
	case ctx.Err() != nil:
		return nil, &Error{NoResponse, "kubectl got no response within " + RequestTimeout.String()}
	case stderr.text.Len() == 0:
		return nil, &Error{NoKubectl, fmt.Sprintf("%s cannot be run: %v", name, err)}
	}
	return nil, ErrorOf(stderr.text.String())
}

// withoutImpersonation removes the arguments that impersonate a user.
func withoutImpersonation(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return strings.HasPrefix(arg, "--as=") || strings.HasPrefix(arg, "--as-group=") || strings.HasPrefix(arg, "--as-uid=")
	})
}

// ErrorOf parses the standard error of kubectl.
func ErrorOf(stderr string) *Error {
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
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(lower, part) })
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

// limitedBuffer keeps the first responseLimit bytes and discards the rest.
type limitedBuffer struct {
	text      bytes.Buffer
	truncated bool
}

// Write implements [io.Writer].
func (l *limitedBuffer) Write(p []byte) (int, error) {
	room := responseLimit - l.text.Len()
	l.truncated = l.truncated || len(p) > room
	_, err := l.text.Write(p[:min(len(p), room)])
	return len(p), err
}

// namespace is the namespace of kubectl's context.
func (k *kubectl) namespace(ctx context.Context) (string, error) {
	args := append([]string{"config", "view", "--minify", "-o", "jsonpath={..namespace}"}, withoutImpersonation(k.args)...)
	out, err := k.run(ctx, args)
	if ReasonOf(err) == NoContext {
		// In a pod kubectl needs no kubeconfig, and uses the namespace of the pod.
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

// proxyPath is the path of the API server's proxy to a pod or a Service.
func proxyPath(namespace, kind, scheme, name, port, path string) string {
	if scheme == "https" {
		name = "https:" + name
	}
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/" + kind + "/" + name + ":" + port + "/proxy" + path
}

// selectorQuery is the query of a list request with a label selector.
func selectorQuery(selector string) string {
	if selector == "" {
		return ""
	}
	return "?labelSelector=" + url.QueryEscape(selector)
}
