package plus

import (
	"math"
	"strconv"
	"unsafe"

	"nginx-exporter/client/document"
)

// Worker is one worker process of the document /workers.
type Worker struct {
	ID          string // number of the worker, the same after a respawn
	PID         string // process id
	Connections Connections
	Requests    Requests
}

// Workers is the document /workers. The API describes it as an object by
// the workers' numbers and sends an array; both are read.
type Workers struct {
	All []*Worker
}

func (w *Workers) decode(d *document.Reader) {
	if d.Peek() == '{' {
		for range d.Members() {
			w.decodeOne(d)
		}
		return
	}
	for range d.Elements() {
		w.decodeOne(d)
	}
}

func (w *Workers) decodeOne(d *document.Reader) {
	worker := new(Worker)
	d.Charge(int(unsafe.Sizeof(*worker)))
	for name := range d.Members() {
		switch string(name) {
		case "id":
			worker.ID = identifier(d)
		case "pid":
			worker.PID = identifier(d)
		case "connections":
			worker.Connections.decode(d)
		case "http":
			for name := range d.Members() {
				if string(name) == "requests" {
					worker.Requests.decode(d)
				} else {
					d.Skip()
				}
			}
		default:
			d.Skip()
		}
	}
	w.All = append(w.All, worker)
}

// maxIdentifier is up to where a float holds each whole number: beyond, two
// identifiers could become one.
const maxIdentifier = 1 << 53

// identifier reads a whole number that nobody adds up.
func identifier(d *document.Reader) string {
	n := d.Number()
	if !n.IsSet() {
		return ""
	}
	whole := n.Float()
	if whole != math.Trunc(whole) || math.Abs(whole) > maxIdentifier {
		d.MarkInvalid()
		return ""
	}
	return strconv.FormatInt(int64(whole), 10)
}
