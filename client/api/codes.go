package api

import (
	"slices"
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Code counts the responses with one status code. Only codes that occurred are
// listed.
type Code struct {
	Code  string // usually three digits
	Count value.Value
}

// Bounds of the status codes of one object, and of the name of a code or of a slot
// size, which have three or four digits.
const (
	maxCodes = 1000
	maxName  = 64
)

// DecodeCodes reads the codes of an object. Their names share the memory of those of
// the object before it, which usually has the same.
func DecodeCodes(d *document.Reader, before []Code) []Code {
	codes := make([]Code, 0, 16)
	for name := range d.Members() {
		var code Code
		if i := len(codes); i < len(before) && before[i].Code == string(name) { // which does not allocate
			code.Code = before[i].Code
		} else {
			code.Code = d.Keep(name)
		}
		code.Count = d.Count() // which may overwrite the name
		switch i := slices.IndexFunc(codes, func(c Code) bool { return c.Code == code.Code }); {
		case i >= 0:
			codes[i] = code
		case len(codes) < maxCodes && len(code.Code) <= maxName:
			codes = append(codes, code)
		default:
			d.MarkInvalid()
		}
	}
	d.Charge(len(codes) * int(unsafe.Sizeof(Code{})))
	if len(codes) == 0 {
		return nil
	}
	return slices.Clone(codes) // without unused capacity
}
