package plan

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor/cluster"
)

// call is one call of kubectl.
type call struct {
	Args           []string
	Stdout, Stderr string
	Exit           int
}

// recording has the calls of a plan in a cluster with the objects of a file in
// testdata/clusters, by their arguments: kubectl and the API server of Kubernetes 1.37, with
// the CRDs of prometheus-operator 0.85, KEDA 2.21 and Argo Rollouts 1.10. Those of Google and
// OpenShift have a schema that accepts everything.
func recording(t *testing.T, file string) cluster.Runner {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	calls := map[string]call{}
	lines := bufio.NewScanner(f)
	const longest = 1 << 20
	for lines.Buffer(nil, longest); lines.Scan(); {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		calls[strings.Join(c.Args, " ")] = c
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return func(_ context.Context, args []string) ([]byte, error) {
		c, found := calls[strings.Join(args, " ")]
		if !found {
			t.Errorf("%s has no %v", file, args)
		}
		if c.Exit != 0 || !found {
			return nil, cluster.ErrorOf(c.Stderr)
		}
		return []byte(c.Stdout), nil
	}
}

// TestRecordedPlansGolden replays what a real API server responds. Objects that kubectl has
// created there have its marks, and a manifest with replicas.
func TestRecordedPlansGolden(t *testing.T) {
	for _, name := range clusters(t) {
		t.Run(name, func(t *testing.T) {
			run := recording(t, filepath.Join("testdata", "conversations", name+".jsonl"))
			r := request(refOf(name))
			p, err := New(cluster.New(t.Context(), cluster.Options{Namespace: "shop", Workload: r.Ref, Run: run}), r)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("recorded", name+".txt"), text(t, p))
		})
	}
}
