package document

import (
	"time"

	"nginx-exporter/client/value"
)

const millisecondsPerSecond = 1000

// Time reads a time in ISO 8601 as Unix seconds.
func (r *Reader) Time() value.Value {
	if r.Peek() != '"' {
		r.Mismatch()
		return value.Value{}
	}
	text := r.rawString()
	if second, ok := r.today.second(text); ok {
		return value.Of(second)
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		r.invalid++
		return value.Value{}
	}
	r.today.set(text, t)
	return value.Of(float64(t.UnixMilli()) / millisecondsPerSecond)
}

// day is the day of the last time that was read: the next one most likely is of
// the same.
type day struct {
	date     [len("2006-01-02T")]byte
	midnight int64 // Unix seconds
	known    bool
}

// lengthOfTime is that of a time in UTC and whole seconds, as nginx mostly
// writes them.
const lengthOfTime = len("2006-01-02T15:04:05Z")

// set notes the day of a time.
func (d *day) set(text []byte, t time.Time) {
	if len(text) == lengthOfTime && text[lengthOfTime-1] == 'Z' {
		copy(d.date[:], text)
		d.midnight = t.Unix() - int64((t.Hour()*60+t.Minute())*60+t.Second())
		d.known = true
	}
}

// second returns a time of the same day in Unix seconds.
func (d *day) second(text []byte) (unix float64, ok bool) {
	if !d.known || len(text) != lengthOfTime || string(text[:len(d.date)]) != string(d.date[:]) {
		return 0, false
	}
	clock := text[len(d.date):]
	if clock[2] != ':' || clock[5] != ':' || clock[8] != 'Z' {
		return 0, false
	}
	hour, minute, second := twoDigits(clock), twoDigits(clock[3:]), twoDigits(clock[6:])
	if hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return float64(d.midnight + int64((hour*60+minute)*60+second)), true
}

// twoDigits returns the number that a text begins with, more than 99 if it is
// none.
func twoDigits(text []byte) int {
	if !isDigit(text[0]) || !isDigit(text[1]) {
		return 100
	}
	return int(text[0]-'0')*10 + int(text[1]-'0')
}
