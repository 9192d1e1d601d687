package status

import (
	"path"
	"slices"
	"strings"
)

// Bounds of a configuration of nginx. Large ones have some ten thousand
// directives.
const (
	maxDirectives = 200_000
	maxNesting    = 32
	maxIncludes   = 16   // one within another
	maxLookups    = 2000 // of files to include
	maxFiles      = 2000
)

// directive is one directive of nginx, with its block if it has one.
type directive struct {
	name  string
	args  []string
	block []directive
	file  string
}

// dump is what nginx -T prints: its files one after another. Includes are not
// resolved there.
type dump struct {
	names   []string // of the files, the main one first
	files   map[string][]directive
	lookups int // that are left
}

// fileMark begins each file of a dump.
const fileMark = "\n# configuration file "

// parseDump reads what nginx -T prints. It takes any text: what makes no sense
// is left out.
func parseDump(text string) *dump {
	d := &dump{files: map[string][]directive{}, lookups: maxLookups}
	left := maxDirectives
	_, rest, found := strings.Cut("\n"+text, fileMark)
	for found && len(d.names) < maxFiles {
		var file string
		file, rest, found = strings.Cut(rest, fileMark)
		name, body, _ := strings.Cut(file, "\n")
		name = strings.TrimSuffix(name, ":")
		if _, known := d.files[name]; !known {
			d.names = append(d.names, name)
			d.files[name] = (&reader{text: body, file: name, left: &left}).block(0)
		}
	}
	return d
}

// directives returns those of the main file, with includes in their places.
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
		one := list[i]
		if one.name == "include" && len(one.args) == 1 {
			for _, name := range d.matching(one.args[0]) {
				all = append(all, d.resolve(d.files[name], depth+1, left)...)
			}
			continue
		}
		one.block = d.resolve(one.block, depth, left)
		all = append(all, one)
	}
	return all
}

// matching returns the files that an include names. Its pattern is relative to
// the main file.
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

// reader reads one file.
type reader struct {
	text string
	file string
	left *int // directives that may still come, in all files together
}

// Kinds of tokens besides those that are their own sign.
const (
	tokenWord = 'w'
	tokenEnd  = 0 // of the file
)

// block reads up to the end of the block, or of the file.
func (r *reader) block(depth int) []directive {
	var list []directive
	var words []string
	for {
		word, kind := r.next()
		switch kind {
		case tokenWord:
			words = append(words, word)
			continue
		case '}', tokenEnd:
			return list
		}
		if *r.left--; *r.left < 0 || depth > maxNesting {
			r.text = ""
			return list
		}
		one := directive{file: r.file}
		if len(words) > 0 {
			one.name, one.args = words[0], words[1:]
		}
		if kind == '{' && strings.HasSuffix(one.name, "_by_lua_block") {
			r.skipCode()
		} else if kind == '{' {
			one.block = r.block(depth + 1)
		}
		list, words = append(list, one), nil
	}
}

// skipCode reads over a block of Lua, whose quotes and comments are not those
// of nginx.
func (r *reader) skipCode() {
	open := 1
	for open > 0 && r.text != "" {
		switch c := r.text[0]; {
		case c == '{':
			open++
		case c == '}':
			open--
		case c == '"' || c == '\'':
			r.text = r.text[1:]
			_ = r.word(string(c))
			continue
		case strings.HasPrefix(r.text, "--"):
			_, r.text, _ = strings.Cut(r.text, "\n")
			continue
		}
		r.text = r.text[1:]
	}
}

const blanks = " \t\r\n"

// next reads a token as nginx does.
func (r *reader) next() (string, byte) {
	for {
		r.text = strings.TrimLeft(r.text, blanks)
		if !strings.HasPrefix(r.text, "#") {
			break
		}
		_, r.text, _ = strings.Cut(r.text, "\n")
	}
	if r.text == "" {
		return "", tokenEnd
	}
	switch first := r.text[0]; first {
	case ';', '{', '}':
		r.text = r.text[1:]
		return "", first
	case '"', '\'':
		r.text = r.text[1:]
		return r.word(string(first)), tokenWord
	default:
		return r.word(""), tokenWord
	}
}

// word reads up to the quote, or up to what ends a word without one.
func (r *reader) word(quote string) string {
	ends := blanks + ";{"
	if quote != "" {
		ends = quote
	}
	var word strings.Builder
	i := 0
	for ; i < len(r.text); i++ {
		c := r.text[i]
		switch {
		case c == '\\' && i+1 < len(r.text):
			if i++; !strings.ContainsRune(`"'\`, rune(r.text[i])) {
				word.WriteByte(c) // nginx leaves it to what reads the word
			}
			c = r.text[i]
		case c == '{' && quote == "" && i > 0 && r.text[i-1] == '$':
		case strings.IndexByte(ends, c) >= 0:
			if quote != "" {
				i++
			}
			r.text = r.text[i:]
			return word.String()
		}
		word.WriteByte(c)
	}
	r.text = ""
	return word.String()
}
