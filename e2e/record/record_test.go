package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain runs as a recording kubectl if a test starts it as such.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == KubectlCommand {
		code, err := Kubectl(os.Args[2:])
		if err != nil {
			panic(err)
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func TestKubectl(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kubectl, script, file := filepath.Join(dir, "it's real"), filepath.Join(dir, "kubectl"), filepath.Join(dir, "calls")
	if err := os.WriteFile(kubectl, []byte("#!/bin/sh\ncat; echo \"<$*>\"; echo no >&2; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteWrapper(script, kubectl, file); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), script, "get", "a b")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("in\n"), &out, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 3 {
		t.Fatalf("ended with %v, want status 3", err)
	}
	if out.String() != "in\n<get a b>\n" || stderr.String() != "no\n" {
		t.Errorf("printed %q and %q", out.String(), stderr.String())
	}
	want := `{"args":["get","a b"],"stdin":"in\n","stdout":"in\n<get a b>\n","stderr":"no\n","exit":3}` + "\n"
	if text, err := os.ReadFile(file); err != nil || string(text) != want {
		t.Errorf("the file has %q, %v, want %q", text, err, want)
	}
}

func TestUnfinishedCall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kubectl, file := filepath.Join(dir, "kubectl"), filepath.Join(dir, "calls")
	if err := os.WriteFile(kubectl, []byte("#!/bin/sh\nuntil [ -s "+file+" ]; do sleep 0.01; done; echo late\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if exit, err := runKubectl([]string{kubectl, file, "get"}, time.Millisecond); exit != 0 || err != nil {
		t.Fatalf("ended with %d, %v", exit, err)
	}
	want := `{"args":["get"],"stdin":"","stdout":"","stderr":"","exit":-1}` + "\n" +
		`{"args":["get"],"stdin":"","stdout":"late\n","stderr":"","exit":0}` + "\n"
	if text, err := os.ReadFile(file); err != nil || string(text) != want {
		t.Errorf("the file has %q, %v, want %q", text, err, want)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "tea for "+r.FormValue("query"))
	}))
	p, err := NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // only stops listening
	file := filepath.Join(t.TempDir(), "responses")
	p.SetTarget(server.URL, file)
	if status, body := get(t, p.URL+"/q?query=two"); status != http.StatusTeapot || body != "tea for two" {
		t.Errorf("response: %d %q", status, body)
	}
	server.Close()
	if status, body := get(t, p.URL+"/q"); status != 0 {
		t.Errorf("without a server: %d %q", status, body)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var notes []Response
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var note Response
		if err := d.Decode(&note); err != nil {
			t.Fatal(err)
		}
		notes = append(notes, note)
	}
	if len(notes) != 2 || notes[0] != (Response{"/q?query=two", http.StatusTeapot, "tea for two"}) || notes[1].Status != 0 ||
		!strings.Contains(notes[1].Body, "refused") {
		t.Errorf("the file has %+v", notes)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if errors.Is(err, io.EOF) {
		return 0, ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
