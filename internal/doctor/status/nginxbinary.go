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

	"nginx-exporter/internal/nginxconf"
)

// Limits of running the nginx binary.
const (
	maxRunTime  = 5 * time.Second
	maxDump     = 8 << 20
	maxMessages = 64 << 10 // of standard error
	maxError    = 160
)

// nginxBinary is what nginx -V and nginx -T print.
type nginxBinary struct {
	path        string
	hasBuild    bool // nginx -V printed how it was built
	hasModule   bool // it was built with stub_status
	hasConfig   bool // nginx -T printed the configuration
	directives  []nginxconf.Directive
	directories []string // of which http includes *.conf
	locations   []location
	servers     []*server
	connections string // worker_connections, empty if not configured
	configError string // why nginx rejects its configuration
	denied      bool   // this user may not read the configuration
}

// inspect runs the nginx binary. It returns nil if there is none. The output is
// never shown as a whole, since a configuration contains secrets.
func inspect(ctx context.Context, name string, dirs []string) *nginxBinary {
	path := lookPath(name, dirs)
	if path == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxRunTime)
	defer cancel()
	b := &nginxBinary{path: path}
	_, build, err := run(ctx, path, "-V")
	if b.hasBuild = err == nil && strings.Contains(build, "configure arguments:"); b.hasBuild {
		b.hasModule = strings.Contains(build, "--with-http_stub_status_module")
	}
	text, messages, err := run(ctx, path, "-T")
	if b.hasConfig = err == nil && strings.Contains("\n"+text, nginxconf.FileHeader); b.hasConfig {
		files := nginxconf.ParseDump(text)
		list := files.Directives()
		b.directories = files.IncludedDirectories()
		b.directives, b.servers = list, servers(list)
		b.locations = statusLocations(b.servers)
		b.connections = workerConnections(list)
		return b
	}
	if b.denied = strings.Contains(messages, "Permission denied"); !b.denied {
		b.configError = emergency(messages)
		b.directories = directoriesOf(mainFile(messages))
	}
	return b
}

// lookPath finds a binary by its path, in PATH, or in one of the directories.
func lookPath(name string, dirs []string) string {
	if name == "" {
		return ""
	}
	if path, err := exec.LookPath(name); err == nil || strings.ContainsRune(name, '/') {
		return path
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// run runs a command and returns its output. Too much output is an error.
func run(ctx context.Context, path string, args ...string) (stdout, stderr string, err error) {
	out, messages := &limitedBuffer{left: maxDump}, &limitedBuffer{left: maxMessages}
	command := exec.CommandContext(ctx, path, args...)
	command.Stdout, command.Stderr, command.WaitDelay = out, messages, time.Second
	err = command.Run()
	return out.text.String(), messages.text.String(), err
}

// limitedBuffer keeps what is written to it, up to a limit.
type limitedBuffer struct {
	text bytes.Buffer
	left int
}

// Write implements [io.Writer].
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("too much output")
	}
	return b.text.Write(p)
}

// emergency returns the error for which nginx rejects its configuration. It
// quotes only the names of directives: anything else may be a secret.
func emergency(messages string) string {
	_, text, found := strings.Cut(messages, "[emerg] ")
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n")
	where := regexp.MustCompile(` in (/\S+:[0-9]+)$`).FindStringSubmatch(text)
	text = regexp.MustCompile(`^[0-9]+#[0-9]+: `).ReplaceAllString(text, "")
	if unknown := regexp.MustCompile(`^unknown directive "[^"]{0,64}"`).FindString(text); unknown != "" {
		text = unknown
	} else if before, _, quotes := strings.Cut(text, `"`); quotes {
		text = before + `"..."`
	}
	if len(text) > maxError {
		text = text[:maxError]
	}
	if text = strings.TrimSpace(text); where != nil {
		text += " in " + where[1]
	}
	return text
}
