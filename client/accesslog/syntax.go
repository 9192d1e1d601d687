package accesslog

import (
	"errors"
	"fmt"
	"strings"
)

// template is a log_format as nginx has it in memory.
type template struct {
	text   string
	escape escape
}

// read returns the format of a preset, of a directive log_format, or of a text,
// which may be in several parts in single quotes, as in nginx.conf.
func (o *Options) read() (template, error) {
	format := strings.TrimSpace(o.Format)
	if p, known := preset(format); known {
		if o.Escape != "" {
			return template{}, fmt.Errorf("the format %s has its own escaping: leave out escape=%s", p.Name, o.Escape)
		}
		return template{unescapeConf(p.Format), escapeHex}, nil
	}
	escape, err := o.Escape.parse()
	if err != nil {
		return template{}, err
	}
	words := strings.Fields(format)
	switch {
	case len(words) == 0:
		return template{}, errors.New("the log_format is empty")
	case words[0] == "log_format":
		return readDirective(format, o.Escape)
	case format[0] == '\'':
		parts, err := splitConf(format)
		return template{strings.Join(parts, ""), escape}, err
	case !strings.Contains(format, "$"):
		return template{}, fmt.Errorf("%q is neither the name of a format (%s) nor a log_format: it has no variables",
			o.Format, strings.Join(presetNames(), ", "))
	}
	return template{unescapeConf(o.Format), escape}, nil
}

// readDirective reads a directive: a name, an optional escape, and the text in
// one part or several.
func readDirective(directive string, given Escape) (template, error) {
	words, err := splitConf(directive)
	if err != nil {
		return template{}, err
	}
	const first = 2 // the word after the name
	if len(words) <= first {
		return template{}, errors.New("log_format has no text after its name")
	}
	parts := words[first:]
	if own, found := strings.CutPrefix(parts[0], "escape="); found {
		if given != "" && given != Escape(own) {
			return template{}, fmt.Errorf("the log_format has escape=%s, but escape=%s is configured", own, given)
		}
		given, parts = Escape(own), parts[1:]
	}
	escape, err := given.parse()
	return template{strings.Join(parts, ""), escape}, err
}

// splitConf splits a directive into words, as nginx does. A semicolon ends it.
func splitConf(text string) ([]string, error) {
	var words []string
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" || text[0] == ';' {
			return words, nil
		}
		end, skip := 0, 0
		if quote := text[0]; quote == '\'' || quote == '"' {
			text, skip = text[1:], 1
			if end = indexConf(text, string(quote)); end < 0 {
				return nil, fmt.Errorf("a quote %c of the log_format is not closed", quote)
			}
		} else if end = indexConf(text, " \t\r\n;"); end < 0 {
			end = len(text)
		}
		words = append(words, unescapeConf(text[:end]))
		text = text[end+skip:]
	}
}

// indexConf returns the index of the first of these characters that has no
// backslash before it, -1 if there is none.
func indexConf(text, chars string) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.IndexByte(chars, text[i]) >= 0:
			return i
		}
	}
	return -1
}

// unescapeConf replaces the escape sequences of nginx.conf.
func unescapeConf(text string) string {
	return strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`, `\t`, "\t", `\r`, "\r", `\n`, "\n").Replace(text)
}

// piece is a variable of a format and the literal text after it.
type piece struct {
	variable string // without $
	literal  string
}

// pieces splits a format into the text before the first variable, and variables.
func pieces(format string) (prefix string, all []piece, err error) {
	parts := strings.Split(format, "$")
	if len(parts) == 1 {
		return "", nil, errors.New("the log_format has no variables")
	}
	for _, text := range parts[1:] {
		var literal string
		if inner, braced := strings.CutPrefix(text, "{"); braced {
			var closed bool
			if text, literal, closed = strings.Cut(inner, "}"); !closed {
				return "", nil, fmt.Errorf("the closing bracket of ${%s is missing", inner)
			}
		} else {
			end := len(text) - len(strings.TrimLeft(text, variableChars))
			text, literal = text[:end], text[end:]
		}
		if text == "" || strings.Trim(text, variableChars) != "" {
			return "", nil, errors.New("a $ of the log_format is not followed by the name of a variable")
		}
		all = append(all, piece{text, literal})
	}
	return parts[0], all, nil
}

const variableChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
