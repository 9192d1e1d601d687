package hpa

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

var update = flag.Bool("update", false, "rewrite golden files")

// conversation is what a doctor asked in a real cluster, and what it was told.
// The fault, and the code that it should lead to, stand in the first line.
type conversation struct {
	Fault string
	Want  doctor.Code
	Now   time.Time
	Args  []string // of the doctor

	kubectl map[string]kubectlAnswer
	proms   map[string]promAnswer
	asked   []string // what is not in the recording
}

type kubectlAnswer struct {
	Stdout, Stderr string
	Exit           int
}

type promAnswer struct {
	Status int
	Body   string
}

// record is one line of a recording.
type record struct {
	Args []string
	kubectlAnswer
	URL string
	promAnswer
}

func load(tb testing.TB, file string) *conversation {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	c := &conversation{kubectl: map[string]kubectlAnswer{}, proms: map[string]promAnswer{}}
	lines := bufio.NewScanner(f)
	const longest = 16 << 20
	lines.Buffer(nil, longest)
	for first := true; lines.Scan(); first = false {
		if first {
			err = json.Unmarshal(lines.Bytes(), c)
		} else {
			var r record
			err = json.Unmarshal(lines.Bytes(), &r)
			if r.URL != "" {
				c.proms[r.URL] = r.promAnswer
			} else {
				c.kubectl[question(r.Args)] = r.kubectlAnswer
			}
		}
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return c
}

// question is what was asked, without the options that only name the cluster.
func question(args []string) string {
	var kept []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--kubeconfig=") && !strings.HasPrefix(arg, "--context=") {
			kept = append(kept, arg)
		}
	}
	return strings.Join(kept, " ")
}

// errNotAsked is for questions that the recording does not know.
var errNotAsked = errors.New("the recording has no answer")

func (c *conversation) run(_ context.Context, args []string) ([]byte, error) {
	a, found := c.kubectl[question(args)]
	switch {
	case !found:
		c.asked = append(c.asked, question(args))
		return nil, &cluster.Error{Reason: cluster.NoResponse, Message: errNotAsked.Error()}
	case a.Exit < 0: // the doctor did not wait for its end
		return nil, &cluster.Error{Reason: cluster.NoResponse, Message: "kubectl got no response within " + cluster.RequestTimeout.String()}
	case a.Exit != 0:
		return nil, cluster.ErrorOf(a.Stderr)
	}
	return []byte(a.Stdout), nil
}

func (c *conversation) fetch(_ context.Context, address, path string) (int, []byte, error) {
	a, found := c.proms[path]
	if !strings.HasPrefix(address, replayed) {
		a, found = promAnswer{}, true // another server: the connection is refused
	}
	if !found {
		u, _ := url.QueryUnescape(path)
		c.asked = append(c.asked, u)
		return 0, nil, errNotAsked
	}
	if a.Status == 0 {
		return 0, nil, &cluster.Error{Reason: cluster.Down, Message: "dial tcp: connection refused"}
	}
	return a.Status, []byte(a.Body), nil
}

// replayed is the address of the Prometheus of the recordings.
const replayed = "http://prometheus.test:9090"

// examine replays a conversation.
func (c *conversation) examine(tb testing.TB) *doctor.Report {
	tb.Helper()
	o := cluster.Options{Namespace: "shop", Name: "shop-nginx-exporter", PrometheusURL: replayed, Run: c.run, Fetch: c.fetch}
	o.Now = func() time.Time { return c.Now }
	for _, arg := range c.Args {
		switch name, value, _ := strings.Cut(arg, "="); {
		case name == "--prometheus.url" && value == "":
			o.PrometheusURL = ""
		case name == "--kubectl": // nobody recorded what it says: it is not there
			o.Kubectl, o.Run = value, nil
		case strings.HasPrefix(name, "--"):
			o.Arguments = append(o.Arguments, arg)
		default:
			o.Namespace, o.Name, _ = strings.Cut(arg, "/")
		}
	}
	report := Examine(tb.Context(), o)
	for _, q := range c.asked {
		tb.Errorf("the recording has no answer to %s", q)
	}
	return report
}

// conversations are all recordings.
func conversations(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "conversations", "*.jsonl"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("%d recordings: %v", len(files), err)
	}
	return files
}

func TestConversationsGolden(t *testing.T) {
	for _, file := range conversations(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			c := load(t, file)
			report := c.examine(t)
			wantCode(t, c.Want, report)
			var text, document strings.Builder
			if err := errors.Join(report.WriteText(&text, false), report.WriteJSON(&document)); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "golden", name+".txt"), text.String())
			if !json.Valid([]byte(document.String())) {
				t.Errorf("no JSON: %s", document.String())
			}
		})
	}
}

// wantCode wants a code among those of the report, or none at all.
func wantCode(tb testing.TB, want doctor.Code, report *doctor.Report) {
	tb.Helper()
	codes := report.Codes()
	if want == "" {
		if len(codes) > 0 || report.Verdict() != doctor.Healthy {
			tb.Errorf("%v, with findings %v; want neither", report.Verdict(), codes)
		}
		return
	}
	for _, code := range codes {
		if code == want {
			return
		}
	}
	tb.Errorf("found %v; want %s", codes, want)
}

func golden(tb testing.TB, file, got string) {
	tb.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	if string(want) != got {
		tb.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}
