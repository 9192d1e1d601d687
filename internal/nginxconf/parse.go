// Package nginxconf reads the configuration of nginx: its directives, the output of nginx -T, addresses and paths. See
// https://nginx.org/en/docs/beginners_guide.html#conf_structure.
//
// It accepts any text and skips what is not valid. Time and memory are limited. What a directive means is up to the callers.
package nginxconf

import (
	"iter"
	"strings"
)

// Limits of a configuration. Large ones have about ten thousand directives.
const (
	maxDirectives = 200_000
	maxNesting    = 32
)

// Directive is a directive of nginx, with its block if it has one.
type Directive struct {
	Name  string
	Args  []string
	Block []Directive
	File  string // of a dump
}

// Parse returns the directives of a file.
func Parse(text string) []Directive {
	left := maxDirectives
	return (&parser{text: text, left: &left}).all()
}

// Named iterates over the directives of a name.
func Named(list []Directive, name string) iter.Seq[*Directive] {
	return func(yield func(*Directive) bool) {
		for i := range list {
			if list[i].Name == name && !yield(&list[i]) {
				return
			}
		}
	}
}

// parser parses one file.
type parser struct {
	text string // not parsed yet
	file string
	left *int // how many more directives are accepted, in all files
}

// Kinds of tokens besides ; { and }.
const (
	tokenWord = 'w'
	tokenEOF  = 0
)

// all parses the file. It skips braces that close nothing.
func (p *parser) all() []Directive {
	list := p.block(0)
	for p.text != "" {
		list = append(list, p.block(0)...)
	}
	return list
}

// block parses up to the end of the block or file.
func (p *parser) block(depth int) []Directive {
	var list []Directive
	var words []string
	for {
		word, kind := p.next()
		switch kind {
		case tokenWord:
			words = append(words, word)
			continue
		case '}', tokenEOF:
			return list
		}
		if *p.left--; *p.left < 0 || depth > maxNesting {
			p.text = ""
			return list
		}
		item := Directive{File: p.file}
		if len(words) > 0 {
			item.Name, item.Args = words[0], words[1:]
		}
		if kind == '{' && strings.HasSuffix(item.Name, "_by_lua_block") {
			p.skipLua()
		} else if kind == '{' {
			item.Block = p.block(depth + 1)
		}
		list, words = append(list, item), nil
	}
}

// skipLua skips a block of Lua code, whose comments are not those of nginx.
func (p *parser) skipLua() {
	open := 1
	for open > 0 && p.text != "" {
		switch c := p.text[0]; {
		case c == '{':
			open++
		case c == '}':
			open--
		case c == '"' || c == '\'':
			p.text = p.text[1:]
			_ = p.word(string(c))
			continue
		case strings.HasPrefix(p.text, "--"):
			_, p.text, _ = strings.Cut(p.text, "\n")
			continue
		}
		p.text = p.text[1:]
	}
}

const blanks = " \t\r\n"

// next returns the next token, by the rules of nginx.
func (p *parser) next() (string, byte) {
	for {
		p.text = strings.TrimLeft(p.text, blanks)
		if !strings.HasPrefix(p.text, "#") {
			break
		}
		_, p.text, _ = strings.Cut(p.text, "\n")
	}
	if p.text == "" {
		return "", tokenEOF
	}
	switch first := p.text[0]; first {
	case ';', '{', '}':
		p.text = p.text[1:]
		return "", first
	case '"', '\'':
		p.text = p.text[1:]
		return p.word(string(first)), tokenWord
	default:
		return p.word(""), tokenWord
	}
}

// word reads up to the closing quote, or to the end of an unquoted word.
func (p *parser) word(quote string) string {
	ends := blanks + ";{"
	if quote != "" {
		ends = quote
	}
	var word strings.Builder
	i := 0
	for ; i < len(p.text); i++ {
		c := p.text[i]
		switch {
		case c == '\\' && i+1 < len(p.text):
			if i++; !strings.ContainsRune(`"'\`, rune(p.text[i])) {
				word.WriteByte(c) // nginx keeps other escapes
			}
			c = p.text[i]
		case c == '{' && quote == "" && i > 0 && p.text[i-1] == '$':
		case strings.IndexByte(ends, c) >= 0:
			if quote != "" {
				i++
			}
			p.text = p.text[i:]
			return word.String()
		}
		word.WriteByte(c)
	}
	p.text = ""
	return word.String()
}
