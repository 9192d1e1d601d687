package angie

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// when reads a time as Unix seconds: in ISO 8601, or a number with the argument
// date=epoch.
func when(d *document.Reader) value.Value {
	if d.Peek() == '0' {
		return d.Count()
	}
	return d.Time()
}
