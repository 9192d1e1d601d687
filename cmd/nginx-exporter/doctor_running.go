package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// In a container, doctor is usually run without the flags of the exporter. If no
// flag concerns the targets, it therefore uses the flags and environment of the
// exporter that is running there.

// maxCommandLine limits what is read of a process.
const maxCommandLine = 1 << 20

// targetsUnset reports whether no flag, variable or file concerns the targets.
func (c *cli) targetsUnset(args []string) bool {
	return c.config.Nginx.DefaultURI && c.config.File == "" &&
		!slices.ContainsFunc(c.flags, func(f *flag) bool {
			given := c.onCommandLine(args, f.name) || c.onCommandLine(args, "no-"+f.name)
			return given && !strings.HasPrefix(f.name, "log.")
		})
}

// runningExporter returns the command line and PID of the exporter that is
// running on this machine or in this container; nil if there is none, or several
// of which none has PID 1.
func runningExporter(proc string) (*cli, int) {
	program, err := os.Stat(filepath.Join(proc, "self", "exe"))
	if err != nil {
		return nil, 0
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, 0
	}
	var found *cli
	pid := 0
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil || number == os.Getpid() {
			continue
		}
		c := servingExporter(filepath.Join(proc, entry.Name()), program)
		switch {
		case c == nil:
		case number == 1:
			return c, number // the main process of a container
		case found != nil:
			pid = -1 // ambiguous
		default:
			found, pid = c, number
		}
	}
	if pid <= 0 {
		return nil, 0
	}
	return found, pid
}

// servingExporter returns the command line of a process, nil if it is not an
// exporter that serves metrics.
func servingExporter(dir string, program os.FileInfo) *cli {
	// Only the same user and root may read this.
	if other, err := os.Stat(filepath.Join(dir, "exe")); err != nil || !os.SameFile(other, program) {
		return nil
	}
	words := zeroSeparated(filepath.Join(dir, "cmdline"))
	variables := map[string]string{}
	for _, variable := range zeroSeparated(filepath.Join(dir, "environ")) {
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
	// It is running, so it has neither --version nor --help.
	c.app.Terminate(nil)
	if command, err := c.parse(words[1:]); err != nil || command != serveCommand {
		return nil
	}
	return c
}

// zeroSeparated reads a list of strings that end in a zero byte.
func zeroSeparated(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(file, maxCommandLine))
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
