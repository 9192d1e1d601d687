package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Manifest is a YAML document of a file.
type Manifest struct{ APIVersion, Kind, Namespace, Text string }

// ErrUnknownKind means that the cluster does not have the kind of a document.
var ErrUnknownKind = errors.New("unknown kind")

// Documents splits a file. Documents without a kind on a line of its own are
// skipped.
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

// field is the value of the first line that starts with the key.
func field(document, key string) string {
	found := regexp.MustCompile(`(?m)` + key + `: *["']?([^"'\s#]+)`).FindStringSubmatch(document)
	if found == nil {
		return ""
	}
	return found[1]
}

// DryRun validates the document on the API server, with admission and strict
// field validation: unknown and duplicate fields are errors.
func (c *Client) DryRun(ctx context.Context, m Manifest, namespace string) error {
	path, err := c.path(ctx, m, namespace)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		c.base+path+"?dryRun=All&fieldValidation=Strict", strings.NewReader(m.Text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/yaml")
	request.Header.Set("Accept", "application/json")
	text, status, err := c.send(request)
	if err == nil && status != http.StatusCreated {
		err = statusError(status, text)
	}
	return err
}

// path is the collection in which objects of this kind are created.
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
			return "", fmt.Errorf("%w: %s of %s", ErrUnknownKind, m.Kind, m.APIVersion)
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
	return "", fmt.Errorf("%w: %s of %s", ErrUnknownKind, m.Kind, m.APIVersion)
}
