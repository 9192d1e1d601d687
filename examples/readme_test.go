//go:build unix

package examples_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme runs the commands of README.md as their reader would, one after another: the sh blocks, the commands of
// console blocks, and those in the text. nginx is one without root; the API of NGINX Plus is that of statusserver.
func TestReadme(t *testing.T) {
	c := newClone(t, map[string]bool{})
	api := filepath.Join(c.root, "examples/plus/plus-api.conf")
	write(t, api, strings.Replace(read(t, api), "api write=off;", "proxy_pass http://127.0.0.1:$plus_port;", 1))
	write(t, filepath.Join(c.root, "web.yaml"), read(t, filepath.Join(c.root, "examples/kubernetes/web.yaml")))
	text := read(t, filepath.Join(c.root, "README.md"))
	script := []string{c.ownPorts(readmeMachine)}
	for _, fence := range fences(text) {
		switch fence.info {
		case "sh":
			script = append(script, c.ownPorts(onMachine(fence.text)))
		case "console":
			for _, command := range regexp.MustCompile(`(?m)^\$ (.*)$`).FindAllStringSubmatch(fence.text, -1) {
				script = append(script, command[1])
			}
		}
	}
	for _, command := range slices.Sorted(maps.Keys(inlineCommands(text))) {
		if otherTests()[command] == "" {
			script = append(script, command+" >/dev/null")
		}
	}
	script = append(script, `kill "$plus"; wait "$plus" || true; nginx -s quit; rm -rf "$work"`)
	inOrder(t, c.run(t, strings.Join(script, "\n")), []string{
		`nginx_http_requests_total [0-9]+\nnginx_up 1\n`, `✓ http://.*/stub_status  stub_status of nginx`,
		`nginxplus_http_requests_total [0-9]+\nnginxplus_up 1\n`,
	})
}

// readmeMachine is the machine of the README: an nginx that is stopped, and an API of NGINX Plus.
const readmeMachine = `
work=$(mktemp -d)
mkdir "$work/conf.d" "$work/bin"
cp examples/nginx.conf "$work"
nginx() { command nginx -p "$work" -c nginx.conf "$@"; }
export GOBIN="$work/bin" PATH="$PWD/bin:$PATH"
export NGINX_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:9113 NGINX_EXPORTER_NGINX_SCRAPE_URI=http://127.0.0.1:8080/stub_status
go build -o "$work/statusserver" ./internal/standin/statusserver
"$work/statusserver" -dialect plus -listen 127.0.0.1:8444 >/dev/null &
plus=$!
sed -i 's/$plus_port/8444/' examples/plus/plus-api.conf
serve() {
    "$@" 2>"$work/exporter.log" &
    for _ in {1..60}; do # a reload takes effect in the background
        page=$(curl -s http://127.0.0.1:9113/metrics | grep -E '^nginx(plus)?_(up|http_requests_total) ' || true)
        case $page in *_up\ 1) break ;; esac
        sleep 1
    done
    echo "$page"
    cat "$work/exporter.log" >&2
    kill $!
    wait $!
}
`

// onMachine adapts commands to that machine. The demo and the tests are not run within a test: TestDemo runs the demo.
func onMachine(commands string) string {
	commands = strings.ReplaceAll(commands, "/etc/nginx/", "$work/")
	commands = regexp.MustCompile(`(?m)^make (demo|test)\b`).ReplaceAllString(commands, "make -n $1 >/dev/null")
	return regexp.MustCompile(`(?m)^bin/nginx-exporter(?: --.*)?$`).ReplaceAllString(commands, "serve $0")
}

// otherTests has the commands in the text of the README that TestReadme does not run, with the test that does, or a word by
// which the same paragraph or row names what the command requires.
func otherTests() map[string]string {
	return map[string]string{
		"make demo-plus":                         "scripts/demostandin_test.go",
		"make image":                             "Docker",
		"make packages":                          "scripts/test-packages.sh",
		"helm install web charts/nginx-exporter": "cluster",
	}
}

// inlineCommands returns the commands in the text, with the paragraph or row of a table that has each.
func inlineCommands(text string) map[string]string {
	found := map[string]string{}
	text = regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
	text = regexp.MustCompile(`([^|\n])\n([^|\n])`).ReplaceAllString(text, "$1 $2")
	for line := range strings.Lines(text) {
		for _, command := range regexp.MustCompile("`((?:make|go|helm|docker|kubectl|apt-get|(?:bin/)?nginx-exporter) [^`]+)`").FindAllStringSubmatch(line, -1) {
			found[command[1]] = line
		}
	}
	return found
}

// TestReadmeMarks checks that each command of a README is run by a test, or says what it needs.
func TestReadmeMarks(t *testing.T) {
	page := filepath.Join(repository, "README.md")
	present := inlineCommands(read(t, page))
	for command, how := range otherTests() {
		line, found := present[command]
		_, err := os.Stat(filepath.Join(repository, how))
		if !found || err != nil && !strings.Contains(line, how) {
			t.Errorf("%s: %q with %q: no such command, test or mark in %q", page, command, how, line)
		}
	}
	// A block that a test writes between marks is compared there.
	generated := regexp.MustCompile(`(?ms)^<!-- \w+:begin -->$.*?^<!-- \w+:end -->$`)
	known := []string{"sh", "sh root", "sh cluster", "sh docker", "console", "yaml", "mermaid"}
	readmes := 0
	for _, pattern := range []string{"README.md", "examples/*/README.md", "examples/*/*/README.md"} {
		pages, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		readmes += len(pages)
		for _, page := range pages {
			for _, fence := range fences(generated.ReplaceAllString(read(t, page), "")) {
				if !slices.Contains(known, fence.info) {
					t.Errorf("%s: mark the block as one of %q, so that a test runs it or readers know what it needs:\n%s", page, known, fence.text)
				}
			}
		}
	}
	if readmes == 0 {
		t.Error("no README was read")
	}
}

// fence is a fenced block of Markdown and what is written after its first mark.
type fence struct{ info, text string }

func fences(text string) []fence {
	var all []fence
	for _, match := range regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		all = append(all, fence{match[1], match[2]})
	}
	return all
}
