// Package packaging_test checks the units and drop-ins of the packages. "make test-packages" installs and runs them.
package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	unit    = "nginx-exporter.service"
	socket  = "nginx-exporter.socket"
	journal = "nginx-exporter-journal.service"
)

// TestUnits checks the units, alone and with each drop-in, with systemd-analyze, which must print nothing: unknown keys are only
// warnings. The exposure is at most 1.5 of 10.
func TestUnits(t *testing.T) {
	dropins, err := filepath.Glob("systemd/drop-ins/*.conf")
	if err != nil || len(dropins) == 0 {
		t.Fatalf("drop-ins: %v, %v", dropins, err)
	}
	for _, dropin := range append(dropins, "") {
		dir := t.TempDir()
		units := []string{unit, socket, journal}
		for _, name := range units {
			install(t, dir, name)
		}
		if dropin != "" {
			conf := filepath.Join(dir, unit+".d")
			if err := os.Mkdir(conf, 0o750); err != nil {
				t.Fatal(err)
			}
			// Lines that are commented out are for some systems.
			text := strings.ReplaceAll(read(t, dropin), "\n#", "\n")
			write(t, filepath.Join(conf, "test.conf"), withoutProse(text))
			units = units[:1] // the others are the same
		}
		for _, name := range units {
			if out := run(t, dir, "systemd-analyze", "verify", "--man=no", "./"+name); out != "" {
				t.Errorf("%s with drop-in %q: systemd-analyze printed %s", name, dropin, out)
			}
			if name != socket {
				run(t, dir, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", "./"+name)
			}
		}
	}
}

// withoutProse drops the lines that are comments before the first section, or are neither a section nor a setting.
func withoutProse(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		key, _, isSetting := strings.Cut(line, "=")
		if strings.HasPrefix(line, "[") || isSetting && !strings.ContainsAny(key, " :") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// install copies a unit, with programs that exist on this machine.
func install(t *testing.T, dir, name string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("systemd", name)
	if name == journal {
		path = filepath.Join("systemd", "drop-ins", name)
	}
	text := strings.NewReplacer("ExecStart=/usr/bin/nginx-exporter", "ExecStart="+program,
		"ExecStart=/usr/bin/journalctl", "ExecStart="+program).Replace(read(t, path))
	write(t, filepath.Join(dir, name), text)
}

// TestContents checks that the packages have every unit and drop-in.
func TestContents(t *testing.T) {
	config := read(t, "nfpm.yaml")
	for _, want := range []string{unit, socket, "tmpfiles.conf", "drop-ins/*"} {
		if !strings.Contains(config, "src: systemd/"+want+",") {
			t.Errorf("nfpm.yaml has no %s", want)
		}
	}
	files, err := os.ReadDir("systemd/drop-ins")
	if err != nil {
		t.Fatal(err)
	}
	readme := read(t, "README.md")
	for _, file := range files {
		if !strings.Contains(readme, "`"+file.Name()+"`") {
			t.Errorf("README.md does not mention %s", file.Name())
		}
	}
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
