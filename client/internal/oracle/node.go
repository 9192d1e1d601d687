// Package oracle decodes JSON documents by rules, from what encoding/json reads, and
// compares the decoders of client with that. It is for tests only.
package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Node is a JSON value as encoding/json reads it. Unlike an any it keeps the order of
// members, and duplicate ones.
type Node struct {
	Kind   byte   // { [ " 0 t n
	Text   string // true or false for a boolean
	Names  []string
	Within []Node // of Names, if this is an object
}

// Parse reads a document. It returns false if encoding/json rejects it.
func Parse(document []byte) (Node, bool) {
	if !json.Valid(document) {
		return Node{}, false
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	node, err := parseOne(decoder)
	return node, err == nil
}

func parseOne(decoder *json.Decoder) (Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return Node{}, fmt.Errorf("a valid document has no next token: %w", err)
	}
	switch token := token.(type) {
	case json.Delim:
		return parseWithin(decoder, byte(token))
	case string:
		return Node{Kind: '"', Text: token}, nil
	case json.Number:
		return Node{Kind: '0', Text: token.String()}, nil
	case bool:
		return Node{Kind: 't', Text: strconv.FormatBool(token)}, nil
	default:
		return Node{Kind: 'n'}, nil
	}
}

func parseWithin(decoder *json.Decoder, kind byte) (Node, error) {
	parsed := Node{Kind: kind}
	for decoder.More() {
		one, err := parseOne(decoder)
		if err == nil && kind == '{' {
			parsed.Names = append(parsed.Names, one.Text)
			one, err = parseOne(decoder)
		}
		if err != nil {
			return Node{}, err
		}
		parsed.Within = append(parsed.Within, one)
	}
	_, err := decoder.Token()
	return parsed, err
}
