package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"time"
)

// File is a file of samples.
type File struct {
	Path string // "-" for standard input
	// Counter is whether a CSV file has a counter of requests, not a rate.
	Counter bool
	// Series selects a column of a CSV file by its name, or a series of an
	// OpenMetrics file by its name and some of its labels.
	Series string
}

// maxLine is the length of the longest line of a file.
const maxLine = 64 << 10

// Load opens the file. The format is recognized by its first line. The file is
// closed when its samples are read, or by close if they are not.
func (f File) Load(stdin io.Reader) (l *Load, closeFile func(), err error) {
	name, from, closeFile := f.Path, stdin, func() {}
	if f.Path == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(f.Path)
		if err != nil {
			return nil, nil, err
		}
		closeFile = func() { _ = file.Close() }
		from = file
	}
	buffered := bufio.NewReaderSize(from, maxLine)
	start, err := buffered.Peek(maxLine)
	if err != nil && len(start) == 0 {
		closeFile()
		if err != io.EOF { //nolint:errorlint // bufio returns it as it is
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return nil, nil, fmt.Errorf("%s: the file is empty", name)
	}
	if bytes.IndexByte(start, 0) >= 0 {
		closeFile()
		return nil, nil, fmt.Errorf("%s: the file is neither CSV nor OpenMetrics: it is binary", name)
	}
	line := firstLine(start)
	if isOpenMetrics(line) {
		l, err = f.openMetrics(name, buffered)
	} else {
		l, err = f.csv(name, line, buffered)
	}
	if err != nil {
		closeFile()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, closeFile, nil
}

// firstLine returns the first line that is not blank.
func firstLine(start []byte) string {
	for line := range bytes.Lines(start) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return string(line)
		}
	}
	return ""
}

// isOpenMetrics reports whether a line is of an exposition.
func isOpenMetrics(line string) bool {
	sample := `[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?\s+([-+]?[0-9.]+([eE][-+]?[0-9]+)?|NaN|[-+]?Inf)(\s|$)`
	return regexp.MustCompile(`^(# (TYPE|HELP|UNIT|EOF)|` + sample + `)`).MatchString(line)
}

// Times from this number of seconds on are in milliseconds: it is the year 5138.
const milliseconds = 1e11

// unix converts seconds or milliseconds since the epoch.
func unix(number float64) (time.Duration, error) {
	if math.IsNaN(number) || number < 0 {
		return 0, fmt.Errorf("%v is not a time", number)
	}
	if number >= milliseconds {
		number /= 1000
	}
	if number >= milliseconds/12 { // about the year 2230, where durations end
		return 0, fmt.Errorf("the time %v is too far in the future", number)
	}
	return time.Duration(math.Round(number*1000)) * time.Millisecond, nil
}

// parseTime parses Unix time, RFC 3339, and the same without a zone, in UTC.
func parseTime(text string) (time.Duration, error) {
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return unix(number)
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return unix(float64(t.UnixMilli()) / 1000)
		}
	}
	return 0, fmt.Errorf("%q is not a time: use Unix seconds or 2026-01-31T12:00:00Z", shorten(text))
}

// shorten bounds text of a file in an error.
func shorten(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
