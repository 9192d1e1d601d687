package status

import (
	"context"
	"os"
	"slices"
	"strings"

	"nginx-exporter/internal/nginxconf"
)

// Nginx is what the nginx binary of this machine says about its configuration.
type Nginx struct {
	Path string // of the binary

	// Denied means that this user may not read the configuration; Error is why nginx
	// rejects it. Pages are empty then.
	Denied bool
	Error  string

	// Pages are the URIs of the configured status pages, stub_status before others.
	Pages []string
	// Directories are those of which the http block includes the files *.conf.
	Directories []string
}

// ReadNginx runs the nginx binary with -V and -T. It returns nil if there is none.
//
// The name is searched in PATH and the usual directories.
func ReadNginx(ctx context.Context, name string) *Nginx {
	var m machine
	m.setDefaults()
	b := inspect(ctx, name, m.Dirs)
	if b == nil {
		return nil
	}
	n := &Nginx{Path: b.path, Denied: b.denied, Error: b.configError, Directories: b.directories}
	for _, plus := range []bool{false, true} {
		for i := range b.locations {
			l := &b.locations[i]
			if uri := l.uri(); l.plus == plus && !l.vts && l.path != "" && l.host() == "" && !slices.Contains(n.Pages, uri) {
				n.Pages = append(n.Pages, uri)
			}
		}
	}
	return n
}

// ConfigError returns why nginx rejects its configuration, from the output of
// nginx -t; empty if it does not say. It quotes no values.
func ConfigError(output string) string { return emergency(output) }

// mainFile returns the path of the main file, from what nginx -T says when it rejects the configuration; empty if it does not say.
func mainFile(messages string) string {
	_, path, _ := strings.Cut(messages, "nginx: configuration file ")
	path, _, _ = strings.Cut(path, " test failed")
	return path
}

// directoriesOf returns the included directories of a main file, which nginx may reject.
func directoriesOf(path string) []string {
	text, err := os.ReadFile(path) //nolint:gosec // nginx has named it
	if err != nil || len(text) > maxDump {
		return nil
	}
	return nginxconf.ParseDump(nginxconf.FileHeader + path + ":\n" + string(text)).IncludedDirectories()
}
