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

// Sample returns the documents of a server of release 37 that uses everything,
// by their paths below the version. The caller may change the map.
func Sample() map[string][]byte {
	documents, err := read("testdata/sample")
	if err != nil {
		panic("plustest: " + err.Error()) // embedded, and read by every test
	}
	return documents
}

// Odds lists the sets of odd but legal documents. testdata/odd/README.md says
// what each of them is.
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

// Odd returns one set of odd but legal documents: lay it over the sample with
// WithOverlay, or serve only it with WithDocuments.
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

func read(folder string) (map[string][]byte, error) {
	documents := map[string][]byte{}
	err := fs.WalkDir(testdata, folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := testdata.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, folder+"/")
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

// compact writes a document as nginx does, without white space. What is not
// JSON stays as it is.
func compact(body []byte) []byte {
	var buffer bytes.Buffer
	if json.Compact(&buffer, body) != nil {
		return body
	}
	return buffer.Bytes()
}
