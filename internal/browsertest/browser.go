// Package browsertest runs Chromium for tests and controls it through a pipe, by the
// DevTools protocol. It needs no driver and no port.
//
// See https://chromedevtools.github.io/devtools-protocol/.
package browsertest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"nginx-exporter/internal/proctest"
)

// TB is the part of [testing.TB] that is used here.
type TB = proctest.TB

// Browser is a running Chromium without a window.
type Browser struct {
	to *os.File

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	pages   map[string]*Page // by session
}

// message is a command, a response or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start starts Chromium, which ends with the test.
func Start(tb TB) *Browser {
	tb.Helper()
	theirs, to, err := os.Pipe()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	from, back, err := os.Pipe()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	//nolint:noctx // proctest ends it
	command := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
		"--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions", "--user-data-dir="+tb.TempDir(), "about:blank")
	command.ExtraFiles = []*os.File{theirs, back} // its descriptors 3 and 4
	command.Stderr = io.Discard                   // it complains about what is missing on servers
	b := &Browser{to: to, waiting: map[int]chan message{}, pages: map[string]*Page{}}
	proctest.Start(tb, "", command)
	_, _ = theirs.Close(), back.Close() // Chromium has its own
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.read(from)
	}()
	tb.Cleanup(func() {
		_ = to.Close() // which ends Chromium
		<-ended
		_ = from.Close()
	})
	return b
}

// read reads what Chromium sends until it ends.
func (b *Browser) read(from *os.File) {
	reader := bufio.NewReader(from)
	for {
		text, err := reader.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if waiting := b.waiting[m.ID]; m.ID > 0 && waiting != nil {
			delete(b.waiting, m.ID)
			waiting <- m
		} else if page := b.pages[m.Session]; page != nil {
			page.event(&m)
		}
		b.mu.Unlock()
	}
}

// call sends a command and decodes its result, unless it is nil.
func (b *Browser) call(tb TB, session, method string, params, result any) {
	tb.Helper()
	if err := b.try(session, method, params, result); err != nil {
		tb.Fatalf("%v", err)
	}
}

func (b *Browser) try(session, method string, params, result any) error {
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	received := make(chan message, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.waiting[id] = received
	b.mu.Unlock()
	command, err := json.Marshal(message{ID: id, Session: session, Method: method, Params: text})
	if err != nil {
		return err
	}
	if _, err := b.to.Write(append(command, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-received:
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-time.After(proctest.Patience):
		return fmt.Errorf("%s: no result in %s", method, proctest.Patience)
	}
}
