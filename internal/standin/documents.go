// Package standin serves recorded documents of status interfaces instead of nginx,
// for tests, benchmarks and demos.
package standin

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

//go:embed documents
var documents embed.FS

// Document returns a recorded document, such as vts/v0.2.7.json.
func Document(name string) ([]byte, error) {
	body, err := documents.ReadFile(path.Join("documents", name))
	if err != nil {
		return nil, fmt.Errorf("no document is called %q", name)
	}
	return body, nil
}

// Documents lists the recorded documents that match a pattern, such as vts/*.json.
func Documents(pattern string) []string {
	names, _ := fs.Glob(documents, path.Join("documents", pattern)) // fails only if the pattern is malformed
	for i, name := range names {
		names[i] = name[len("documents/"):]
	}
	return names
}
