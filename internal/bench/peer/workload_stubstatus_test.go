//go:build linux

package main

import "testing"

func TestParseStubStatus(t *testing.T) {
	t.Parallel()
	const page = "Active connections: 1 \nserver accepts handled requests\n 31 31 4012 \nReading: 0 Writing: 1 Waiting: 0 \n"
	got, err := parseStubStatus([]byte(page))
	if want := (asked{requests: 4012, connections: 31}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, page := range []string{
		"", "<html>\n<body>\n404\n", "Active connections: 1 \nserver accepts handled requests\n",
		"Active connections: 1 \nserver accepts handled requests\n 1 2 \n",
		"Active connections: 1 \nserver accepts handled requests\n x 2 3 \n",
		"Active connections: 1 \nserver accepts handled requests\n 1 2 x \n",
	} {
		if got, err := parseStubStatus([]byte(page)); err == nil {
			t.Errorf("%q: got %+v and no error", page, got)
		}
	}
}

func TestAskedSinceLeavesTheQuestionOut(t *testing.T) {
	t.Parallel()
	before, after := asked{requests: 11, connections: 6}, asked{requests: 22, connections: 7}
	if got, want := after.since(before), (asked{requests: 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
