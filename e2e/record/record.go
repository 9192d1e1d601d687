// Package record records calls of kubectl and requests to Prometheus with their
// results, one JSON object a line, in a file that tests replay. It does not
// interpret them.
package record

import (
	"bytes"
	"encoding/json"
	"os"
)

// Head is the first line of a file.
type Head struct {
	// Fault is what was injected, Want the expected cause, Now the time, Args the
	// arguments other than programs and addresses.
	Fault string   `json:"fault"`
	Want  string   `json:"want"`
	Now   string   `json:"now"`
	Args  []string `json:"args,omitempty"`
}

// Unfinished is the exit status of a call that was recorded before it ended.
const Unfinished = -1

// Call is a call of kubectl.
type Call struct {
	Args   []string `json:"args"`
	Stdin  string   `json:"stdin"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr"`
	Exit   int      `json:"exit"`
}

// Response is a response of Prometheus.
type Response struct {
	URL    string `json:"url"`
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// Append appends a line to the file. Several processes may do so concurrently.
func Append(file string, line any) error {
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
