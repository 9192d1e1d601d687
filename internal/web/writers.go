package web

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

// writers are the responses that are being written. They hold no slot of a
// scrape: a client that reads slowly must not keep others from scraping. At a
// limit, the response that has been stalled longest is cut off for a new one.
type writers struct {
	mostResponses int
	mostRows      int // of all responses together while one is stalled, which bounds their memory

	mu      sync.Mutex
	writing []*writer
	rows    int
}

const (
	// fewestWriters is how many responses may be written at the same time at
	// least, so that with --web.max-requests=1 two fast clients do not cut each
	// other off.
	fewestWriters = 16

	// mostRows corresponds to about 500 MB of collected NGINX Plus data.
	mostRows = 4_000_000

	// stalled is how long a client must not have read to be cut off because of
	// mostRows: large responses to fast clients are written above that limit.
	stalled = time.Second

	// stallShare is the part of the write timeout within which a client must
	// read each piece of a response, at most 64 KiB.
	stallShare = 3
)

func newWriters(maxRequests int) *writers {
	return &writers{mostResponses: max(2*maxRequests, fewestWriters), mostRows: mostRows}
}

// writer is one response that is being written.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	rows    int
	stall   time.Duration
	end     time.Time

	mu       sync.Mutex
	progress time.Time // when the last piece began
	cut      bool
}

// begin returns a writer for a response with that number of rows, which the client
// must read within the timeout. The caller passes it to finish.
func (ws *writers) begin(response http.ResponseWriter, rows int, timeout time.Duration) *writer {
	w := &writer{
		ResponseWriter: response, control: http.NewResponseController(response),
		rows: rows, stall: timeout / stallShare, end: time.Now().Add(timeout), progress: time.Now(),
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for len(ws.writing) > 0 {
		slowest, since := ws.slowest()
		if len(ws.writing) < ws.mostResponses && (ws.rows+rows <= ws.mostRows || time.Since(since) < stalled) {
			break
		}
		ws.writing[slowest].cutOff()
		ws.remove(slowest)
	}
	ws.writing = append(ws.writing, w)
	ws.rows += rows
	return w
}

// slowest returns the index of the writer that has been stalled longest, and since
// when. The lock is held.
func (ws *writers) slowest() (i int, since time.Time) {
	for j, w := range ws.writing {
		w.mu.Lock()
		if j == 0 || w.progress.Before(since) {
			i, since = j, w.progress
		}
		w.mu.Unlock()
	}
	return i, since
}

// finish removes a writer, so that the next response on its connection is not cut
// off.
func (ws *writers) finish(w *writer) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for i, other := range ws.writing {
		if other == w {
			ws.remove(i)
			return
		}
	}
}

// remove removes a writer by its index. The lock is held.
func (ws *writers) remove(i int) {
	ws.rows -= ws.writing[i].rows
	ws.writing = append(ws.writing[:i], ws.writing[i+1:]...)
}

// Write writes one piece of the response.
func (w *writer) Write(piece []byte) (int, error) {
	w.extend()
	return w.ResponseWriter.Write(piece)
}

// extend sets the deadline of the next piece.
func (w *writer) extend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return
	}
	w.progress = time.Now()
	deadline := w.progress.Add(w.stall)
	if deadline.After(w.end) {
		deadline = w.end
	}
	_ = w.control.SetWriteDeadline(deadline) // on an error the server's deadline stays
}

// cutOff makes the current and later writes fail, which closes the connection.
func (w *writer) cutOff() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	_ = w.control.SetWriteDeadline(time.Unix(1, 0)) // on an error the server's deadline stays
}

// send calls write to write a response with that number of rows, within the write
// timeout. The time to collect does not count.
func (s *Server) send(w http.ResponseWriter, r *http.Request, rows int, write func(http.ResponseWriter) error) {
	out := s.writers.begin(w, rows, s.web.WriteTimeout)
	defer s.writers.finish(out)
	if err := write(out); err != nil {
		_ = level.Debug(s.Logger).Log("msg", "Writing the response failed", "remote", r.RemoteAddr, "err", err)
	}
}
