package plustest

import "encoding/json"

// member is one member of an object, in the bytes of its document. The name
// has its quotes.
type member struct{ name, value []byte }

// text is the name without quotes and escapes.
func (m member) text() string {
	var name string
	if json.Unmarshal(m.name, &name) != nil {
		return string(m.name)
	}
	return name
}

// members splits an object of a valid document; of anything else it returns nil.
func members(raw []byte) []member {
	var all []member
	i := blanks(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return nil
	}
	for i = blanks(raw, i+1); i < len(raw) && raw[i] == '"'; i = blanks(raw, i) {
		end := skip(raw, i)
		value := blanks(raw, blanks(raw, end)+1)
		next := skip(raw, value)
		all = append(all, member{raw[i:end], raw[value:next]})
		if i = blanks(raw, next); i < len(raw) && raw[i] == ',' {
			i++
		}
	}
	return all
}

// elements splits an array of a valid document.
func elements(raw []byte) [][]byte {
	var all [][]byte
	i := blanks(raw, 0)
	if i == len(raw) || raw[i] != '[' {
		return nil
	}
	for i = blanks(raw, i+1); i < len(raw) && raw[i] != ']'; i = blanks(raw, i) {
		end := skip(raw, i)
		all = append(all, raw[i:end])
		if i = blanks(raw, end); i < len(raw) && raw[i] == ',' {
			i++
		}
	}
	return all
}

// blanks returns where the white space at i ends.
func blanks(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\r' || raw[i] == '\t') {
		i++
	}
	return i
}

// skip returns where the value that begins at i ends.
func skip(raw []byte, i int) int {
	depth := 0
	for i < len(raw) {
		switch raw[i] {
		case '"':
			i = skipString(raw, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
		default:
			i = skipScalar(raw, i)
		}
		if depth <= 0 {
			return i
		}
	}
	return i
}

func skipString(raw []byte, i int) int {
	for i++; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(raw))
}

// skipScalar returns where a number, true, false or null ends.
func skipScalar(raw []byte, i int) int {
	for i < len(raw) {
		switch raw[i] {
		case ',', ':', '}', ']', ' ', '\t', '\r', '\n':
			return i
		}
		i++
	}
	return i
}

// memberOf returns the value of the first member of a name, or nil.
func memberOf(raw []byte, name string) []byte {
	for _, m := range members(raw) {
		if m.text() == name {
			return m.value
		}
	}
	return nil
}

// without appends raw to dst without the members of the given names, at any
// depth.
func without(dst, raw []byte, drop map[string]bool) []byte {
	switch {
	case len(raw) > 0 && raw[0] == '{':
		return objectWithout(dst, raw, drop)
	case len(raw) > 0 && raw[0] == '[':
		dst = append(dst, '[')
		for i, value := range elements(raw) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = without(dst, value, drop)
		}
		return append(dst, ']')
	default:
		return append(dst, raw...)
	}
}

func objectWithout(dst, raw []byte, drop map[string]bool) []byte {
	kept := 0
	dst = append(dst, '{')
	for _, m := range members(raw) {
		if drop[m.text()] {
			continue
		}
		if kept++; kept > 1 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, m.name...), ':')
		dst = without(dst, m.value, drop)
	}
	return append(dst, '}')
}
