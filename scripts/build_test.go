//go:build unix

package scripts_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"nginx-exporter/internal/proctest"
)

// The program runs beside every nginx pod.
func TestBuildIsSmall(t *testing.T) {
	const most = 20_000_000
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	build := exec.CommandContext(t.Context(), "./build.sh", program)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > most {
		t.Errorf("the program has %d bytes; at most %d", info.Size(), most)
	}
}

// TestBuildModes scrapes with programs as distributions and users build them: plainly,
// and with the commands of docs/install.md.
func TestBuildModes(t *testing.T) {
	nginx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Active connections: 3 \nserver accepts handled requests\n 11 10 23 \nReading: 0 Writing: 1 Waiting: 2 \n")
	}))
	t.Cleanup(nginx.Close)
	for name, program := range documentedBuilds(t) {
		t.Run(name, func(t *testing.T) {
			address := serve(t, program, "--nginx.scrape-uri="+nginx.URL)
			for range 3 {
				if body := httpGet(t, "http://"+address+"/metrics"); !strings.Contains(body, "\nnginx_http_requests_total 23\n") {
					t.Errorf("no metrics of nginx in\n%s", body)
				}
			}
		})
	}
}

// documentedBuilds runs the blocks "sh" of docs/install.md in a copy of the sources, with a directory instead of /usr/local/bin. It
// returns the programs.
func documentedBuilds(t *testing.T) map[string]string {
	t.Helper()
	sources, bin := copySources(t), t.TempDir()
	copyTree(t, sources, "Makefile", "VERSION", "scripts/build.sh", "scripts/version.sh")
	programs := map[string]string{"go build": goBuild(t, "..", "./cmd/nginx-exporter")}
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(readFile(t, "../docs/install.md")), -1)
	for _, block := range blocks {
		script := strings.ReplaceAll(block[1], "/usr/local/bin", bin)
		command := exec.CommandContext(t.Context(), "bash", "-euc", script)
		command.Dir = sources
		command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(sources))
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, output)
		}
		name, _, _ := strings.Cut(script, " ")
		program := filepath.Join(bin, name)
		if err := os.Rename(filepath.Join(sources, "bin/nginx-exporter"), program); err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		programs[name] = program
	}
	if len(programs) != 3 {
		t.Errorf("docs/install.md has blocks for %d programs", len(programs))
	}
	programs["installed"] = filepath.Join(bin, "nginx-exporter")
	return programs
}

// TestVersion builds a copy of the sources without the flags of build.sh: the
// version is that of the module.
func TestVersion(t *testing.T) {
	sources := copySources(t)
	t.Run("no repository", func(t *testing.T) {
		program := goBuild(t, sources, "./cmd/nginx-exporter")
		checkVersion(t, program, `^nginx-exporter, version devel \(branch: , revision: unknown\)`, `version="devel"`)
	})
	git := func(arguments ...string) {
		command := exec.CommandContext(t.Context(), "git", append([]string{
			"-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main",
		}, arguments...)...)
		command.Dir = sources
		command.Env = append(os.Environ(), "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", arguments, err, output)
		}
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "--message=sources")
	t.Run("between releases", func(t *testing.T) {
		program := goBuild(t, sources, "-buildvcs=true", "./cmd/nginx-exporter")
		checkVersion(t, program,
			`^nginx-exporter, version 0\.0\.0-20260102030405-[0-9a-f]{12} \(branch: , revision: [0-9a-f]{40}\)\n(?s).*build date: +2026-01-02T03:04:05Z\n`,
			`revision="[0-9a-f]{40}",.*version="0\.0\.0-20260102030405-[0-9a-f]{12}"`)
	})
	git("tag", "v1.2.3")
	t.Run("release", func(t *testing.T) {
		dir := t.TempDir()
		runGo(t, sources, []string{"GOBIN=" + dir}, "install", "-buildvcs=true", "./cmd/nginx-exporter")
		checkVersion(t, filepath.Join(dir, "nginx-exporter"), `^nginx-exporter, version 1\.2\.3 `, `version="1\.2\.3"`)
	})
	t.Run("linker flags take precedence", func(t *testing.T) {
		const v = "github.com/prometheus/common/version."
		program := goBuild(t, sources, "-buildvcs=true",
			"-ldflags=-X "+v+"Version=4.5.6 -X "+v+"Revision=abc -X "+v+"BuildDate=today", "./cmd/nginx-exporter")
		checkVersion(t, program, `^nginx-exporter, version 4\.5\.6 \(branch: , revision: abc\)\n(?s).*build date: +today\n`,
			`revision="abc",.*version="4\.5\.6"`)
	})
}

// checkVersion compares what --version prints and the labels of
// nginx_exporter_build_info.
func checkVersion(t *testing.T, program, printed, labels string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(printed).Match(output) {
		t.Errorf("--version: nothing matches %s in\n%s", printed, output)
	}
	metrics := httpGet(t, "http://"+serve(t, program)+"/metrics")
	if !regexp.MustCompile(`(?m)^nginx_exporter_build_info\{.*` + labels + `.*\} 1$`).MatchString(metrics) {
		t.Errorf("no build_info matches %s in\n%s", labels, metrics)
	}
}

// copySources copies what the program is built from.
func copySources(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	copyTree(t, to, "client", "cmd", "collector", "internal", "go.mod", "go.sum")
	return to
}

// goBuild builds in a directory and returns the path of the program.
func goBuild(t *testing.T, dir string, arguments ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	runGo(t, dir, nil, append([]string{"build", "-o", program}, arguments...)...)
	return program
}

func runGo(t *testing.T, dir string, environment []string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir = dir
	command.Env = append(append(os.Environ(), "CGO_ENABLED=0"), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go %q: %v\n%s", arguments, err, output)
	}
}

// serve starts the program on a free port, and returns its address.
func serve(t *testing.T, program string, flags ...string) string {
	t.Helper()
	command := exec.Command(program, append([]string{"--web.listen-address=127.0.0.1:0"}, flags...)...) //nolint:noctx // proctest ends it
	p := proctest.Start(t, "", command)
	t.Cleanup(func() {
		p.Signal(t, syscall.SIGTERM)
		if status := p.Exit(t); status != 0 {
			t.Errorf("%s ended with status %d", program, status)
		}
	})
	return p.AwaitLog(t, `msg="Listening on" address=(\S+)`)[1]
}

func httpGet(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: proctest.Patience}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
