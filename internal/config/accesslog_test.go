package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/client/accesslog/input"
)

// validated validates flags with a configuration file.
func validated(t *testing.T, file string, logs ...string) (*Settings, error) {
	t.Helper()
	c := flags()
	c.Nginx.AccessLogs = logs
	c.Nginx.DefaultURI = true
	c.File = newFile(t, file)
	return c.Validate()
}

// A log of the flags belongs to the only target, and those of the file to where
// they are. Relative paths are relative to the file.
func TestAccessLogs(t *testing.T) {
	settings, err := validated(t, `
targets:
  - uri: http://a/
    access_logs:
      - {input: spool:spool.log, buckets: [0.1, 1], code_class: true, name: spool}
      - {input: logs/access.log, name: file, format: combined, state_file: state}
access_logs:
  - {input: "unix:/run/log.sock", name: alone, routes: [/api/*], exclude: ["path:/healthz"]}
`, "spool:/flag.log", "udp://0.0.0.0:1")
	if err != nil {
		t.Fatal(err)
	}
	logs := settings.Logs()
	want := []struct {
		address input.Address
		name    string
		target  int
	}{
		{input.Address{Kind: input.KindSpool, Path: "/flag.log"}, "", 0},
		{input.Address{Kind: input.KindUDP, Path: "0.0.0.0:1"}, "access_2", 0},
		{input.Address{Kind: input.KindSpool, Path: "spool.log"}, "spool", 0},
		{input.Address{Kind: input.KindFile, Path: "logs/access.log"}, "file", 0},
		{input.Address{Kind: input.KindUnix, Path: "/run/log.sock"}, "alone", -1},
	}
	if len(logs) != len(want) {
		t.Fatalf("%d logs", len(logs))
	}
	for i, w := range want {
		got := logs[i].Address
		if relative := !filepath.IsAbs(w.address.Path) && w.address.Kind != input.KindUDP; relative {
			w.address.Path = filepath.Join(filepath.Dir(logs[3].Settings.StateFile), w.address.Path)
		}
		if got != w.address || logs[i].Options.Name != w.name || logs[i].Options.LabelLog != (w.name != "") || logs[i].Target != w.target {
			t.Errorf("log %d is %v %q of target %d, not %v", i, got, logs[i].Options.Name, logs[i].Target, w)
		}
	}
	warnings := strings.Join(settings.Warnings(), "\n")
	for _, part := range []string{"udp://0.0.0.0:1: other hosts can reach", "unix:/run/log.sock: nginx discards", "access.log: no $server_name: the servers of nginx are counted together; no $request_time: "} {
		if !strings.Contains(warnings, part) {
			t.Errorf("%q is not in the warnings\n%s", part, warnings)
		}
	}
}

// Requests of the exporter itself are not counted, and no others.
func TestOwnRequestsAreExcluded(t *testing.T) {
	for _, c := range []struct {
		uri, format string
		want        []string
	}{
		{"http://a/stub_status", "nginx_exporter", []string{"path:/x", "path:/stub_status"}},
		{"http://a/stub_status", "combined", []string{"path:/x", "user-agent:nginx-exporter/", "path:/stub_status"}},
		{"http://a/", "combined", []string{"path:/x", "user-agent:nginx-exporter/"}},
		{"http://a/api", "nginx_exporter", []string{"path:/x"}},
	} {
		config := flags()
		config.UserAgent = "nginx-exporter/1.0"
		config.Nginx.DefaultURI = true
		config.File = newFile(t, "targets:\n  - uri: "+c.uri+"\n    access_logs: [{input: /a.log, format: "+c.format+", exclude: [\"path:/x\"]}]\n")
		settings, err := config.Validate()
		if err != nil {
			t.Fatal(err)
		}
		if got := settings.Logs()[0].Options.Exclude; !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: excluded %q, want %q", c.uri, c.format, got, c.want)
		}
	}
}

func TestAccessLogsRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(pipe, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"access_logs: [{}]":                                                            "access_logs[0]: missing path or address",
		"access_logs: [{input: a, format: '$uri'}]":                                    "access_logs[0]: format: the log_format has no $status",
		"access_logs: [{input: a, escape: x}]":                                         "access_logs[0]: format: ",
		"access_logs: [{input: a, name: a-b}]":                                         `name: "a-b" may contain only letters`,
		"access_logs: [{input: a, buckets: [2, 1]}]":                                   "ascending order",
		"access_logs: [{input: a, names: x}]":                                          `names "x" is not one of`,
		"access_logs: [{input: a, exclude: [x]}]":                                      "access_logs[0]: ",
		"access_logs: [{input: spool:a, state_file: s}]":                               "state_file is only for log files",
		"access_logs: [{input: a}, {input: b}]":                                        "have the same name; set `name`",
		"access_logs: [{input: a}, {input: a, name: b}]":                               "is given twice",
		"access_logs: [{input: a}, {input: b/../a, name: b}]":                          "is given twice",
		"access_logs: [{input: a}, {input: spool:a, name: b}]":                         "is given twice",
		"access_logs: [{input: 'spool:" + pipe + "'}]":                                 "is a directory",
		"access_logs: [{input: a, colour: red}]":                                       `unknown key "colour"`,
		"targets: [{uri: 'http://h/', access_logs: [{input: 'udp://x'}]}]":             "targets[0]: access_logs[0]: \"udp://x\" is not udp://HOST:PORT",
		"access_logs: [{input: a, state_file: s}, {input: b, name: b, state_file: s}]": "have the same state_file",
	} {
		if _, err := validated(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", file, err, want)
		}
	}
}
