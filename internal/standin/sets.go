package standin

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Directory returns a directory of embedded files. It panics if the name is not valid.
func Directory(files embed.FS, name string) fs.FS {
	directory, err := fs.Sub(files, name)
	if err != nil {
		panic("standin: " + err.Error())
	}
	return directory
}

// Read returns an embedded file. It panics if there is none of that name.
func Read(files embed.FS, name string) []byte {
	body, err := files.ReadFile(name)
	if err != nil {
		panic("standin: " + err.Error())
	}
	return body
}

// Sets lists the sets of documents in a directory. A set is a file such as full.json,
// which is the document Root, or a directory of documents by path.
func Sets(files fs.FS) []string {
	entries, _ := fs.ReadDir(files, ".") // of embedded files
	var names []string
	for _, entry := range entries {
		name, isJSON := strings.CutSuffix(entry.Name(), ".json")
		if isJSON || entry.IsDir() {
			names = append(names, name)
		}
	}
	return names
}

// Set returns the documents of a set. Those of a directory have no white space, as in
// the responses of NGINX Plus, unless they are in a file such as nginx.raw.
func Set(files fs.FS, name string) (map[string][]byte, error) {
	if !slices.Contains(Sets(files), name) {
		return nil, fmt.Errorf("no set of documents is called %q", name)
	}
	if body, err := fs.ReadFile(files, name+".json"); err == nil {
		return map[string][]byte{Root: body}, nil
	}
	documents := map[string][]byte{}
	err := fs.WalkDir(files, name, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, file)
		below := strings.TrimSuffix(strings.TrimPrefix(file, name+"/"), path.Ext(file))
		documents[below] = body
		if path.Ext(file) == ".json" {
			documents[below] = compact(body)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("documents of %s: %w", name, err)
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
