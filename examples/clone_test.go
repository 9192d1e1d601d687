//go:build unix

package examples_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/internal/proctest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// repository is the root of the tree that is tested.
const repository = ".."

// clone is a copy of the tree in which the examples use other ports, so that the
// usual ones may be in use.
type clone struct {
	root  string
	ports map[int]string // by the number that the examples write
}

// usual lists the ports of the examples, as in examples/README.md.
func usual() []int { return []int{8080, 8081, 8082, 8443, 8444, 9099, 9113, 9514} }

// newClone copies everything that a build reads. Its ports are not in taken, and are
// added to it. The examples scrape more often, so that tests are faster.
func newClone(t *testing.T, taken map[string]bool) *clone {
	t.Helper()
	c := &clone{root: t.TempDir(), ports: map[int]string{}}
	for _, port := range usual() {
		c.ports[port] = freePort(t, taken)
	}
	entries, err := os.ReadDir(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || slices.Contains([]string{"bin", "dist"}, name) {
			continue
		}
		from, to := filepath.Join(repository, name), filepath.Join(c.root, name)
		if entry.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else {
			err = copyFile(to, from)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.rewrite(t)
	return c
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// rewrite puts the clone's own ports into its examples.
func (c *clone) rewrite(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(c.root, "examples"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(c.ownPorts(string(content)), "scrape_interval: 5s", "scrape_interval: 1s")
		return os.WriteFile(path, []byte(text), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ownPorts returns a text of the examples with the clone's ports.
func (c *clone) ownPorts(text string) string {
	return regexp.MustCompile(`\b[0-9]{4}\b`).ReplaceAllStringFunc(text, func(found string) string {
		port, err := strconv.Atoi(found)
		if own, known := c.ports[port]; known && err == nil {
			return own
		}
		return found
	})
}

// freePort returns a port outside of the range from which the kernel chooses free
// ports, so that no other test gets it.
func freePort(t *testing.T, taken map[string]bool) string {
	t.Helper()
	const least, count, tries = 10000, 10000, 100
	for range tries {
		port := strconv.Itoa(least + rand.IntN(count))
		if !taken[port] && free(t, port) {
			taken[port] = true
			return port
		}
	}
	t.Fatal("no free port found")
	return ""
}

func free(t *testing.T, port string) bool {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// environment is what the commands of the examples find.
func (c *clone) environment() []string {
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		// They are meant for the make that runs the tests, not for that of the examples.
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}, name)
	})
	// On Debian nginx is in the PATH of root only.
	return append(environment, "no_proxy=127.0.0.1", "PATH="+os.Getenv("PATH")+":/usr/sbin")
}

// limit is how long the commands of a README may take on a busy machine.
const limit = 10 * time.Minute

// run runs a script as if its lines were typed, and returns what it printed.
// The script must leave neither processes nor files behind; those of a failed one
// are cleaned up.
func (c *clone) run(t *testing.T, script string) string {
	t.Helper()
	logs, temp := t.TempDir(), openTemp(t)
	stdout := create(t, filepath.Join(logs, "stdout"))
	cmd := exec.Command("bash", "-euo", "pipefail", "-xc", script) //nolint:noctx // proctest ends it
	cmd.Dir, cmd.Env, cmd.Stdout = c.root, append(c.environment(), "TMPDIR="+temp), stdout
	p := proctest.Start(t, "", cmd)
	select {
	case <-p.Ended():
	case <-time.After(limit):
		p.Kill()
	}
	out := read(t, stdout.Name())
	if status := p.Exit(t); status != 0 {
		endDaemons(t, temp)
		t.Fatalf("exit status %d (within %s)\nstandard output:\n%s\nlogs:\n%s", status, limit, out, programLogs(t, temp))
	}
	if leftovers, err := os.ReadDir(temp); err != nil || len(leftovers) > 0 {
		t.Errorf("left behind: %v (%v)", leftovers, err)
	}
	return out
}

// openTemp returns a folder for temporary files that, like /tmp, the workers of
// nginx may enter: if root starts nginx, they have another user.
func openTemp(t *testing.T) string {
	t.Helper()
	temp := t.TempDir()
	for _, folder := range []string{filepath.Dir(temp), temp} {
		if err := os.Chmod(folder, 0o711); err != nil { // that is the purpose
			t.Fatal(err)
		}
	}
	return temp
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// find returns the files below a folder whose names match the pattern.
func find(t *testing.T, folder, pattern string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed by a program that has ended
		}
		if err != nil {
			return err
		}
		matched, err := filepath.Match(pattern, entry.Name())
		if matched && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func programLogs(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	for _, path := range find(t, folder, "*.log") {
		all.WriteString(path + ":\n" + read(t, path))
	}
	return all.String()
}

// endDaemons ends each nginx that a script left behind: as a daemon it has
// gone from the script's process group.
func endDaemons(t *testing.T, folder string) {
	t.Helper()
	for _, path := range find(t, folder, "nginx.pid") {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil || pid < 2 {
			continue
		}
		_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended already
		proctest.Until(t, "nginx to end", func() bool {
			_, err := os.Stat(path)
			return errors.Is(err, fs.ErrNotExist)
		})
	}
}
