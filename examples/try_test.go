//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestTry runs kubernetes/try.sh with programs that only log their arguments to
// $WORK/log and respond as a cluster would. e2e runs it on a control plane.
func TestTry(t *testing.T) {
	script, err := filepath.Abs(filepath.Join("kubernetes", "try.sh"))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := os.ReadFile(filepath.Join("testdata", "cluster.sh"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "try"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TRY", script)
			env.Setenv("EXPORTER", filepath.Join(env.WorkDir, "bin", "nginx-exporter"))
			env.Setenv("PATH", filepath.Join(env.WorkDir, "bin")+":"+env.Getenv("PATH"))
			if err := os.Mkdir(filepath.Join(env.WorkDir, "bin"), 0o755); err != nil {
				return err
			}
			for _, name := range []string{"kubectl", "helm", "kind", "docker", "make", "nginx-exporter"} {
				if err := os.WriteFile(filepath.Join(env.WorkDir, "bin", name), programs, 0o755); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
