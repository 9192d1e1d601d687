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

// Client asks the API server.
type Client struct {
	base, user string
	http       *http.Client
}

// StatusError is an answer that is not 2xx.
type StatusError struct {
	// Code is the HTTP status, Message what the server said of it.
	Code    int
	Message string
}

// Error is the server's message.
func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// IsNotFound tells a 404 from other errors.
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

// NewClient asks the API server at the URL base. Whoever it is, the transport knows.
func NewClient(base string, transport http.RoundTripper) *Client {
	return &Client{base: base, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

// As is the client in the name of another user, with that user's rights.
func (c *Client) As(user string) *Client {
	as := *c
	as.user = user
	return &as
}

// Get reads an object, or a list.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, into)
}

// Create makes an object.
func (c *Client) Create(ctx context.Context, path string, object, into any) error {
	return c.do(ctx, http.MethodPost, path, "application/json", object, into)
}

// Merge patches an object: lists are replaced whole.
func (c *Client) Merge(ctx context.Context, path string, patch any) error {
	return c.do(ctx, http.MethodPatch, path, "application/merge-patch+json", patch, nil)
}

// Operation is a part of a JSON patch.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Patch changes an object in places.
func (c *Client) Patch(ctx context.Context, path string, operations ...Operation) error {
	return c.do(ctx, http.MethodPatch, path, "application/json-patch+json", operations, nil)
}

// Apply makes the manager the owner of what the object says, and of that alone.
func (c *Client) Apply(ctx context.Context, path, manager string, object any) error {
	return c.do(ctx, http.MethodPatch, path+"?force=true&fieldManager="+manager, "application/apply-patch+yaml", object, nil)
}

// Replace writes an object as a whole.
func (c *Client) Replace(ctx context.Context, path string, object any) error {
	return c.do(ctx, http.MethodPut, path, "application/json", object, nil)
}

// Delete removes an object at once; one that is gone already is no error.
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

func (c *Client) do(ctx context.Context, method, path, form string, body, into any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, &sent)
	if err != nil {
		return err
	}
	if form != "" {
		request.Header.Set("Content-Type", form)
	}
	if c.user != "" {
		request.Header.Set("Impersonate-User", c.user)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return failure(response.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// failure is what the server said, of its Status object or of its text.
func failure(code int, answer []byte) error {
	var status struct{ Message string }
	if json.Unmarshal(answer, &status) != nil || status.Message == "" {
		status.Message = string(bytes.TrimSpace(answer))
	}
	return &StatusError{Code: code, Message: status.Message}
}
