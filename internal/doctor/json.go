package doctor

import (
	"encoding/json"
	"io"
)

// document is the JSON form of a report. Keys, codes, states and verdicts are
// stable; the wording of messages is not.
type document struct {
	Subject string  `json:"subject"`
	Verdict Verdict `json:"verdict"`
	Steps   []Step  `json:"steps"`
}

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error {
	steps := r.Steps
	if steps == nil {
		steps = []Step{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document{r.Subject, r.Verdict(), steps})
}
