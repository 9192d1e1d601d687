package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"nginx-exporter/collector"
	"nginx-exporter/collector/source/accesslog"
)

// schema is one part of a JSON schema.
type schema map[string]any

// TestDocsSchema compares docs/config.schema.json with the types of the file.
func TestDocsSchema(t *testing.T) {
	whole := structure(t, reflect.TypeFor[File](), "")
	whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	whole["title"] = "Configuration file of nginx-exporter"
	whole["$defs"] = schema{"http_client_config": structure(t, reflect.TypeFor[HTTPClient](), "")}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(whole); err != nil {
		t.Fatal(err)
	}
	generated(t, "docs/config.schema.json", text.String())
}

// field is one key of a mapping in the file.
type field struct {
	name string
	path string // from http_client_config on, for keys of the library
	kind reflect.Type
	doc  string
}

// fields lists the keys of a type, including those of embedded types.
func fields(t *testing.T, of reflect.Type, path string) []field {
	t.Helper()
	if of == reflect.TypeFor[HTTPClient]() {
		of, path = reflect.TypeFor[promconfig.HTTPClientConfig](), "http_client_config"
	}
	var list []field
	for _, f := range reflect.VisibleFields(of) {
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if len(f.Index) > 1 || !f.IsExported() {
			continue
		}
		if strings.Contains(rest, "inline") {
			list = append(list, fields(t, f.Type, path)...)
			continue
		}
		one := field{name: name, kind: f.Type, doc: f.Tag.Get("doc")}
		if path != "" {
			one.path = path + "." + name
			if refused(one.path) {
				continue
			}
			one.doc = libraryKeys()[one.path]
		}
		if one.doc == "" {
			t.Errorf("the key %s of %s has no description", name, of)
		}
		list = append(list, one)
	}
	return list
}

// refused reports whether the exporter refuses a key that the library has.
func refused(path string) bool {
	return strings.HasSuffix(path, "_ref") || slices.Contains([]string{
		"http_client_config.oauth2", "http_client_config.no_proxy", "http_client_config.proxy_from_environment",
	}, path)
}

// structure describes a mapping with known keys.
func structure(t *testing.T, of reflect.Type, path string) schema {
	t.Helper()
	properties := schema{}
	for _, f := range fields(t, of, path) {
		part := describe(t, f.kind, f.path)
		if part["$ref"] == nil {
			part["description"] = f.doc
		} else {
			part = schema{"allOf": []schema{part}, "description": f.doc}
		}
		narrow(f, part)
		properties[f.name] = part
	}
	whole := schema{"type": "object", "properties": properties, "additionalProperties": false}
	switch of {
	case reflect.TypeFor[Target]():
		whole["required"] = []string{"uri"}
	case reflect.TypeFor[AccessLog]():
		whole["required"] = []string{"input"}
	case reflect.TypeFor[Allow]():
		whole["oneOf"] = []schema{{"required": []string{"host"}}, {"required": []string{"cidr"}}}
	}
	return whole
}

