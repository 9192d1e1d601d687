package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/nearest"
)

// oneLine reduces errors of the YAML library to one line, in terms of the file and
// not of Go types. Values between backticks are removed: they may be secrets.
func oneLine(err error) string {
	text := err.Error()
	var types *yaml.TypeError
	if errors.As(err, &types) {
		text = types.Errors[0]
	}
	text = strings.Join(strings.Fields(text), " ")
	text = regexp.MustCompile("`.*`").ReplaceAllString(text, "a value")
	unknown := regexp.MustCompile(`field (.+) not found in type (\S+)`)
	text = unknown.ReplaceAllStringFunc(text, func(match string) string {
		words := unknown.FindStringSubmatch(match)
		return unknownKey(words[1], words[2])
	})
	mismatch := regexp.MustCompile(`cannot unmarshal !!(\w+)(?: a value)? into (\S+)`)
	return mismatch.ReplaceAllStringFunc(text, func(match string) string {
		words := mismatch.FindStringSubmatch(match)
		return wrongType(words[1], words[2])
	})
}

// wrongType describes a value with a YAML tag that does not fit a Go type.
func wrongType(tag, goType string) string {
	const text, number, boolean, list, keys = "text", "a number", "true or false", "a list", "keys with values"
	want := keys // of a struct or map
	switch kind := strings.TrimRight(goType, "0123456789"); {
	case kind == "string":
		want = text
	case kind == "bool":
		want = boolean
	case kind == "int", kind == "uint", kind == "float":
		want = number
	case strings.HasPrefix(kind, "["):
		want = list
	}
	got, known := map[string]string{
		"str": text, "int": number, "float": number, "bool": boolean, "seq": list, "map": keys, "null": "nothing",
	}[tag]
	switch {
	case !known:
		got = "a value of type " + tag
	case got == want:
		return "the number is out of range, or not whole"
	}
	return fmt.Sprintf("must be %s, not %s", want, got)
}

// unknownKey describes a key that the Go type of its section does not have.
func unknownKey(key, section string) string {
	keys := map[string][]string{}
	collectKeys(keys, reflect.TypeFor[File]())
	collectKeys(keys, reflect.TypeFor[web.Config]())
	text := fmt.Sprintf("unknown key %q", key)
	if near := nearest.Name(key, keys[section]); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return text
}

// collectKeys adds the YAML keys of a type and of those in it, by the name that
// the YAML library has for it.
func collectKeys(to map[string][]string, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collectKeys(to, t.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	name := t.String()
	if _, known := to[name]; known {
		return
	}
	to[name] = nil
	for i := range t.NumField() {
		field := t.Field(i)
		key, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		collectKeys(to, field.Type)
		if strings.Contains(options, "inline") {
			to[name] = append(to[name], to[field.Type.String()]...)
		} else if key != "" && key != "-" {
			to[name] = append(to[name], key)
		}
	}
	if t.PkgPath() == reflect.TypeFor[promconfig.HTTPClientConfig]().PkgPath() {
		// The methods of these types decode into others, all of this name.
		to["config.plain"] = append(to["config.plain"], to[name]...)
	}
}
