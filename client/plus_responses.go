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
	codes := s.codes[:0]
	for name := range s.members() {
		code := s.intern(name)
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

// Count returns the count of a status code, an absent number if it is not
// listed.
func (r *PlusResponses) Count(code string) Number {
	for i := range r.Codes {
		if r.Codes[i].Code == code {
			return r.Codes[i].Count
		}
	}
	return Number{}
}

func (r *PlusResponses) classes() []*Number {
	return []*Number{&r.Informational, &r.Success, &r.Redirection, &r.ClientError, &r.ServerError}
}
