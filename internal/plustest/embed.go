package plustest

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed testdata/sample testdata/odd
var testdata embed.FS

// Sample returns the documents of a server of release 37 with all features, by
// their paths below the version. The caller may change the map.
func Sample() map[string][]byte {
	documents, err := read("testdata/sample")
	if err != nil {
		panic("plustest: " + err.Error()) // embedded, and read by every test
	}
	return documents
}

// Odds lists the sets of unusual but valid documents, which
// testdata/odd/README.md describes.
func Odds() []string {
	entries, err := testdata.ReadDir("testdata/odd")
	if err != nil {
		panic("plustest: " + err.Error())
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// Odd returns one set of unusual but valid documents, for WithOverlay or
// WithDocuments.
func Odd(name string) (map[string][]byte, error) {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "/.") {
		return nil, fmt.Errorf("plustest: no set of documents is called %q", name)
	}
	documents, err := read(path.Join("testdata/odd", name))
	if err != nil {
		return nil, fmt.Errorf("plustest: documents %s: %w", name, err)
	}
	return documents, nil
}

func read(directory string) (map[string][]byte, error) {
	documents := map[string][]byte{}
	err := fs.WalkDir(testdata, directory, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := testdata.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, directory+"/")
		if raw, ok := strings.CutSuffix(name, ".raw"); ok { // kept byte for byte
			documents[raw] = body
		} else {
			documents[strings.TrimSuffix(name, ".json")] = compact(body)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	return documents, nil
}

// compact removes white space as nginx does. Text that is not JSON is unchanged.
func compact(body []byte) []byte {
	var buffer bytes.Buffer
	if json.Compact(&buffer, body) != nil {
		return body
	}
	return buffer.Bytes()
}
