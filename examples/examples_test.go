//go:build unix

// Package examples_test follows the READMEs of the examples, with a real nginx and
// a real Prometheus, and checks their files.
package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nginx-exporter/internal/proctest"
)

// example is one README and the expected output of its commands, in order.
type example struct {
	folder string
	prints []string
}

const (
	promUp    = `nginx_up\{.*\} => 1 @`
	refused   = `nginx_exporter_scrape_errors_total\{reason="refused",source="stub_status"\} [1-9]`
	validConf = `the configuration is valid\n`
)

func examples() []example {
	return []example{
		{"basic", []string{
			`Active connections: 1 `, `nginx_http_requests_total 2\nnginx_up 1\n`, `msg="Scrape succeeded"`,
			`✓ http://.*/stub_status  stub_status of nginx [0-9.]+\nNo problems found`, promUp, `nginx_http_requests_total\{.*\} => [0-9]+ @`,
			`nginx_up 0\n`, refused, `nginx_up 1\n`,
			`msg="Scrape failed".* reason=refused .*\n.*msg="Scrape recovered"`,
		}},
		{"unix-socket", []string{
			`Active connections: 1 `, `nginx_http_requests_total 2\nnginx_up 1\n`, `nginx_up 1\n`,
		}},
		{"basic-auth", []string{
			`without a password: 401\n`, validConf, `nginx_up 1\n`, `without a password: 401\n`, `nginx_up 1\n`, promUp,
		}},
		{"multi-target", []string{
			validConf, `nginx_up\{addr="shop",team="web"\} 1\nnginx_up\{addr="blog",team="content"\} 1\n`,
			`nginx_up\{addr="blog", .*\} => 1 @`, `\{team="content"\} => [0-9]+ @`, `\{team="web"\} => [0-9]+ @`,
			`nginx_up\{addr="blog",team="content"\} 0\n`,
			`nginx_http_requests_total\{addr="shop",team="web"\} [0-9]+\n` +
				`nginx_up\{addr="shop",team="web"\} 1\nnginx_up\{addr="blog",team="content"\} 0\n`,
			`nginx_up\{addr="store",team="web"\} 1\n`,
			validConf, `nginx_connections_accepted [0-9]+\n(.*\n)*nginx_up 1\n`, `target not allowed by .probe.allow. in --config.file\n403\n`,
			`nginx_up\{.*site="blog"\} => 1 @`, `nginx_http_requests_total\{.*\} => [0-9]+ @`,
		}},
		{"tls", []string{
			`nginx_up 1\n`, `nginx_up 1\n`, `nginx_up 0\n`, `reason=tls .*--nginx\.ssl-ca-cert`,
			validConf, `nginx_up\{addr="web1"\} 1\nnginx_up\{addr="web1-client-certificate"\} 1\n`, promUp,
		}},
		{"access-log", []string{
			`code="503",method="GET",server="shop.example.com"\} 1\n`,
			`nginx_http_request_duration_seconds_count\{server="shop.example.com"\} 21\n(.*\n)*nginx_http_responses_total\{code="200",method="GET",server="shop.example.com"\} 20\n`,
			validConf, `route="/checkout",server="shop.example.com"\} 1\n`,
			`\{server="shop.example.com"\} => [0-9.]+ @`, `\{server="shop.example.com"\} => 0.0[0-9]+ @`,
			`nginx_http_responses_total\{code="200",method="GET",server="shop.example.com"\} [0-9]+\n`, `nginx_exporter_log_dropped_total\{log="access"\} 0\n`,
		}},
		{"angie", []string{
			`^2\n`, `angie_build_info\{build="PRO",version="1.13.0"\} 1\nnginx_up 1\n`,
			`angie_http_upstreams_peers_state\{peer="192.168.16.4:80",upstream="backend"\} 1\n`, `_bucket\{le="\+Inf",key="GET",metric="lat",zone="rq"\} [0-9]+\n`,
			`✓ http://.*/status/  status of Angie 1.13.0, \d+ parts\nNo problems found`,
		}},
		{"vts", []string{
			`"moduleVersion":"v0.2.7"\n`, `nginx_up 1\nnginx_vts_info\{hostname="standin",module_version="v0.2.7",version="1.29.4"\} 1\n`,
			`nginx_vts_upstream_requests_total\{code="2xx",backend="10\.0\.0\.1:8080",upstream="up0000"\} [0-9]+\n`,
			`_bucket\{le="0\.1",host="site0000\.example\.com"\} [0-9]+\n`,
			`✓ http://.*/status/format/json  nginx-module-vts v0.2.7 of nginx 1.29.4\nNo problems found`,
		}},
		{"plus", []string{
			`\{"total":23[0-9]+,"current":19\}\n`,
			`nginxplus_http_requests_current 19\nnginxplus_http_requests_total 23[0-9]+\nnginxplus_up 1\n`,
			`nginxplus_upstream_server_state\{server="10\.20\.0\.11:8080",upstream="shop"\} 1\n`,
			`\{upstream="shop"\} => 0\.0[0-9]+ @`, `\{server_zone="shop\.example\.com"\} => [0-9.]+ @`, `\n1[0-9]\n`,
		}},
	}
}

