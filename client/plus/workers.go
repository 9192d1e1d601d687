package plus

import (
	"math"
	"strconv"
	"unsafe"

	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
)

// Worker is one worker process of /workers.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_worker.
type Worker struct {
	ID          string // number of the worker, unchanged after a respawn
	PID         string // process id
	Connections api.Connections
	Requests    Requests
}

// Workers is the document /workers. It is documented as an object by worker
// number, but nginx sends an array; both are accepted.
type Workers struct {
	All []*Worker
}

// Decode implements [Document].
func (w *Workers) Decode(d *document.Reader) {
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
			worker.Connections.Decode(d)
		case "http":
			for name := range d.Members() {
				if string(name) == "requests" {
					worker.Requests.Decode(d)
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

// maxIdentifier is the largest whole number that a float holds exactly: above it
// two identifiers could become equal.
const maxIdentifier = 1 << 53

// identifier reads a whole number as text.
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
