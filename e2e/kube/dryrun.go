package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// Manifest is a document of a file.
type Manifest struct{ APIVersion, Kind, Namespace, Text string }

// ErrNoKind is what a document is told whose kind the cluster does not have.
var ErrNoKind = errors.New("the cluster has no such kind")

// Documents splits a file. Documents without a kind are left out; so are those
// whose kind is not on a line of its own.
func Documents(text string) []Manifest {
	var all []Manifest
	for _, document := range regexp.MustCompile(`(?m)^---.*$`).Split(text, -1) {
		m := Manifest{
			APIVersion: field(document, `^apiVersion`), Kind: field(document, `^kind`),
			Namespace: field(document, `^ +namespace`), Text: document,
		}
		if m.APIVersion != "" && m.Kind != "" {
			all = append(all, m)
		}
	}
	return all
}

// field is the value of the first line that begins with the key.
func field(document, key string) string {
	found := regexp.MustCompile(`(?m)` + key + `: *["']?([^"'\s#]+)`).FindStringSubmatch(document)
	if found == nil {
		return ""
	}
	return found[1]
}

// DryRun has the API server take the document as if it were to be created, with
// admission and strict validation: unknown and double fields are errors.
func (c *Client) DryRun(ctx context.Context, m Manifest, namespace string) (string, error) {
	path, err := c.path(ctx, m, namespace)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		c.base+path+"?dryRun=All&fieldValidation=Strict", strings.NewReader(m.Text))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/yaml")
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", failure(response.StatusCode, answer)
	}
	return string(answer), nil
}

// path is where objects of the document's kind are created.
func (c *Client) path(ctx context.Context, m Manifest, namespace string) (string, error) {
	base := "/apis/" + m.APIVersion
	if !strings.Contains(m.APIVersion, "/") {
		base = "/api/" + m.APIVersion
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := c.Get(ctx, base, &list); err != nil {
		if IsNotFound(err) {
			return "", fmt.Errorf("%w: %s of %s", ErrNoKind, m.Kind, m.APIVersion)
		}
		return "", err
	}
	for _, r := range list.Resources {
		if r.Kind != m.Kind || strings.Contains(r.Name, "/") {
			continue
		}
		if !r.Namespaced {
			return base + "/" + r.Name, nil
		}
		if m.Namespace != "" {
			namespace = m.Namespace
		}
		return base + "/namespaces/" + namespace + "/" + r.Name, nil
	}
	return "", fmt.Errorf("%w: %s of %s", ErrNoKind, m.Kind, m.APIVersion)
}
