package accesslog

import "errors"

// Escape is the parameter escape of log_format.
type Escape string

// The values of [Escape].
const (
	EscapeDefault Escape = "default"
	EscapeJSON    Escape = "json"
	EscapeNone    Escape = "none"
)

// Options say how lines are written.
type Options struct {
	// Format is the name of a preset, the text of a log_format, or the whole
	// directive as it is in nginx.conf.
	Format string

	// Escape is EscapeDefault if it is empty. A directive and a preset have their
	// own.
	Escape Escape
}

// Format parses the lines of one log_format. It does not change, and is safe for
// concurrent use.
type Format struct {
	fields Field
}

// Compile returns the parser of a log_format. It fails if the format has no
// $status, or if its values cannot be told apart.
func Compile(Options) (*Format, error) { return &Format{}, nil }

// Fields are what the lines of the format can have.
func (f *Format) Fields() Field { return f.fields }

// ErrMismatch is returned for a line that does not have the format.
var ErrMismatch = errors.New("the line does not have the log_format")

// Parse reads a line, without its newline, into the record. On an error the
// record is undefined. It does not allocate once the record is in use.
func (f *Format) Parse([]byte, *Record) error { return ErrMismatch }
