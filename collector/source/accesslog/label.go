package accesslog

import (
	"strings"

	"nginx-exporter/client/accesslog"
)

// other is the value of a label for what is not distinguished.
const other = "other"

// line is one request being counted, or one attempt of it.
type line struct {
	*accesslog.Record
	*accesslog.Attempt // nil for the request; has fields of the same names as the record

	last    int // group of the last attempt, whose upstream has the name in the record
	limited bool

	key []byte // reused
}

// label is a label that distinguishes the sets of a group.
type label struct {
	name string

	// needs are the fields of the format without which the metrics do not have the
	// label.
	needs accesslog.Field

	// get returns the value of a line.
	get func(l *line) []byte

	// bounded says that there are few values, whatever clients send. Other labels
	// become "other" if there are too many sets.
	bounded bool

	// churns says that values come and go, such as the addresses of pods.
	churns bool
}

func serverLabel(name string) label {
	return label{name: name, needs: accesslog.FieldServer, get: func(l *line) []byte { return l.Server }}
}

// hostLabel is for compatibility: clients choose the value.
func hostLabel(name string) label {
	return label{name: name, needs: accesslog.FieldHost, get: func(l *line) []byte { return l.Host }, churns: true}
}

func upstreamLabel(name string) label {
	return label{name: name, needs: accesslog.FieldUpstream, get: func(l *line) []byte {
		if l.Group != l.last {
			return nil // an internal redirect followed, so that the name is that of another upstream
		}
		return l.Upstream
	}}
}

func addrLabel(name string) label {
	return label{name: name, needs: accesslog.FieldAddr, get: func(l *line) []byte { return l.Addr }, churns: true}
}

func cacheLabel(name string) label {
	return label{name: name, needs: accesslog.FieldCache, get: func(l *line) []byte { return l.Cache }}
}

// methodLabel has the methods of RFC 9110 and 5789; clients can send any other.
func methodLabel() label {
	unknown := []byte(other)
	return label{name: "method", needs: accesslog.FieldMethod, bounded: true, get: func(l *line) []byte {
		switch string(l.Method) {
		case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
			return l.Method
		}
		return unknown
	}}
}

// codeLabel has the status code of the request, or its class.
func codeLabel(name string, class bool) label {
	texts := codeTexts(class)
	return label{name: name, needs: accesslog.FieldStatus, bounded: true, get: func(l *line) []byte { return texts[l.Record.Status] }}
}

// attemptCodeLabel has the status code of an attempt, or its class.
func attemptCodeLabel(name string, class bool) label {
	texts := codeTexts(class)
	return label{name: name, needs: accesslog.FieldCode, bounded: true, get: func(l *line) []byte { return texts[l.Attempt.Status] }}
}

// codeTexts returns the label values of codes 0 to 999, such as 000 and 404, or 0xx
// and 4xx.
func codeTexts(class bool) [][]byte {
	const codes, hundred, ten = 1000, 100, 10
	digit := func(n int) byte { return byte('0' + n%ten) }
	texts := make([][]byte, codes)
	for code := range texts {
		texts[code] = []byte{digit(code / hundred), digit(code / ten), digit(code)}
		if class {
			texts[code] = []byte{digit(code / hundred), 'x', 'x'}
		}
	}
	return texts
}

// appendKey appends label values to a key, so that different values make different
// keys.
func (l *line) appendKey(key []byte, labels []label, limited bool) []byte {
	for i := range labels {
		value := labels[i].get(l)
		if limited && !labels[i].bounded {
			value = []byte(other)
		}
		key = appendValue(key, value)
	}
	return key
}

// maxValue bounds a label value, in bytes.
const maxValue = 512

// appendValue appends a value, at most maxValue of it, after its length in two
// bytes.
func appendValue(key, value []byte) []byte {
	value = value[:min(len(value), maxValue)]
	const bits = 8
	return append(append(key, byte(len(value)>>bits), byte(len(value))), value...)
}

// keyValue returns a label value of a key.
func keyValue(key string, i int) string {
	const length, bits = 2, 8
	for {
		end := length + (int(key[0])<<bits | int(key[1]))
		if i == 0 {
			return key[length:end]
		}
		key = key[end:]
		i--
	}
}

// validKey returns the key with valid UTF-8 in all values, since Prometheus rejects
// anything else.
func validKey(key []byte, labels int) []byte {
	text := string(key)
	valid := key[:0]
	for i := range labels {
		valid = appendValue(valid, []byte(strings.ToValidUTF8(keyValue(text, i), "?")))
	}
	return valid
}
