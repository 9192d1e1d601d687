package client

import (
	"slices"

	"nginx-exporter/client/value"
)

// PlusResponses counts answers by class and by status code. Codes that never
// occurred are not listed, by nginx or here.
type PlusResponses struct {
	Informational value.Value // 1xx
	Success       value.Value // 2xx
	Redirection   value.Value // 3xx
	ClientError   value.Value // 4xx
	ServerError   value.Value // 5xx
	Codes         []PlusCode
}

// PlusCode counts the answers with one status code.
type PlusCode struct {
	Code  string // as nginx names it
	Count value.Value
}

// Number returns the code as a number, 0 if it is not one of three digits.
func (c *PlusCode) Number() int {
	if len(c.Code) != 3 || !isDigit(c.Code[0]) || !isDigit(c.Code[1]) || !isDigit(c.Code[2]) {
		return 0
	}
	return int(c.Code[0]-'0')*100 + int(c.Code[1]-'0')*10 + int(c.Code[2]-'0')
}

func responseMembers() []member[*PlusResponses] {
	return []member[*PlusResponses]{
		{key: `"1xx":`, count: func(r *PlusResponses) *value.Value { return &r.Informational }},
		{key: `"2xx":`, count: func(r *PlusResponses) *value.Value { return &r.Success }},
		{key: `"3xx":`, count: func(r *PlusResponses) *value.Value { return &r.Redirection }},
		{key: `"4xx":`, count: func(r *PlusResponses) *value.Value { return &r.ClientError }},
		{key: `"5xx":`, count: func(r *PlusResponses) *value.Value { return &r.ServerError }},
		{key: `"codes":`, read: func(s *scanner, r *PlusResponses) { r.decodeCodes(s) }},
		{key: `"total":`}, // which is their sum
	}
}

func (r *PlusResponses) decode(s *scanner) {
	if s.responses == nil {
		s.responses = newObject(responseMembers())
	}
	s.responses.decode(s, r)
}

// maxCodes bounds how many status codes one object may list.
const maxCodes = 1000

func (r *PlusResponses) decodeCodes(s *scanner) {
	r.Codes = nil
	if !s.opens() {
		return
	}
	// Most objects list the same codes as the one before, in the same order.
	before, codes, same := s.codes, s.codes[:0], true
	for first := true; ; first = false {
		expected := ""
		if i := len(codes); same && i < len(before) && before[i].Number() != 0 {
			expected = before[i].Code
		}
		code, more := s.code(expected, first)
		if !more {
			break
		}
		same = same && expected != "" && code == expected
		codes = s.addCode(codes, code, same)
	}
	r.Codes = s.codeMemory.keep(s, codes)
	s.codes = codes
}

// code reads the name of the next member, if there is one. It need not look
// for the end of the one that is expected, if any is.
func (s *scanner) code(expected string, first bool) (code string, more bool) {
	if expected != "" && s.passesCode(expected, first) {
		return expected, true
	}
	if !s.another('}', first) {
		return "", false
	}
	name, ok := s.memberName()
	if !ok {
		return "", false
	}
	if string(name) == expected {
		return expected, true
	}
	return s.intern(name), true
}

// passesCode is passes for a code of three digits.
func (s *scanner) passesCode(code string, first bool) bool {
	const length = len(`,"200":`)
	start := s.next
	if first {
		start-- // at the brace
	}
	if start < 0 || s.end-start < length {
		return false
	}
	w := s.window[start : start+length]
	if !first && w[0] != ',' || w[1] != '"' || string(w[2:5]) != code || w[5] != '"' || w[6] != ':' {
		return false
	}
	s.next = start + length
	return true
}

// addCode reads how often the code occurred. It is a new one, or may be among
// the codes already.
func (s *scanner) addCode(codes []PlusCode, code string, isNew bool) []PlusCode {
	count := s.count()
	if !isNew {
		if i := slices.IndexFunc(codes, func(c PlusCode) bool { return c.Code == code }); i >= 0 {
			codes[i].Count = count
			return codes
		}
	}
	if len(codes) == maxCodes {
		s.unfit++
		return codes
	}
	return append(codes, PlusCode{code, count})
}

func (r *PlusResponses) classes() []*value.Value {
	return []*value.Value{&r.Informational, &r.Success, &r.Redirection, &r.ClientError, &r.ServerError}
}
