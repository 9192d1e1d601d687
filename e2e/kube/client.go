package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Client is a client of the API server.
type Client struct {
	base, user string
	http       *http.Client
}

// StatusError is a response whose status is not 2xx.
type StatusError struct {
	// Code is the HTTP status code, Message the error message of the server.
	Code    int
	Message string
}

// Error has the status and the message.
func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// IsNotFound reports whether the error is a 404.
func IsNotFound(err error) bool {
	status, ok := errors.AsType[*StatusError](err)
	return ok && status.Code == http.StatusNotFound
}

func newClient(base, authority string, files pair) (*Client, error) {
	roots := x509.NewCertPool()
	ca, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	roots.AppendCertsFromPEM(ca)
	cert, err := tls.LoadX509KeyPair(files.cert, files.key)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}
	return NewClient(base, transport), nil
}

// NewClient returns a client of the API server at the base URL. The transport
// authenticates it.
func NewClient(base string, transport http.RoundTripper) *Client {
	return &Client{base: base, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

// URL is that of a path of the API server.
func (c *Client) URL(path string) string { return c.base + path }

// As impersonates another user, with the permissions of that user.
func (c *Client) As(user string) *Client {
	impersonating := *c
	impersonating.user = user
	return &impersonating
}

// Get reads an object or a list.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, into)
}

// Create creates an object.
func (c *Client) Create(ctx context.Context, path string, object, into any) error {
	return c.do(ctx, http.MethodPost, path, "application/json", object, into)
}

// Merge applies a merge patch, which replaces lists as a whole.
func (c *Client) Merge(ctx context.Context, path string, patch any) error {
	return c.do(ctx, http.MethodPatch, path, "application/merge-patch+json", patch, nil)
}

// Operation is an operation of a JSON patch.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Patch applies a JSON patch.
func (c *Client) Patch(ctx context.Context, path string, operations ...Operation) error {
	return c.do(ctx, http.MethodPatch, path, "application/json-patch+json", operations, nil)
}

// Apply does a server-side apply: the manager owns the fields of the object.
func (c *Client) Apply(ctx context.Context, path, manager string, object any) error {
	return c.do(ctx, http.MethodPatch, path+"?force=true&fieldManager="+manager, "application/apply-patch+yaml", object, nil)
}

// Replace replaces an object.
func (c *Client) Replace(ctx context.Context, path string, object any) error {
	return c.do(ctx, http.MethodPut, path, "application/json", object, nil)
}

// Delete deletes an object without a grace period. One that does not exist is not
// an error.
func (c *Client) Delete(ctx context.Context, path, uid string) error {
	options := map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
		"preconditions": map[string]any{"uid": uid},
	}
	err := c.do(ctx, http.MethodDelete, path, "application/json", options, nil)
	if IsNotFound(err) {
		return nil
	}
	return err
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body, into any) error {
	var encoded bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&encoded).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, &encoded)
	if err != nil {
		return err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	text, status, err := c.send(request)
	switch {
	case err != nil:
		return err
	case status/100 != 2:
		return statusError(status, text)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}

// send returns the body and the status of the response.
func (c *Client) send(request *http.Request) (text []byte, status int, err error) {
	if c.user != "" {
		request.Header.Set("Impersonate-User", c.user)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, 64<<20))
	return text, response.StatusCode, err
}

// statusError has the message of the Status object, or the text of the response.
func statusError(code int, text []byte) error {
	var status struct{ Message string }
	if json.Unmarshal(text, &status) != nil || status.Message == "" {
		status.Message = string(bytes.TrimSpace(text))
	}
	return &StatusError{Code: code, Message: status.Message}
}
