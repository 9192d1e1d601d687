package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRunningExporter checks which process is used.
func TestRunningExporter(t *testing.T) {
	t.Parallel()
	const exporter = "/usr/bin/nginx-exporter\x00"
	type processes map[string][2]string // command line, environment
	for name, one := range map[string]struct {
		processes processes
		pid       int
		uris      []string
	}{
		"none":               {processes{"7": {"nginx\x00", ""}}, 0, nil},
		"flags":              {processes{"7": {exporter + "--nginx.scrape-uri=http://a/\x00", ""}}, 7, []string{"http://a/"}},
		"the command":        {processes{"7": {exporter + "serve\x00--nginx.scrape-uri=http://a/\x00", ""}}, 7, []string{"http://a/"}},
		"variables":          {processes{"7": {exporter, "A=b\x00SCRAPE_URI=http://a/\x00"}}, 7, []string{"http://a/"}},
		"another command":    {processes{"7": {exporter + "doctor\x00", ""}, "8": {exporter + "check-config\x00", ""}}, 0, nil},
		"two":                {processes{"7": {exporter, ""}, "8": {exporter, ""}}, 0, nil},
		"two, and the first": {processes{"1": {exporter + "--nginx.scrape-uri=http://a/\x00", ""}, "8": {exporter, ""}}, 1, []string{"http://a/"}},
		"nonsense":           {processes{"7": {exporter + "--nope\x00", ""}, "8": {"", ""}, "9x": {exporter, ""}}, 0, nil},
	} {
		proc := t.TempDir()
		program := filepath.Join(proc, "program")
		write := func(path, text string) {
			if err := os.WriteFile(filepath.Join(proc, path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("program", "")
		write("nginx", "")
		one.processes["self"] = [2]string{}
		for number, p := range one.processes {
			if err := os.Mkdir(filepath.Join(proc, number), 0o700); err != nil {
				t.Fatal(err)
			}
			exe := program
			if strings.HasPrefix(p[0], "nginx") {
				exe = filepath.Join(proc, "nginx")
			}
			if err := os.Symlink(exe, filepath.Join(proc, number, "exe")); err != nil {
				t.Fatal(err)
			}
			write(filepath.Join(number, "cmdline"), p[0])
			write(filepath.Join(number, "environ"), p[1])
		}
		c, pid := runningExporter(proc)
		if pid != one.pid || (c == nil) != (one.pid == 0) {
			t.Errorf("%s: PID %d", name, pid)
		} else if c != nil && !slices.Equal(c.config.Nginx.ScrapeURIs, one.uris) {
			t.Errorf("%s: %q", name, c.config.Nginx.ScrapeURIs)
		}
	}
}

// TestTargetsUnset checks when a running exporter is searched.
func TestTargetsUnset(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{
		"doctor": true, "doctor status --watch --output=json --log.level=debug": true,
		"doctor --nginx.scrape-uri=http://a/": false, "doctor --config.file=x": false, "doctor --no-nginx.ssl-verify": false,
	} {
		c := fresh(t)
		if _, err := c.parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if have := c.targetsUnset(strings.Fields(args)); have != want {
			t.Errorf("%s: %t", args, have)
		}
	}
}
