package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/proctest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nginx is a fake whose responses wait for hold.
type nginx struct {
	*httptest.Server
	requests atomic.Int64
	hold     chan struct{}
}

func startNginx(t *testing.T) *nginx {
	t.Helper()
	n := &nginx{hold: make(chan struct{})}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		select {
		case <-n.hold:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "Active connections: 1 \nserver accepts handled requests\n 2 2 3 \nReading: 0 Writing: 1 Waiting: 0 \n")
	}))
	t.Cleanup(n.Close)
	return n
}

func targetAt(t *testing.T, uri string) client.Options {
	t.Helper()
	parsed, err := client.ParseTarget(uri)
	if err != nil {
		t.Fatal(err)
	}
	return client.Options{Target: parsed, Timeout: proctest.Patience}
}

func newPage(t *testing.T, uri string, o Options) *Page {
	t.Helper()
	o.Collector = collector.New(collector.Options{})
	t.Cleanup(o.Collector.Close)
	if err := o.Collector.SetTargets([]collector.TargetOptions{{Client: targetAt(t, uri)}}); err != nil {
		t.Fatal(err)
	}
	p := New(o)
	t.Cleanup(p.Close)
	return p
}

// Viewers share a scrape, also if the one that began it leaves, and the state is not
// kept when it is no longer fresh.
func TestViewersShareState(t *testing.T) {
	t.Parallel()
	n := startNginx(t)
	p := newPage(t, n.URL, Options{})
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := p.State(ctx)
		first <- err
	}()
	proctest.Until(t, "a request", func() bool { return n.requests.Load() == 1 })
	var group sync.WaitGroup
	states := make([]*State, 3)
	for i := range states {
		group.Go(func() { states[i], _ = p.State(t.Context()) })
	}
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the viewer who left got %v", err)
	}
	close(n.hold)
	group.Wait()
	for _, s := range states {
		if s == nil || s != states[0] || !s.Targets[0].Up {
			t.Errorf("a viewer got %+v", s)
		}
	}
	proctest.Until(t, "the state to be forgotten", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.last == nil
	})
}

// A target that is down is examined once, again after a while or when the reason has
// changed, and never twice at the same time.
func TestExaminations(t *testing.T) {
	t.Parallel()
	clock := time.Unix(1_800_000_000, 0)
	calls := make(chan chan string)
	e := newExaminations(func(ctx context.Context, _ client.Options) *doctor.Report {
		result := make(chan string)
		select {
		case calls <- result:
			return &doctor.Report{Steps: []doctor.Step{{Findings: []doctor.Finding{{Code: doctor.Code(<-result)}}}}}
		case <-ctx.Done():
			return &doctor.Report{}
		}
	}, func() time.Time { return clock })
	defer e.close()
	a, b := targetAt(t, "http://a.example.com/status"), targetAt(t, "http://b.example.com/status")
	refused := &client.Error{Reason: client.ReasonRefused}
	expect := func(of client.Options, failure error, want string) {
		t.Helper()
		proctest.Until(t, "the finding "+want, func() bool {
			findings, done := e.of(of, failure)
			return done && len(findings) == 1 && string(findings[0].Code) == want
		})
	}
	if _, done := e.of(a, refused); done {
		t.Error("a target is examined at once")
	}
	e.of(b, refused) // which waits until a is examined
	(<-calls) <- "first"
	expect(a, refused, "first")
	if _, done := e.of(b, refused); done {
		t.Error("two targets are examined at the same time")
	}
	(<-calls) <- "of b"
	expect(b, refused, "of b")
	expect(a, refused, "first") // which begins nothing
	clock = clock.Add(examineAgain)
	expect(a, refused, "first") // until there is a new one
	(<-calls) <- "second"
	expect(a, refused, "second")
	if findings, done := e.of(a, &client.Error{Reason: client.ReasonTimeout}); done || findings != nil {
		t.Errorf("another reason has the findings %v of the one before", findings)
	}
	e.forget(a)
	// The examination that runs ends with the others.
}

// The state of a target that is down has what doctor found, without the evidence.
func TestStateOfTargetThatIsDown(t *testing.T) {
	t.Parallel()
	p := newPage(t, "http://127.0.0.1:1/stub_status", Options{Version: "1.2.3", Examine: func(context.Context, client.Options) *doctor.Report {
		return &doctor.Report{Steps: []doctor.Step{{Findings: []doctor.Finding{{
			Code: "nginx-refused", Message: "Nothing is listening.", Evidence: []doctor.Evidence{{Name: "listening addresses", Value: "0.0.0.0:22"}}, Fix: []string{"start \x1b[31mnginx"},
		}}}}}
	}})
	var state *State
	proctest.Until(t, "doctor", func() bool {
		var err error
		if state, err = p.State(t.Context()); err != nil {
			t.Fatal(err)
		}
		return state.Targets[0].Doctor.Done
	})
	text, err := state.JSON()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "state.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	var plain, html bytes.Buffer
	if err := errors.Join(state.WriteText(&plain), state.WriteHTML(&html)); err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"JSON": string(text), "text": plain.String(), "HTML": html.String()} {
		if !strings.Contains(text, "refused") || !strings.Contains(text, "nginx-refused") || !strings.Contains(text, "check that nginx runs") {
			t.Errorf("the %s has no reason, advice or finding:\n%s", form, text)
		}
		if strings.Contains(text, "0.0.0.0:22") || form != "JSON" && strings.Contains(text, "1 of 1 target down") == strings.Contains(text, "targets up") {
			t.Errorf("the %s is\n%s", form, text)
		}
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("the text has control characters")
	}
	if !json.Valid(text) {
		t.Error("the state is not JSON")
	}
}
