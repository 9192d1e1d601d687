package collector

// partLines writes the lines of one object and row, which a further label tells
// apart.
type partLines struct {
	head, tail []byte // before and after the value of the further label, with the blank at the end
}

// appendTo appends the lines of all series that have a value. A line whose
// label is as long as that of the first one is a copy of it but for label and
// value: one piece to copy in place of three, and most labels are status codes.
func (p *partLines) appendTo(page []byte, all []series) []byte {
	start, width, length := 0, -1, 0 // of the line to copy, without its value
	for i := range all {
		s := &all[i]
		if !s.value.IsSet() {
			continue
		}
		line := len(page)
		switch plain := s.plain || isPlain(s.label); {
		case plain && len(s.label) == width:
			page = append(page, page[start:start+length]...)
			copy(page[line+len(p.head):], s.label)
		case plain:
			page = append(append(append(page, p.head...), s.label...), p.tail...)
			if width < 0 {
				start, width, length = line, len(s.label), len(page)-line
			}
		default:
			page = appendEscaped(append(page, p.head...), s.label)
			page = append(page, p.tail...)
		}
		if d := digit(s.value.Float()); d != 0 {
			page = append(page, d, '\n')
		} else {
			page = append(appendNumber(page, s.value.Float()), '\n')
		}
	}
	return page
}
