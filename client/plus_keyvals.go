package client

import "nginx-exporter/client/value"

// PlusKeyval is one zone of /http/keyvals or /stream/keyvals. Keys and values
// are data of users and never leave the decoder.
type PlusKeyval struct {
	Name  string
	Pairs value.Value // how many there are
}

// PlusKeyvals are the documents /http/keyvals and /stream/keyvals.
type PlusKeyvals = PlusZones[PlusKeyval, *PlusKeyval]

func (k *PlusKeyval) named(name string) { k.Name = name }

func (k *PlusKeyval) decode(s *scanner) {
	if s.peek() != '{' {
		s.misfit()
		return
	}
	pairs := 0
	for range s.members() {
		s.skip()
		pairs++
	}
	k.Pairs = value.Of(float64(pairs))
}
