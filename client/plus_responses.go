package client

import "slices"

// PlusResponses counts answers by class and by status code. Codes that never
// occurred are not listed, by nginx or here.
type PlusResponses struct {
	Informational Number // 1xx
	Success       Number // 2xx
	Redirection   Number // 3xx
	ClientError   Number // 4xx
	ServerError   Number // 5xx
	Codes         []PlusCode
}

// PlusCode counts the answers with one status code.
type PlusCode struct {
	Code  string // as nginx names it
	Count Number
}

// Number returns the code as a number, 0 if it is not one of three digits.
func (c *PlusCode) Number() int {
	if len(c.Code) != 3 || !isDigit(c.Code[0]) || !isDigit(c.Code[1]) || !isDigit(c.Code[2]) {
		return 0
	}
	return int(c.Code[0]-'0')*100 + int(c.Code[1]-'0')*10 + int(c.Code[2]-'0')
}

func (r *PlusResponses) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "1xx":
			r.Informational = s.count()
		case "2xx":
			r.Success = s.count()
		case "3xx":
			r.Redirection = s.count()
		case "4xx":
			r.ClientError = s.count()
		case "5xx":
			r.ServerError = s.count()
		case "codes":
			r.decodeCodes(s)
		default:
			s.skip()
		}
	}
}

// maxCodes bounds how many status codes one object may list.
const maxCodes = 1000

func (r *PlusResponses) decodeCodes(s *scanner) {
	// Most objects list the same codes, in the same order.
	before, codes := s.codes, s.codes[:0]
	for name := range s.members() {
		var code string
		if i := len(codes); i < len(before) && before[i].Code == string(name) {
			code = before[i].Code
		} else {
			code = s.intern(name)
		}
		count := s.count()
		switch i := slices.IndexFunc(codes, func(c PlusCode) bool { return c.Code == code }); {
		case i >= 0:
			codes[i].Count = count
		case len(codes) < maxCodes:
			codes = append(codes, PlusCode{code, count})
		default:
			s.unfit++
		}
	}
	r.Codes = s.codeMemory.keep(s, codes)
	s.codes = codes
}

func (r *PlusResponses) classes() []*Number {
	return []*Number{&r.Informational, &r.Success, &r.Redirection, &r.ClientError, &r.ServerError}
}
