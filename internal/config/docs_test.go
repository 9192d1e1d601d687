package config

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite the generated documents")

// TestDocsConfiguration compares the tables of docs/configuration.md with the types
// of the file.
func TestDocsConfiguration(t *testing.T) {
	const path = "docs/configuration.md"
	begin, end := "<!-- config:begin -->\n", "<!-- config:end -->"
	before, rest, hasBegin := strings.Cut(read(t, path), begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no place for the tables", path)
	}
	var tables strings.Builder
	for _, part := range []struct {
		title string
		kind  reflect.Type
	}{
		{"At the top", reflect.TypeFor[File]()},
		{"Below `targets`, for each", reflect.TypeFor[Target]()},
		{"Below `access_logs`, at the top and of a target, for each", reflect.TypeFor[AccessLog]()},
		{"Below `probe`", reflect.TypeFor[Probe]()},
		{"Below `probe.allow`, for each", reflect.TypeFor[Allow]()},
		{"Below `web`", reflect.TypeFor[FileWeb]()},
		{"Below `http_client_config` of a target or module; a key with `_file` names a file with the value", reflect.TypeFor[HTTPClient]()},
	} {
		fmt.Fprintf(&tables, "%s:\n\n| key | value | meaning |\n|---|---|---|\n", part.title)
		list := rows(t, part.kind, "")
		for _, r := range list {
			if name, file := strings.CutSuffix(r.name, "_file"); file && hasRow(list, name) {
				continue
			}
			if hasRow(list, r.name+"_file") {
				r.name += "[_file]"
			}
			fmt.Fprintf(&tables, "| `%s` | %s | %s |\n", r.name, r.value, r.doc)
		}
		tables.WriteString("\n")
		if part.kind == reflect.TypeFor[Target]() {
			tables.WriteString("Below `modules`, for each name: " + modules(t, list) + ", as below `targets`.\n\n")
		}
	}
	generated(t, path, before+begin+tables.String()+end+after)
}

type row struct{ name, value, doc string }

func hasRow(list []row, name string) bool {
	return slices.ContainsFunc(list, func(r row) bool { return r.name == name })
}

// modules lists the keys of a module, all of which targets have, too.
func modules(t *testing.T, targets []row) string {
	t.Helper()
	var names []string
	for _, r := range rows(t, reflect.TypeFor[Module](), "") {
		if !slices.Contains(targets, r) {
			t.Errorf("%s of a module is not that of a target", r.name)
		}
		names = append(names, "`"+r.name+"`")
	}
	return strings.Join(names, ", ")
}

// rows lists the keys of a mapping, and those of mappings of the library below
// it under one name with dots.
func rows(t *testing.T, of reflect.Type, path string) []row {
	t.Helper()
	var list []row
	for _, f := range fields(t, of, path) {
		kind := f.kind
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		one := row{f.name, value(kind), f.doc}
		if onlyFalse(f) {
			one.value = "`false`"
		}
		list = append(list, one)
		below, name := kind, f.name
		if kind == reflect.TypeFor[promconfig.Headers]() {
			below, name = reflect.TypeFor[promconfig.Header](), name+".NAME"
		}
		if f.path == "" || below.Kind() != reflect.Struct || below == reflect.TypeFor[promconfig.URL]() {
			continue
		}
		for _, deeper := range rows(t, below, f.path) {
			list = append(list, row{name + "." + deeper.name, deeper.value, deeper.doc})
		}
	}
	return list
}

// value describes the value of a key.
func value(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[Duration](), of == reflect.TypeFor[Delay]():
		return "duration"
	case of == reflect.TypeFor[Count]():
		return "number"
	case of == reflect.TypeFor[promconfig.URL]():
		return "URL"
	case of == reflect.TypeFor[promconfig.TLSVersion]():
		return "`TLS12`, `TLS13`"
	case of == reflect.TypeFor[promconfig.Headers]():
		return "map"
	}
	switch of.Kind() {
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "map"
	case reflect.Struct:
		return "keys"
	case reflect.Bool:
		return "`true`, `false`"
	default:
		return "text"
	}
}