// describe describes a value of a type.
func describe(t *testing.T, of reflect.Type, path string) schema {
	t.Helper()
	switch of {
	case reflect.TypeFor[Duration](), reflect.TypeFor[Delay]():
		return schema{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`, "examples": []string{"5s", "500ms"}}
	case reflect.TypeFor[Count]():
		return schema{"type": "integer", "minimum": 1}
	case reflect.TypeFor[promconfig.URL]():
		return schema{"type": "string", "format": "uri"}
	case reflect.TypeFor[promconfig.TLSVersion]():
		return schema{"enum": []string{"TLS12", "TLS13"}}
	case reflect.TypeFor[HTTPClient]():
		return schema{"$ref": "#/$defs/http_client_config"}
	case reflect.TypeFor[promconfig.Headers]():
		return schema{"type": "object", "additionalProperties": structure(t, reflect.TypeFor[promconfig.Header](), path)}
	}
	switch of.Kind() {
	case reflect.Pointer:
		return describe(t, of.Elem(), path)
	case reflect.Struct:
		return structure(t, of, path)
	case reflect.Slice:
		return schema{"type": "array", "items": describe(t, of.Elem(), path)}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": describe(t, of.Elem(), path)}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float64:
		return schema{"type": "number", "minimum": 0}
	case reflect.Uint16:
		return schema{"type": "integer", "minimum": 1, "maximum": 65535}
	default:
		t.Fatalf("no schema is defined for %s", of)
		return nil
	}
}

// narrow adds constraints beyond the type of a key.
func narrow(f field, part schema) {
	switch {
	case f.name == "mode":
		part["enum"] = collector.Modes()
	case f.name == "uri":
		part["pattern"] = "^(https?://|unix:)"
	case f.name == "names":
		part["enum"] = accesslog.AllNames()
	case f.name == "escape":
		part["enum"] = []string{"default", "json", "none"}
	case f.name == "collectors":
		var names []string
		for _, source := range collector.Sources() {
			names = append(names, source.Name)
		}
		part["propertyNames"] = schema{"enum": names}
	case f.name == "labels":
		part["propertyNames"] = schema{"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "not": schema{"pattern": "^__"}}
		// 1 and true in YAML are accepted as text.
		part["additionalProperties"] = schema{"type": []string{"string", "number", "boolean"}}
	case onlyFalse(f):
		part["const"] = false
	}
}

// onlyFalse reports whether the exporter refuses the key unless it is off.
func onlyFalse(f field) bool {
	return f.path == "http_client_config.follow_redirects" || f.path == "http_client_config.enable_http2"
}

// libraryKeys describes the keys that come from prometheus/common.
func libraryKeys() map[string]string {
	keys := map[string]string{
		"basic_auth":                      "Basic authentication.",
		"basic_auth.username":             "User name.",
		"basic_auth.username_file":        "File with the user name.",
		"basic_auth.password":             "Password.",
		"basic_auth.password_file":        "File with the password.",
		"authorization":                   "The Authorization header.",
		"authorization.type":              "Type of the credentials (default Bearer).",
		"authorization.credentials":       "The credentials.",
		"authorization.credentials_file":  "File with the credentials.",
		"bearer_token":                    "Same as authorization.credentials.",
		"bearer_token_file":               "Same as authorization.credentials_file.",
		"tls_config":                      "TLS, instead of all --nginx.ssl flags. No effect on http:// and unix: targets.",
		"tls_config.ca":                   "CA certificates to trust, instead of the system's, in PEM format.",
		"tls_config.ca_file":              "File with the CA certificates to trust, instead of the system's.",
		"tls_config.cert":                 "Client certificate in PEM format.",
		"tls_config.cert_file":            "File with the client certificate.",
		"tls_config.key":                  "Key of the client certificate in PEM format.",
		"tls_config.key_file":             "File with the key of the client certificate.",
		"tls_config.server_name":          "Server name to verify and to send (SNI), instead of the host of the target.",
		"tls_config.insecure_skip_verify": "Disable certificate verification (insecure).",
		"tls_config.min_version":          "Minimum version of TLS (default TLS12).",
		"tls_config.max_version":          "Maximum version of TLS.",
		"follow_redirects":                "Must be false: redirects are never followed.",
		"enable_http2":                    "Must be false: requests use HTTP/1.1.",
		"proxy_url":                       "URL of an HTTP proxy. Variables such as HTTP_PROXY are ignored.",
		"proxy_connect_header":            "Headers of CONNECT requests to the proxy.",
		"http_headers":                    "Headers of requests, by name, except those reserved by HTTP.",
		"http_headers.values":             "Values of the header.",
		"http_headers.secrets":            "Secret values.",
		"http_headers.files":              "Files with values.",
	}
	whole := map[string]string{}
	for key, doc := range keys {
		whole["http_client_config."+key] = doc
	}
	return whole
}

// compiled returns the schema as it is in the documentation.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(read(t, "docs/config.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.schema.json", document); err != nil {
		t.Fatal(err)
	}
	whole, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// checkBySchema validates a YAML document by the schema.
func checkBySchema(t *testing.T, whole *jsonschema.Schema, text string) error {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return whole.Validate(instance)
}

// TestSchemaKnowsEachKeyOfTheLibrary checks each key of prometheus/common: it is in
// the schema and accepted, or refused by name. It fails if a new version of the
// library adds a key.
func TestSchemaKnowsEachKeyOfTheLibrary(t *testing.T) {
	var walk func(of reflect.Type, path []string)
	walk = func(of reflect.Type, path []string) {
		for _, f := range reflect.VisibleFields(of) {
			name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if len(f.Index) > 1 || !f.IsExported() {
				continue
			}
			kind := f.Type
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			here := append(slices.Clone(path), name)
			switch {
			case strings.Contains(rest, "inline"):
				walk(kind, path)
			case kind == reflect.TypeFor[promconfig.URL](), kind == reflect.TypeFor[promconfig.Headers]():
				checkKey(t, here, map[bool]any{true: "http://h/", false: map[string]any{}}[kind == reflect.TypeFor[promconfig.URL]()])
			case kind == reflect.TypeFor[promconfig.OAuth2]():
				checkKey(t, here, map[string]any{"client_id": "x", "token_url": "http://h/"})
			case kind.Kind() == reflect.Struct:
				walk(kind, here)
			default:
				checkKey(t, here, sample(here, kind))
			}
		}
	}
	walk(reflect.TypeFor[promconfig.HTTPClientConfig](), []string{"http_client_config"})
}

// sample is a value that the library accepts for a key.
func sample(path []string, kind reflect.Type) any {
	switch {
	case kind == reflect.TypeFor[promconfig.TLSVersion]():
		return "TLS12"
	case kind.Kind() == reflect.Bool:
		return path[len(path)-1] == "insecure_skip_verify" || path[len(path)-1] == "proxy_from_environment"
	case kind.Kind() == reflect.Map:
		return map[string]any{}
	default:
		return "x"
	}
}

func checkKey(t *testing.T, path []string, value any) {
	t.Helper()
	for _, name := range slices.Backward(path) {
		value = map[string]any{name: value}
	}
	text, err := yaml.Marshal(map[string]any{"modules": map[string]any{"m": value}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = parseFile(text)
	bySchema := checkBySchema(t, compiled(t), string(text))
	where, name := strings.Join(path, "."), path[len(path)-1]
	if strings.HasSuffix(name, "_ref") {
		name = "_ref"
	}
	// A certificate requires its key, headers for a proxy require a proxy.
	incomplete := err != nil && regexp.MustCompile(`must (also )?be configured`).MatchString(err.Error())
	switch {
	case refused(where) != (bySchema != nil):
		t.Errorf("%s: the schema returns %v", where, bySchema)
	case incomplete:
	case refused(where) && (err == nil || !strings.Contains(err.Error(), name)):
		t.Errorf("%s: the loader returns %v, and must refuse it by name", where, err)
	case !refused(where) && err != nil:
		t.Errorf("%s: %v", where, err)
	}
}
