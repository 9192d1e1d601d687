package client

import (
	"math"
	"strconv"
)

// PlusWorker is one worker process of the document /workers.
type PlusWorker struct {
	ID          string // number of the worker, the same after a respawn
	PID         string // process id
	Connections PlusConnections
	Requests    PlusRequests
}

// PlusWorkers is the document /workers. The API describes it as an object by
// the workers' numbers and sends an array; both are read.
type PlusWorkers struct {
	All []*PlusWorker
}

func (w *PlusWorkers) decode(s *scanner) {
	var memory pieces[PlusWorker]
	if s.peek() == '{' {
		for range s.members() {
			w.decodeOne(s, memory.next(s))
		}
		return
	}
	for range s.elements() {
		w.decodeOne(s, memory.next(s))
	}
}

func (w *PlusWorkers) decodeOne(s *scanner, worker *PlusWorker) {
	for name := range s.members() {
		switch string(name) {
		case "id":
			worker.ID = s.identifier()
		case "pid":
			worker.PID = s.identifier()
		case "connections":
			worker.Connections.decode(s)
		case "http":
			for name := range s.members() {
				if string(name) == "requests" {
					worker.Requests.decode(s)
				} else {
					s.skip()
				}
			}
		default:
			s.skip()
		}
	}
	w.All = append(w.All, worker)
}

// maxIdentifier is up to where a float holds each whole number: beyond, two
// identifiers could become one.
const maxIdentifier = 1 << 53

// identifier reads a whole number that nobody adds up.
func (s *scanner) identifier() string {
	n := s.number()
	if !n.IsSet() {
		return ""
	}
	whole := n.Float()
	if whole != math.Trunc(whole) || math.Abs(whole) > maxIdentifier {
		s.unfit++
		return ""
	}
	return strconv.FormatInt(int64(whole), 10)
}
