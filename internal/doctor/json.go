package doctor

import (
	"encoding/json"
	"io"
)

// document is a report for programs. Names and codes are stable; the
// sentences are not.
type document struct {
	Subject string  `json:"subject"`
	Verdict Verdict `json:"verdict"`
	Links   []Link  `json:"links"`
}

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error {
	links := r.Links
	if links == nil {
		links = []Link{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document{r.Subject, r.Verdict(), links})
}
