package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"
)

// Moving is a JSON document with counters that increase. It is safe for concurrent
// use.
type Moving struct {
	plain []byte // at tick zero
	step  Step
	now   func() uint64

	mu    sync.Mutex
	tick  uint64
	body  []byte
	moves []move // nil until they are needed
}

// Step returns how much a member with this name and value increases in a tick: 0 if
// it is not a counter. Elements of an array have the name of the array.
type Step func(name string, value uint64) uint64

// NewMoving returns a document. Text that is not JSON never changes.
func NewMoving(body []byte, step Step, tick func() uint64) *Moving {
	return &Moving{plain: body, step: step, now: tick, body: body}
}

// Bytes returns the document at the current tick.
func (m *Moving) Bytes() []byte {
	tick := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tick != tick {
		if m.moves == nil {
			m.moves = findMoves(m.plain, m.step)
		}
		m.body, m.tick = moved(m.plain, m.moves, tick), tick
	}
	return m.body
}

// move is a counter.
type move struct {
	start, end  int // of its digits
	value, step uint64
}

// findMoves finds the counters above zero; others stay zero, as do numbers that are
// not unsigned integers.
func findMoves(body []byte, step Step) []move {
	found := []move{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	name := ""
	for {
		token, err := decoder.Token()
		switch token := token.(type) {
		case string:
			name = token
		case json.Number:
			end := int(decoder.InputOffset())
			if value, err := strconv.ParseUint(token.String(), 10, 64); err == nil && value > 0 {
				if by := step(name, value); by > 0 {
					found = append(found, move{end - len(token), end, value, by})
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return slices.Clip(found)
		case err != nil:
			return []move{}
		}
	}
}

// moved returns the document with its counters some ticks later. One that would
// overflow is unchanged.
func moved(plain []byte, moves []move, ticks uint64) []byte {
	if len(moves) == 0 {
		return plain
	}
	out := make([]byte, 0, len(plain)+len(moves))
	at := 0
	for _, m := range moves {
		out = append(out, plain[at:m.start]...)
		at = m.end
		out = strconv.AppendUint(out, max(m.value, m.value+m.step*ticks), 10)
	}
	return append(out, plain[at:]...)
}
