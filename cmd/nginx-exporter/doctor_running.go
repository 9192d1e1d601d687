package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// In a container the flags of the exporter are those of its process, which
// whoever runs the doctor beside it has not typed. So where nobody says what to
// look at, the doctor looks with the flags and variables of the exporter that
// runs here.

// maxCommandLine bounds what is read of a process.
const maxCommandLine = 1 << 20

// silent reports whether nothing was said of what to look at.
func (c *cli) silent(args []string) bool {
	return c.config.Nginx.DefaultURI && c.config.File == "" &&
		!slices.ContainsFunc(c.flags, func(f *flag) bool {
			given := c.onCommandLine(args, f.name) || c.onCommandLine(args, "no-"+f.name)
			return given && !strings.HasPrefix(f.name, "log.")
		})
}

// running returns the command line of the exporter that runs here, and the
// number of its process; nil if there is none, or nobody can tell which.
func running(proc string) (*cli, int) {
	program, err := os.Stat(filepath.Join(proc, "self", "exe"))
	if err != nil {
		return nil, 0
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, 0
	}
	var found *cli
	process := 0
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil || number == os.Getpid() {
			continue
		}
		c := serving(filepath.Join(proc, entry.Name()), program)
		switch {
		case c == nil:
		case number == 1:
			return c, number // what the container was started for
		case found != nil:
			process = -1 // one of them, but which
		default:
			found, process = c, number
		}
	}
	if process <= 0 {
		return nil, 0
	}
	return found, process
}

// serving reads the command line of a process, nil if it is no exporter that
// serves.
func serving(folder string, program os.FileInfo) *cli {
	// Only the same user may see this, and root.
	if other, err := os.Stat(filepath.Join(folder, "exe")); err != nil || !os.SameFile(other, program) {
		return nil
	}
	words := zeroSeparated(filepath.Join(folder, "cmdline"))
	variables := map[string]string{}
	for _, variable := range zeroSeparated(filepath.Join(folder, "environ")) {
		if name, value, found := strings.Cut(variable, "="); found {
			variables[name] = value
		}
	}
	if len(words) == 0 {
		return nil
	}
	c := newCLI(io.Discard, io.Discard, func(name string) (string, bool) {
		value, found := variables[name]
		return value, found
	})
	// It runs, so it was not asked for its version or for help.
	c.app.Terminate(nil)
	if command, err := c.parse(words[1:]); err != nil || command != serveCommand {
		return nil
	}
	return c
}

// zeroSeparated reads a list as the kernel writes them.
func zeroSeparated(path string) []string {
	file, err := os.Open(path) // it is the kernel's
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxCommandLine))
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