// TestDocumentedFilesAreValid tries the configuration files of the examples, and those
// in documents, with the loader and with the schema.
func TestDocumentedFilesAreValid(t *testing.T) {
	tried := 0
	whole := compiled(t)
	for name, text := range documented(t) {
		tried++
		if _, err := parseFile([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := checkBySchema(t, whole, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tried < 6 {
		t.Errorf("only %d files found, there were six once", tried)
	}
}

// TestSchemaRefusesUnknownKeys adds a key to each mapping of the documented
// files that has known keys. Loader and schema must both refuse it.
func TestSchemaRefusesUnknownKeys(t *testing.T) {
	whole := compiled(t)
	for name, text := range documented(t) {
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		for _, mapping := range mappings(document.Content[0], "") {
			content := mapping.node.Content
			mapping.node.Content = append(slices.Clone(content), &yaml.Node{Kind: yaml.ScalarNode, Value: "misspelt"},
				&yaml.Node{Kind: yaml.ScalarNode, Value: "x"})
			broken, err := yaml.Marshal(&document)
			mapping.node.Content = content
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseFile(broken); err == nil || !strings.Contains(oneLine(err), `unknown key "misspelt"`) {
				t.Errorf("%s: a key too many below %q: the loader returns %v", name, mapping.path, err)
			}
			if checkBySchema(t, whole, string(broken)) == nil {
				t.Errorf("%s: a key too many below %q: the schema takes it", name, mapping.path)
			}
		}
	}
}

type mapping struct {
	node *yaml.Node
	path string
}

// mappings lists the mappings with known keys in a document.
func mappings(node *yaml.Node, path string) []mapping {
	var list []mapping
	if free := regexp.MustCompile(`\.(labels|collectors|modules|http_headers|proxy_connect_header)$`); node.Kind == yaml.MappingNode && !free.MatchString(path) {
		list = append(list, mapping{node, path})
	}
	for i, child := range node.Content {
		name := "[]"
		if node.Kind == yaml.MappingNode {
			name = "." + node.Content[i-i%2].Value
		}
		list = append(list, mappings(child, path+name)...)
	}
	return list
}

// documented returns the configuration files below examples and those in
// documents, by their location.
func documented(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	err := filepath.WalkDir(fromRoot("."), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "testdata", "charts", "dist"}, entry.Name()) {
			return fs.SkipDir
		}
		switch filepath.Ext(path) {
		case ".yml", ".yaml":
			if text := readPath(t, path); isOurs(text) {
				found[path] = text
			}
		case ".md":
			for i, block := range blocks.FindAllStringSubmatch(readPath(t, path), -1) {
				if isOurs(block[1]) {
					found[fmt.Sprintf("%s, block %d", path, i+1)] = block[1]
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// isOurs distinguishes configuration files of the exporter from those of Prometheus and
// of the exporter's own endpoint: by a key at the top that only they have.
func isOurs(text string) bool {
	var top map[string]yaml.Node
	if yaml.Unmarshal([]byte(text), &top) != nil {
		return false
	}
	for _, key := range []string{"targets", "modules", "probe", "web"} {
		if _, has := top[key]; has {
			return true
		}
	}
	return false
}

func read(t *testing.T, path string) string {
	t.Helper()
	return readPath(t, fromRoot(path))
}

func readPath(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func fromRoot(path string) string { return filepath.Join("..", "..", filepath.FromSlash(path)) }

// generated compares a generated document, or writes it.
func generated(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(fromRoot(path), []byte(want), 0o644); err != nil { // readable by all
			t.Fatal(err)
		}
		return
	}
	if read(t, path) != want {
		t.Errorf("%s is not what the types of the file say now; run make docs and read git diff", path)
	}
}
