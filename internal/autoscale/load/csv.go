package load

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// csv reads a file with a time and a value in each row, and maybe a header. Line is
// the first one that is not blank.
func (f File) csv(name, line string, from io.Reader) (*Load, error) {
	reader := csv.NewReader(from)
	reader.ReuseRecord = true
	reader.Comment = '#'
	reader.TrimLeadingSpace = true
	first, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it has no samples")
	}
	if err != nil || len(first) < 2 {
		return nil, fmt.Errorf("the file is neither CSV with a time and a value in each line nor OpenMetrics; it begins with %q", shorten(line))
	}
	column, err := f.column(first)
	if err != nil {
		return nil, err
	}
	_, timeErr := parseTime(strings.TrimPrefix(first[0], "\ufeff"))
	_, valueErr := parseValue(first[column])
	header := timeErr != nil && valueErr != nil
	row := slices.Clone(first)
	return newLoad(name, func() (sample, error) {
		if header || row == nil {
			if row, err = reader.Read(); err != nil {
				return sample{}, notCSV(err)
			}
		}
		s, err := f.row(reader, row, column)
		header, row = false, nil
		return s, err
	}), nil
}

// column returns the index of the column with the values.
func (f File) column(first []string) (int, error) {
	names := make([]string, len(first))
	for i, name := range first {
		names[i] = strings.TrimSpace(name)
	}
	switch {
	case f.Series != "":
		if i := slices.Index(names[1:], f.Series); i >= 0 {
			return i + 1, nil
		}
		return 0, fmt.Errorf("the file has no column %q, but %s", f.Series, list(names[1:]))
	case len(first) > 2:
		return 0, fmt.Errorf("the file has %d series: select one with --series, such as %q", len(first)-1, shorten(names[1]))
	}
	return 1, nil
}

// list joins a few names.
func list(names []string) string {
	const most = 3
	quoted := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		quoted = append(quoted, strconv.Quote(shorten(name)))
	}
	text := strings.Join(quoted, ", ")
	if len(names) > most {
		text += " and others"
	}
	return text
}

func (f File) row(reader *csv.Reader, row []string, column int) (sample, error) {
	line, _ := reader.FieldPos(0)
	s := sample{counter: f.Counter, where: "line " + strconv.Itoa(line)}
	var err error
	if s.at, err = parseTime(strings.TrimSpace(strings.TrimPrefix(row[0], "\ufeff"))); err != nil {
		return s, fmt.Errorf("%s: %w", s.where, err)
	}
	if s.value, err = parseValue(row[column]); err != nil {
		return s, fmt.Errorf("%s: %w", s.where, err)
	}
	return s, nil
}

func parseValue(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, errors.New("the value is empty")
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", shorten(text))
	}
	return value, nil
}

// notCSV shortens an error of the parser.
func notCSV(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d: %w", e.Line, e.Err)
	}
	return err
}
