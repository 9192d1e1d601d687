// Package values compares the values of the chart with those of other charts (docs/migrating.md), and with the exporter's
// configuration file.
package values

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	page        = "../../../docs/migrating.md"
	chartFolder = "../../nginx-exporter"
)

// TestTables checks that the table of each chart has all of its values, and that the values of ours exist.
func TestTables(t *testing.T) {
	for name, text := range sections(t) {
		theirs := checkRows(t, name, text)
		keys := lines(t, "testdata/"+name+".txt")
		for _, key := range keys {
			if !slices.ContainsFunc(theirs, func(have string) bool { return within(key, have) }) {
				t.Errorf("%s: %s is not in the table", name, key)
			}
		}
		for _, have := range theirs {
			if !slices.ContainsFunc(keys, func(key string) bool { return within(key, have) }) {
				t.Errorf("%s: that chart has no value %s", name, have)
			}
		}
	}
}

// checkRows checks that each row of a table has values of our chart, and returns those of the other one.
func checkRows(t *testing.T, name, text string) (theirs []string) {
	t.Helper()
	schema := decoded(t, "values.schema.json")
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "|") || len(cells) != 2 || strings.HasPrefix(line, "|--") {
			continue
		}
		isHead := theirs == nil && !strings.Contains(line, "`")
		theirs = append(theirs, quoted(cells[0])...)
		ours := valuesIn(cells[1])
		for _, value := range ours {
			if !exists(schema, schema, strings.Split(value, ".")) {
				t.Errorf("%s: the chart has no value %s, in %s", name, value, line)
			}
		}
		if !isHead && len(ours) == 0 && !strings.HasPrefix(strings.TrimSpace(cells[1]), "-") {
			t.Errorf("%s: no value in %s", name, line)
		}
	}
	return theirs
}

// valuesIn returns the values of our chart that a cell names.
func valuesIn(cell string) (values []string) {
	for _, token := range quoted(cell) {
		if value := regexp.MustCompile(`^([a-z]\w*(?:\.\w+)*)(?:: .+)?$`).FindStringSubmatch(token); value != nil {
			values = append(values, value[1])
		}
	}
	return values
}

// within reports whether a key is a value or below it.
func within(key, value string) bool { return key == value || strings.HasPrefix(key, value+".") }

// TestExamples renders the chart with the values after each table.
func TestExamples(t *testing.T) {
	for name, text := range sections(t) {
		values := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(text)
		if values == nil {
			t.Fatalf("%s has no example", name)
		}
		cmd := exec.CommandContext(t.Context(), "../../../bin/tools/helm", "template", "web", chartFolder, "--kube-version", "1.36", "--values", "-")
		cmd.Stdin = strings.NewReader(values[1])
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		if !strings.Contains(string(out), "--nginx.scrape-uri=http://") || strings.Contains(string(out), "{{ .Release") {
			t.Errorf("%s: the exporter has no address:\n%s", name, out)
		}
	}
}

// TestConfiguration checks that the schema accepts all keys of the exporter's configuration file.
func TestConfiguration(t *testing.T) {
	file, chart := decodedFile(t, "../../../docs/config.schema.json"), decoded(t, "values.schema.json")
	values := chart["properties"].(map[string]any)["config"].(map[string]any)["properties"].(map[string]any)
	for key, property := range file["properties"].(map[string]any) {
		name := key
		if key == "access_logs" {
			name = "accessLogs"
		}
		value, found := values[name].(map[string]any)
		if !found {
			t.Errorf("the chart has no value config.%s", name)
			continue
		}
		accepts(t, chart, value, property.(map[string]any), key)
	}
}

// accepts checks that a schema of the chart has all keys of one of the configuration file.
func accepts(t *testing.T, root, chart, file map[string]any, path string) {
	t.Helper()
	chart = resolved(root, chart)
	if names, is := chart["enum"].([]any); is {
		for _, name := range file["enum"].([]any) {
			if !slices.Contains(names, name) {
				t.Errorf("the chart does not accept %v for %s", name, path)
			}
		}
	}
	properties := asMap(chart["properties"])
	for key, property := range asMap(file["properties"]) {
		value, found := properties[key].(map[string]any)
		if !found {
			t.Errorf("the chart does not accept %s.%s", path, key)
			continue
		}
		accepts(t, root, value, property.(map[string]any), path+"."+key)
	}
	for _, inner := range []string{"items", "additionalProperties"} {
		if of, is := file[inner].(map[string]any); is {
			accepts(t, root, asMap(chart[inner]), of, path)
		}
	}
}

func asMap(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// resolved follows the reference of a schema of the chart.
func resolved(root, schema map[string]any) map[string]any {
	if ref, is := schema["$ref"].(string); is {
		return root["definitions"].(map[string]any)[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
	}
	return schema
}

// TestDefaults checks that values.yaml, and therefore the README, has all values of the schema.
func TestDefaults(t *testing.T) {
	compare(t, decoded(t, "values.schema.json"), decoded(t, "values.yaml"), nil)
}

// compare walks maps of values.yaml that have keys of their own.
func compare(t *testing.T, schema, values map[string]any, path []string) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	for key, property := range properties {
		at := append(slices.Clone(path), key)
		value, has := values[key]
		if !has && !slices.Equal(at, []string{"enabled"}) { // read by charts that depend on this one
			t.Errorf("values.yaml has no %s", strings.Join(at, "."))
		}
		if inner, isMap := value.(map[string]any); isMap && len(inner) > 0 {
			compare(t, property.(map[string]any), inner, at)
		}
	}
}

// exists reports whether a path of keys is in a schema.
func exists(root, schema map[string]any, path []string) bool {
	schema = resolved(root, schema)
	if len(path) == 0 {
		return true
	}
	properties, _ := schema["properties"].(map[string]any)
	next, found := properties[path[0]].(map[string]any)
	return found && exists(root, next, path[1:])
}

// sections returns the texts about other charts, by the name after values:.
func sections(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, part := range strings.Split(string(text), "<!-- values:")[1:] {
		name, rest, _ := strings.Cut(part, " -->")
		found[name], _, _ = strings.Cut(rest, "\n## ")
	}
	if len(found) != 2 {
		t.Fatalf("%s has sections %v, want two", page, found)
	}
	return found
}

func quoted(cell string) (tokens []string) {
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		tokens = append(tokens, match[1])
	}
	return tokens
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// decoded returns a file of the chart.
func decoded(t *testing.T, name string) map[string]any {
	t.Helper()
	return decodedFile(t, filepath.Join(chartFolder, name))
}

func decodedFile(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = yaml.YAMLToJSON(text); err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
