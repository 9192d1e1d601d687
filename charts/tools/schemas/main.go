// Command schemas derives JSON schemas for kubeconform from the OpenAPI
// document of Kubernetes and from CustomResourceDefinitions, so that the
// chart's output is checked without a network:
//
//	schemas -out FOLDER -openapi swagger.json -kinds group/version/Kind,... CRD.yaml...
//
// Objects whose fields are known are closed: a field that the API does not
// have is an error. Descriptions are left out.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

type node = map[string]any

const (
	refPrefix  = "#/definitions/"
	objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
)

func main() {
	out := flag.String("out", "", "folder to write to")
	openapi := flag.String("openapi", "", "OpenAPI v2 document of Kubernetes")
	kinds := flag.String("kinds", "", "kinds to take from it, as group/version/Kind with core for the empty group")
	flag.Parse()
	if err := run(*out, *openapi, strings.Split(*kinds, ","), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "schemas:", err)
		os.Exit(1)
	}
}

func run(out, openapi string, kinds, crds []string) error {
	var document struct {
		Definitions map[string]node `json:"definitions"`
	}
	if err := read(openapi, &document); err != nil {
		return err
	}
	definitions := document.Definitions
	for _, kind := range kinds {
		name, err := find(definitions, kind)
		if err != nil {
			return err
		}
		parts := strings.Split(kind, "/")
		if err := write(out, parts[0], parts[1], parts[2], node{"$ref": refPrefix + name}, definitions); err != nil {
			return err
		}
	}
	for _, crd := range crds {
		if err := derive(out, crd, definitions); err != nil {
			return fmt.Errorf("%s: %w", crd, err)
		}
	}
	return nil
}

func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}

// find names the definition of a kind.
func find(definitions map[string]node, kind string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		list, _ := definitions[name]["x-kubernetes-group-version-kind"].([]any)
		for _, item := range list {
			of := item.(node)
			group := of["group"].(string)
			if group == "" {
				group = "core"
			}
			if fmt.Sprintf("%s/%s/%s", group, of["version"], of["kind"]) == kind {
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("no definition of %s", kind)
}

// derive writes the schemas of all versions of the CustomResourceDefinitions in a file.
func derive(out, path string, definitions map[string]node) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for document := range strings.SplitSeq("\n"+string(text), "\n---\n") {
		if strings.Contains(document, "\nkind: CustomResourceDefinition\n") {
			if err := deriveOne(out, document, definitions); err != nil {
				return err
			}
		}
	}
	return nil
}

func deriveOne(out, text string, definitions map[string]node) error {
	var crd struct {
		Spec struct {
			Group string `json:"group"`
			Names struct {
				Kind string `json:"kind"`
			} `json:"names"`
			Versions []struct {
				Name   string `json:"name"`
				Schema struct {
					OpenAPI node `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(text), &crd); err != nil {
		return err
	}
	if len(crd.Spec.Versions) == 0 {
		return errors.New("no versions")
	}
	for _, version := range crd.Spec.Versions {
		schema := version.Schema.OpenAPI
		schema["properties"].(node)["metadata"] = node{"$ref": refPrefix + objectMeta}
		if err := write(out, crd.Spec.Group, version.Name, crd.Spec.Names.Kind, schema, definitions); err != nil {
			return err
		}
	}
	return nil
}

// write writes a schema with all that it refers to, in kubeconform's naming.
func write(out, group, version, kind string, schema node, definitions map[string]node) error {
	reached := map[string]any{}
	result := convert(schema, definitions, reached).(node)
	result["$schema"] = "http://json-schema.org/draft-07/schema#"
	if len(reached) > 0 {
		result["definitions"] = reached
	}
	if ref, isRef := result["$ref"]; isRef {
		// Beside $ref nothing else counts in draft 7.
		delete(result, "$ref")
		result["allOf"] = []any{node{"$ref": ref}}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	name := strings.ToLower(kind) + "-" + strings.Split(group, ".")[0] + "-" + version + ".json"
	if group == "core" {
		name = strings.ToLower(kind) + "-" + version + ".json"
	}
	return os.WriteFile(filepath.Join(out, name), append(text, '\n'), 0o644)
}

// kept are the keywords that both OpenAPI and JSON Schema know.
func kept() []string {
	return []string{
		"type", "enum", "required", "items", "properties", "additionalProperties", "pattern", "minimum", "maximum",
		"minLength", "maxLength", "minItems", "maxItems", "allOf", "anyOf", "oneOf", "not",
	}
}

// convert rewrites a schema for draft 7 and collects the definitions it reaches.
func convert(value any, definitions map[string]node, reached map[string]any) any {
	schema, isObject := value.(node)
	if !isObject {
		return value
	}
	if ref, isRef := schema["$ref"].(string); isRef {
		return reference(strings.TrimPrefix(ref, refPrefix), definitions, reached)
	}
	if schema["x-kubernetes-int-or-string"] == true || schema["format"] == "int-or-string" {
		return node{"type": []any{"integer", "string"}}
	}
	result := node{}
	for _, key := range kept() {
		if part, has := schema[key]; has {
			result[key] = keyword(key, part, definitions, reached)
		}
	}
	return closed(schema, result)
}

// keyword converts the value of a keyword, which may hold schemas itself.
func keyword(key string, part any, definitions map[string]node, reached map[string]any) any {
	switch key {
	case "properties":
		properties := node{}
		for name, property := range part.(node) {
			properties[name] = convert(property, definitions, reached)
		}
		return properties
	case "allOf", "anyOf", "oneOf":
		list := []any{}
		for _, item := range part.([]any) {
			list = append(list, convert(item, definitions, reached))
		}
		return list
	case "items", "additionalProperties", "not":
		return convert(part, definitions, reached)
	default:
		return part
	}
}

// closed forbids fields that are not known, where the API would prune them.
func closed(schema, result node) node {
	_, hasProperties := result["properties"]
	_, isMap := result["additionalProperties"]
	if hasProperties && !isMap && result["type"] == "object" && schema["x-kubernetes-preserve-unknown-fields"] != true {
		result["additionalProperties"] = false
	}
	if schema["nullable"] == true {
		if kind, has := result["type"]; has {
			result["type"] = []any{kind, "null"}
		}
	}
	return result
}

func reference(name string, definitions map[string]node, reached map[string]any) any {
	short := name[strings.LastIndex(name, ".")+1:]
	switch short {
	case "Quantity":
		return node{"type": []any{"string", "number"}}
	case "FieldsV1":
		return node{"type": "object"}
	}
	if _, done := reached[name]; !done {
		reached[name] = true // recursive definitions end here
		reached[name] = convert(definitions[name], definitions, reached)
	}
	return node{"$ref": refPrefix + name}
}