// TestReadmes runs every sh block of every README, one after another in one
// shell. Blocks marked "sh root" are for a server and not run.
func TestReadmes(t *testing.T) {
	taken := map[string]bool{}
	built := newClone(t, taken)
	built.run(t, "make build")
	expected := map[string]bool{}
	for _, example := range examples() {
		expected[example.folder] = true
		// Each has its own clone and ports, and the binaries that are already
		// built.
		c := newClone(t, taken)
		if err := os.CopyFS(filepath.Join(c.root, "bin"), os.DirFS(filepath.Join(built.root, "bin"))); err != nil {
			t.Fatal(err)
		}
		t.Run(example.folder, func(t *testing.T) {
			t.Parallel()
			script := strings.Join(blocks(t, filepath.Join(c.root, "examples", example.folder, "README.md"), "sh"), "\n")
			inOrder(t, c.run(t, script), example.prints)
			for usual, port := range c.ports {
				what := fmt.Sprintf("port %s to be free, which is %d in the README", port, usual)
				proctest.Until(t, what, func() bool { return free(t, port) })
			}
		})
	}
	readmes, err := filepath.Glob("*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, readme := range readmes {
		if !expected[filepath.Dir(readme)] && strings.Contains(read(t, readme), "\n```sh\n") {
			t.Errorf("no output is expected of the commands in %s", readme)
		}
	}
}

// TestRetry checks that the READMEs wait for nothing without a limit, and that retry fails with a message.
func TestRetry(t *testing.T) {
	defined := regexp.MustCompile(`(?m)^retry\(\) .*$`)
	readmes, err := filepath.Glob("*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, readme := range append(readmes, filepath.Join(repository, "README.md")) {
		text := read(t, readme)
		if regexp.MustCompile(`(?m)^\s*(until|while) `).MatchString(text) {
			t.Errorf("%s has a loop without a limit; use retry", readme)
		}
		if regexp.MustCompile(`(?m)^retry `).MatchString(text) {
			found = defined.FindString(text)
			if found == "" {
				t.Errorf("%s uses retry without defining it", readme)
			}
		}
	}
	c := &clone{root: t.TempDir()}
	script := found + "\nsleep() { echo slept; }\nretry 'echo tried; false' || echo status $?\nretry true && echo succeeded"
	out := c.command(t, c.root, "bash", "-c", script)
	if strings.Count(out, "tried\nslept\n") != 60 || !strings.HasSuffix(out, "failed for a minute: echo tried; false\nstatus 1\nsucceeded\n") {
		t.Errorf("retry printed %q", out)
	}
}

// blocks returns the fenced blocks of a Markdown file that are marked as the
// language alone.
func blocks(t *testing.T, path, language string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(read(t, path), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("%s has no block of %s", path, language)
	}
	return found
}

// inOrder checks that the text matches all patterns, each after the one before.
func inOrder(t *testing.T, text string, patterns []string) {
	t.Helper()
	rest := text
	for _, pattern := range patterns {
		at := regexp.MustCompile(pattern).FindStringIndex(rest)
		if at == nil {
			t.Errorf("no match of %s in the rest\n%s\nof the output\n%s", pattern, rest, text)
			return
		}
		rest = rest[at[1]:]
	}
}
