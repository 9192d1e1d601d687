package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// TestConfirmed asks: only a yes is one, and an interrupt ends the question.
func TestConfirmed(t *testing.T) {
	for text, want := range map[string]bool{"y\n": true, " YES \n": true, "yes": true, "\n": false, "": false, "no\n": false, "yesterday\n": false} {
		if got := confirmed(t.Context(), io.Discard, strings.NewReader(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	terminal, typed := io.Pipe()
	defer func() { _ = typed.Close() }() // ends the reader
	asked, ended := &bytes.Buffer{}, make(chan bool, 1)
	go func() { ended <- confirmed(ctx, asked, terminal) }()
	interrupt()
	select {
	case yes := <-ended:
		if yes || asked.String() != "Apply it? [y/N] \n" {
			t.Errorf("%t after %q", yes, asked)
		}
	case <-time.After(time.Minute):
		t.Fatal("an interrupt does not end the question")
	}
}
