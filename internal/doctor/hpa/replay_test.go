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

// conversation has the requests of the doctor in a real cluster, and the responses. The
// first line of its file has the fault and the expected code. Faults that the e2e cluster
// cannot have are derived from a recording, with the error texts of the sources of
// Kubernetes 1.37.
type conversation struct {
	Fault string
	From  string // a recording whose responses apply unless the file has others
	Want  doctor.Code
	Now   time.Time
	Args  []string // of the doctor

	kubectl map[string]kubectlResponse
	proms   map[string]promResponse
	missing []string // requests that are not in the recording
}

type kubectlResponse struct {
	Stdout, Stderr string
	Exit           int
}

type promResponse struct {
	Status int
	Body   string
}

// record is one line of a recording.
type record struct {
	Args []string
	kubectlResponse
	URL string
	promResponse
}

func load(tb testing.TB, file string) *conversation {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	c := &conversation{kubectl: map[string]kubectlResponse{}, proms: map[string]promResponse{}}
	lines := bufio.NewScanner(f)
	const longest = 16 << 20
	lines.Buffer(nil, longest)
	for first := true; lines.Scan(); first = false {
		if first {
			err = json.Unmarshal(lines.Bytes(), c)
			if c.From != "" {
				base := load(tb, filepath.Join(filepath.Dir(file), c.From+".jsonl"))
				c.kubectl, c.proms = base.kubectl, base.proms
			}
		} else {
			var r record
			err = json.Unmarshal(lines.Bytes(), &r)
			if r.URL != "" {
				c.proms[r.URL] = r.promResponse
			} else {
				c.kubectl[request(r.Args)] = r.kubectlResponse
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

// request is the command line without the options that only name the cluster.
func request(args []string) string {
	var kept []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--kubeconfig=") && !strings.HasPrefix(arg, "--context=") {
			kept = append(kept, arg)
		}
	}
	return strings.Join(kept, " ")
}

// errNotRecorded is for requests that the recording does not have.
var errNotRecorded = errors.New("the recording has no response")

func (c *conversation) run(_ context.Context, args []string) ([]byte, error) {
	a, found := c.kubectl[request(args)]
	if !found {
		c.missing = append(c.missing, request(args))
		return nil, &cluster.Error{Reason: cluster.NoResponse, Message: errNotRecorded.Error()}
	}
	return a.result()
}

func (a *kubectlResponse) result() ([]byte, error) {
	switch {
	case a.Exit < 0: // it timed out
		return nil, &cluster.Error{Reason: cluster.NoResponse, Message: "kubectl got no response within " + cluster.RequestTimeout.String()}
	case a.Exit != 0:
		return nil, cluster.ErrorOf(a.Stderr)
	}
	return []byte(a.Stdout), nil
}

func (c *conversation) fetch(_ context.Context, address, path string) (int, []byte, error) {
	a, found := c.proms[path]
	if !strings.HasPrefix(address, replayed) {
		a, found = promResponse{}, true // of another server: the connection is refused
	}
	if !found {
		u, _ := url.QueryUnescape(path)
		c.missing = append(c.missing, u)
		return 0, nil, errNotRecorded
	}
	return a.result()
}

func (a *promResponse) result() (int, []byte, error) {
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
	report := Examine(tb.Context(), c.options(c.run, c.fetch))
	for _, q := range c.missing {
		tb.Errorf("the recording has no response to %s", q)
	}
	return report
}

func (c *conversation) options(run cluster.Runner, fetch cluster.Fetcher) cluster.Options {
	o := cluster.Options{Namespace: "shop", Name: "shop-nginx-exporter", PrometheusURL: replayed, Run: run, Fetch: fetch}
	o.Now = func() time.Time { return c.Now }
	for _, arg := range c.Args {
		switch name, value, _ := strings.Cut(arg, "="); {
		case name == "--prometheus.url" && value == "":
			o.PrometheusURL = ""
		case name == "--kubectl": // it does not exist, so that nothing was recorded
			o.Kubectl, o.Run = value, nil
		case strings.HasPrefix(name, "--"):
			o.Arguments = append(o.Arguments, arg)
		default:
			o.Namespace, o.Name, _ = strings.Cut(arg, "/")
		}
	}
	return o
}

// conversations lists the files of all recordings.
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

// wantCode requires that the report has a code, or none at all for an empty one.
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

func TestCausesAreRecorded(t *testing.T) {
	recorded := map[doctor.Code]bool{}
	for _, file := range conversations(t) {
		recorded[load(t, file).Want] = true
	}
	for _, code := range Codes() {
		if !recorded[code] {
			t.Errorf("%s has no recorded conversation: add a fault to e2e/fault, or derive one", code)
		}
	}
}
