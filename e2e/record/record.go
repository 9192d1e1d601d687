// Package record notes what a program asks of kubectl and of Prometheus, and what
// they answer: one JSON object a line, in a file that tests can answer from
// later. It knows nothing of what is asked.
package record

import (
	"bytes"
	"encoding/json"
	"os"
)

// Head is the first line of a file.
type Head struct {
	// Fault is what was broken, Want the cause that is to be named, Now the time,
	// Args the words of the command that do not name programs and addresses.
	Fault string   `json:"fault"`
	Want  string   `json:"want"`
	Now   string   `json:"now"`
	Args  []string `json:"args,omitempty"`
}

// NoAnswer is the exit status of a call that had not ended when it was noted.
const NoAnswer = -1

// Call is one call of kubectl.
type Call struct {
	Args   []string `json:"args"`
	Stdin  string   `json:"stdin"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr"`
	Exit   int      `json:"exit"`
}

// Answer is one answer of Prometheus.
type Answer struct {
	URL    string `json:"url"`
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// Add appends a line to the file. Several processes may do so at once.
func Add(file string, line any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text.Bytes()); err != nil {
		return err
	}
	return f.Close()
}
