package plus

import (
	"slices"
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Responses counts responses by class and by status code. nginx lists only codes
// that occurred.
type Responses struct {
	Informational value.Value // 1xx
	Success       value.Value // 2xx
	Redirection   value.Value // 3xx
	ClientError   value.Value // 4xx
	ServerError   value.Value // 5xx
	Codes         []Code
}

// Code counts the responses with one status code.
type Code struct {
	Code  string // usually three digits
	Count value.Value
}

// Number returns the code as a number, 0 if it is not one of three digits.
func (c *Code) Number() int {
	if len(c.Code) != 3 {
		return 0
	}
	number := 0
	for _, digit := range []byte(c.Code) {
		if digit < '0' || digit > '9' {
			return 0
		}
		number = number*10 + int(digit-'0')
	}
	return number
}

func (r *Responses) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "1xx":
			r.Informational = d.Count()
		case "2xx":
			r.Success = d.Count()
		case "3xx":
			r.Redirection = d.Count()
		case "4xx":
			r.ClientError = d.Count()
		case "5xx":
			r.ServerError = d.Count()
		case "codes":
			r.decodeCodes(d)
		default: // including total, the sum of the classes
			d.Skip()
		}
	}
}

// Bounds of the status codes of one object, and of the name of a code or of a
// slot size, which have three or four digits.
const (
	maxCodes = 1000
	maxName  = 64
)

func (r *Responses) decodeCodes(d *document.Reader) {
	codes := make([]Code, 0, 16)
	for name := range d.Members() {
		code := Code{Code: d.Keep(name)}
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
	r.Codes = nil
	if len(codes) > 0 {
		r.Codes = slices.Clone(codes) // without unused capacity
	}
}

func (r *Responses) classes() []*value.Value {
	return []*value.Value{&r.Informational, &r.Success, &r.Redirection, &r.ClientError, &r.ServerError}
}
