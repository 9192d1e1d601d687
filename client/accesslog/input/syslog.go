package input

import "bytes"

// message returns the log line in a syslog message as nginx sends it: priority,
// time without year and zone, host name unless nohostname is set, and tag. Text
// without a priority is a line as it is.
//
// See https://nginx.org/en/docs/syslog.html.
func message(text []byte) []byte {
	text = bytes.TrimRight(text, "\r\n\x00")
	rest, found := cutPriority(text)
	if !found {
		return text
	}
	const time = "Jan 02 15:04:05 "
	if len(rest) > len(time) && rest[3] == ' ' && rest[6] == ' ' && rest[9] == ':' && rest[12] == ':' && rest[15] == ' ' {
		rest = rest[len(time):]
	}
	// The tag ends with a colon. A host name can have colons, but does not end with
	// one.
	for range 2 {
		word, after, found := bytes.Cut(rest, []byte(" "))
		if !found {
			break
		}
		if len(word) > 0 && word[len(word)-1] == ':' {
			return after
		}
		rest = after
	}
	return nil
}

// cutPriority removes a priority such as <190>.
func cutPriority(text []byte) ([]byte, bool) {
	const longest = len("<191>")
	end := bytes.IndexByte(text[:min(len(text), longest)], '>')
	if end < 2 || text[0] != '<' {
		return text, false
	}
	for _, c := range text[1:end] {
		if c < '0' || c > '9' {
			return text, false
		}
	}
	return text[end+1:], true
}
