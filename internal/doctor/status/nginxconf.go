package status

import (
	"path"
	"slices"
	"strings"
)

// Limits of a configuration of nginx. Large configurations have about ten thousand
// directives.
const (
	maxDirectives = 200_000
	maxNesting    = 32
	maxIncludes   = 16   // nested
	maxLookups    = 2000 // include directives
	maxFiles      = 2000
)

// directive is a directive of nginx, with its block if it has one.
type directive struct {
	name  string
	args  []string
	block []directive
	file  string
}

// dump is the output of nginx -T: all configuration files, with includes not yet
// resolved.
type dump struct {
	names   []string // of the files, the main one first
	files   map[string][]directive
	lookups int // left
}

// fileHeader starts each file of a dump.
const fileHeader = "\n# configuration file "

// parseDump parses the output of nginx -T. It accepts any text and skips what is
// not valid.
func parseDump(text string) *dump {
	d := &dump{files: map[string][]directive{}, lookups: maxLookups}
	left := maxDirectives
	_, rest, found := strings.Cut("\n"+text, fileHeader)
	for found && len(d.names) < maxFiles {
		var file string
		file, rest, found = strings.Cut(rest, fileHeader)
		name, body, _ := strings.Cut(file, "\n")
		name = strings.TrimSuffix(name, ":")
		if _, known := d.files[name]; !known {
			d.names = append(d.names, name)
			d.files[name] = (&parser{text: body, file: name, left: &left}).block(0)
		}
	}
	return d
}

// directives returns those of the main file, with includes resolved.
func (d *dump) directives() []directive {
	if len(d.names) == 0 {
		return nil
	}
	left := maxDirectives
	return d.resolve(d.files[d.names[0]], 0, &left)
}

func (d *dump) resolve(list []directive, depth int, left *int) []directive {
	var all []directive
	for i := range list {
		if *left--; *left < 0 || depth > maxIncludes {
			return all
		}
		item := list[i]
		if item.name == "include" && len(item.args) == 1 {
			for _, name := range d.matching(item.args[0]) {
				all = append(all, d.resolve(d.files[name], depth+1, left)...)
			}
			continue
		}
		item.block = d.resolve(item.block, depth, left)
		all = append(all, item)
	}
	return all
}

// matching returns the files that an include names. A relative pattern is
// relative to the main file.
func (d *dump) matching(pattern string) []string {
	if d.lookups--; d.lookups < 0 {
		return nil
	}
	if !strings.HasPrefix(pattern, "/") {
		pattern = path.Join(path.Dir(d.names[0]), pattern)
	}
	return slices.DeleteFunc(slices.Clone(d.names[1:]), func(name string) bool {
		matches, err := path.Match(pattern, name)
		return err != nil || !matches
	})
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

// block parses up to the end of the block or file.
func (p *parser) block(depth int) []directive {
	var list []directive
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
		item := directive{file: p.file}
		if len(words) > 0 {
			item.name, item.args = words[0], words[1:]
		}
		if kind == '{' && strings.HasSuffix(item.name, "_by_lua_block") {
			p.skipLua()
		} else if kind == '{' {
			item.block = p.block(depth + 1)
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
