package status

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Bounds of what is read of the program nginx.
const (
	programTime = 5 * time.Second
	maxDump     = 8 << 20
	maxVersion  = 64 << 10

	maxComplaint = 160
)

// program is what the program nginx says of itself and its configuration.
type program struct {
	path   string
	module bool // it was built with stub_status
	asked  bool // it told with what it was built
	pages  []page
	read   bool   // its configuration could be read
	broken string // what is wrong with the configuration
	denied bool   // only another user may read it
}

// inspect asks the program, which is nil if there is none. Nothing of what it
// prints is shown whole: a configuration has secrets.
func inspect(ctx context.Context, name string, folders []string) *program {
	path := which(name, folders)
	if path == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	p := &program{path: path}
	_, version, err := output(ctx, maxVersion, path, "-V")
	if p.asked = err == nil && strings.Contains(version, "configure arguments:"); p.asked {
		p.module = strings.Contains(version, "--with-http_stub_status_module")
	}
	text, complaint, err := output(ctx, maxDump, path, "-T")
	if p.read = err == nil && strings.Contains("\n"+text, fileMark); p.read {
		p.pages = pages(parseDump(text).directives())
		return p
	}
	p.denied = strings.Contains(complaint, "Permission denied")
	if !p.denied {
		p.broken = emergency(complaint)
	}
	return p
}

// which finds a program: by its path, in PATH, or in a folder where
// distributions keep what only root looks for.
func which(name string, folders []string) string {
	if name == "" {
		return ""
	}
	if path, err := exec.LookPath(name); err == nil || strings.ContainsRune(name, '/') {
		return path
	}
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// output runs a program to its end and returns what it prints, at most so many
// bytes each.
func output(ctx context.Context, limit int, path string, args ...string) (stdout, stderr string, err error) {
	out, complaint := &capped{left: limit}, &capped{left: maxVersion}
	command := exec.CommandContext(ctx, path, args...)
	command.Stdout, command.Stderr, command.WaitDelay = out, complaint, time.Second
	err = command.Run()
	return out.text.String(), complaint.text.String(), err
}

// capped keeps the beginning of what is written to it.
type capped struct {
	text bytes.Buffer
	left int
}

// Write implements [io.Writer].
func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, errors.New("the program says too much")
	}
	return c.text.Write(p)
}

// emergency returns what nginx complains of. Of what it quotes only the name
// of a directive is shown: anything else may be a secret.
func emergency(complaint string) string {
	_, text, found := strings.Cut(complaint, "[emerg] ")
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n")
	where := regexp.MustCompile(` in (/\S+:[0-9]+)$`).FindStringSubmatch(text)
	text = regexp.MustCompile(`^[0-9]+#[0-9]+: `).ReplaceAllString(text, "")
	if known := regexp.MustCompile(`^unknown directive "[^"]{0,64}"`).FindString(text); known != "" {
		text = known
	} else if before, _, quotes := strings.Cut(text, `"`); quotes {
		text = before + `"..."`
	}
	if len(text) > maxComplaint {
		text = text[:maxComplaint]
	}
	if text = strings.TrimSpace(text); where != nil {
		text += " in " + where[1]
	}
	return text
}
