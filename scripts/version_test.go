//go:build unix

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVersionScript follows the version of a repository from commit to commit.
func TestVersionScript(t *testing.T) {
	dir := t.TempDir()
	script, err := os.ReadFile("version.sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"version.sh": string(script), "VERSION": "1.2.0\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(arguments ...string) string {
		command := exec.CommandContext(t.Context(), arguments[0], arguments[1:]...)
		command.Dir = dir
		// No repository above the temporary directory.
		command.Env = append(os.Environ(), "VERSION=", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", arguments, err, output)
		}
		return strings.TrimSpace(string(output))
	}
	check := func(when, want string) {
		t.Helper()
		if got := run("sh", "-euc", ". ./version.sh; echo $VERSION"); got != want {
			t.Errorf("%s: version %s, want %s", when, got, want)
		}
	}
	commit := func() {
		run("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false",
			"commit", "--quiet", "--allow-empty", "--message=change")
	}
	check("without a repository", "1.2.0")
	run("git", "init", "--quiet")
	commit()
	check("without a tag", "1.2.0")
	run("git", "tag", "v1.1.0")
	commit()
	check("after an older tag", "1.2.0")
	run("git", "tag", "v1.2.0-rc.1")
	check("release candidate", "1.2.0-rc.1")
	commit()
	run("git", "tag", "v1.2.0")
	check("release", "1.2.0")
	commit()
	check("after the release", "1.2.0+1.g"+run("git", "rev-parse", "--short", "HEAD"))
}
