//go:build linux

package status

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"go.uber.org/goleak"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/collector/source"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is in every text that must not be shown.
const secret = "geheim-9f2c"

// scene is one test environment: what is examined, and what golden files have
// instead of ports and directories, which change with each run.
type scene struct {
	*testing.T

	options Options
	filter  source.Filter // of what the exporter reads of a target
	ca      *nginxtest.Authority
	replace []string // pairs of old and new
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, ca: nginxtest.NewAuthority(t)}
	s.options.TargetOptions = func(uri string) (client.Options, error) {
		target, err := client.ParseTarget(uri)
		return client.Options{Target: target, Timeout: 6 * time.Second, HTTP: s.trusting(target)}, err // enough on a busy machine
	}
	s.options.ReadSources = func(ctx context.Context, target int) ([]Source, error) {
		scraper := collector.New(collector.Options{})
		defer scraper.Close()
		results, err := scraper.Check(ctx, collector.TargetOptions{Client: s.options.Targets[target], Filter: s.filter})
		var sources []Source
		for _, r := range results {
			sources = append(sources, Source{r.Source, r.Err})
		}
		return sources, err
	}
	s.options.machine = machine{
		Proc: t.TempDir(), Ports: []int{}, Sockets: []string{}, Dirs: []string{}, Env: func(string) string { return "" },
	}
	return s
}

// trusting is an HTTP configuration that trusts the CA of the scene.
func (s *scene) trusting(target client.Target) promconfig.HTTPClientConfig {
	if !target.TLS() {
		return promconfig.HTTPClientConfig{}
	}
	return promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CA: s.ca.PEM}}
}

// target adds a target of the exporter.
func (s *scene) target(uri string) *client.Options {
	s.Helper()
	o, err := s.options.TargetOptions(uri)
	if err != nil {
		s.Fatal(err)
	}
	s.options.Targets = append(s.options.Targets, o)
	return &s.options.Targets[len(s.options.Targets)-1]
}

// address returns a free address, which golden files have as 127.0.0.1:8080 and
// so on.
func (s *scene) address(host string) string {
	s.Helper()
	a := nginxtest.FreeAddress(s, host)
	s.shown(a)
	return a
}

func (s *scene) shown(address string) {
	s.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		s.Fatal(err)
	}
	s.replace = append(s.replace, port, strconv.Itoa(8080+len(s.replace)/2))
}

// nginx runs an nginx with these servers, in which LISTEN stands for its address
// and DIR for its directory, and returns the address.
func (s *scene) nginx(servers string) (address string, n *nginxtest.Nginx) {
	s.Helper()
	return s.nginxWith("", servers)
}

// nginxWith runs an nginx with these directives in the events block.
func (s *scene) nginxWith(events, servers string) (address string, n *nginxtest.Nginx) {
	s.Helper()
	address, n = s.address("127.0.0.1"), nginxtest.New(s)
	n.Events = events
	s.replace = append(s.replace, n.Dir, "/DIR")
	certificate, key := s.ca.Issue(s, nginxtest.Leaf{})
	n.Write(s, "crt", certificate)
	n.Write(s, "key", key)
	n.Configure(s, fill(servers, address, n))
	n.Start(s)
	return address, n
}

func fill(servers, address string, n *nginxtest.Nginx) string {
	return strings.NewReplacer("LISTEN", address, "DIR", n.Dir, "TLS", "ssl_certificate "+n.Dir+"/crt; ssl_certificate_key "+n.Dir+"/key;").Replace(servers)
}

// serve runs an HTTP server.
func (s *scene) serve(handler http.HandlerFunc) (address string) {
	s.Helper()
	server := httptest.NewServer(handler)
	s.Cleanup(server.Close)
	s.shown(server.Listener.Addr().String())
	return server.Listener.Addr().String()
}

// get makes a request and ignores the response.
func (s *scene) get(uri string) {
	s.Helper()
	target, err := client.ParseTarget(uri)
	if err != nil {
		s.Fatal(err)
	}
	request(s.Context(), client.Options{Target: target}, maxFirstTimeout)
}

// plus runs an NGINX Plus and returns the address of its API.
func (s *scene) plus(options ...standin.Option) (uri string) {
	s.Helper()
	server := plustest.New(options...).Start()
	s.Cleanup(server.Close)
	s.shown(strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), "/api"))
	return server.URL
}

// angie serves the status of Angie at a location.
func (s *scene) angie(location string) (uri string) {
	s.Helper()
	status := angietest.New(location, angietest.Recorded())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(location, r.URL.Path) && r.URL.Path != strings.TrimSuffix(location, "/") && r.URL.Path != location {
			w.Header().Set("Server", "Angie/1.13.0")
			_, _ = io.WriteString(w, `{"status":{},"certificates":{}}`)
			return
		}
		status.ServeHTTP(w, r)
	}))
	s.Cleanup(server.Close)
	s.shown(strings.TrimPrefix(server.URL, "http://"))
	return server.URL
}

// accept runs a TCP server that calls do for each connection, then closes it.
func (s *scene) accept(do func(net.Conn)) (address string) {
	s.Helper()
	listener, err := new(net.ListenConfig).Listen(s.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = listener.Close() }) // ends the loop
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }() // the client may have closed it
				do(conn)
			}()
		}
	}()
	s.shown(listener.Addr().String())
	return listener.Addr().String()
}

// listens writes these addresses to the procfs of the scene.
func (s *scene) listens(addresses ...string) {
	s.Helper()
	lines := map[string]string{"tcp": "  sl  local_address rem_address   st\n", "tcp6": "  sl  local_address rem_address   st\n"}
	for i, address := range addresses {
		a := netip.MustParseAddrPort(address)
		raw, file := a.Addr().AsSlice(), "tcp"
		if a.Addr().Is6() {
			file = "tcp6"
		}
		var host strings.Builder
		for w := 0; w < len(raw); w += 4 {
			// Little-endian, as on all machines that run these tests.
			fmt.Fprintf(&host, "%02X%02X%02X%02X", raw[w+3], raw[w+2], raw[w+1], raw[w])
		}
		lines[file] += fmt.Sprintf("%4d: %s:%04X 00000000:0000 0A 00000000:00000000\n", i, host.String(), a.Port())
	}
	dir := filepath.Join(s.options.machine.Proc, "net")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.Fatal(err)
	}
	for name, text := range lines {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			s.Fatal(err)
		}
	}
}

// processes writes a PID namespace and the names of its processes, from PID 1 on,
// to the procfs of the scene. An empty name is a process that is hidden.
func (s *scene) processes(namespace string, names ...string) {
	s.Helper()
	files := map[string]string{}
	for i, name := range names {
		if name != "" {
			files[filepath.Join(strconv.Itoa(i+1), "comm")] = name + "\n"
		}
	}
	proc := s.options.machine.Proc
	for name, text := range files {
		if err := os.MkdirAll(filepath.Join(proc, filepath.Dir(name)), 0o700); err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, name), []byte(text), 0o600); err != nil {
			s.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(proc, "self", "ns"), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.Symlink(namespace, filepath.Join(proc, "self", "ns", "pid")); err != nil {
		s.Fatal(err)
	}
}

// script creates a shell script to run instead of nginx.
func (s *scene) script(text string) string {
	s.Helper()
	path := filepath.Join(s.TempDir(), "nginx")
	// A process forked meanwhile would keep the file open for writing, and
	// running it would fail (ETXTBSY).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil { // executable
		s.Fatal(err)
	}
	s.replace = append(s.replace, filepath.Dir(path), "/BIN")
	return path
}

// text is the report with replacements applied.
func (s *scene) text(report *doctor.Report) string {
	s.Helper()
	var out strings.Builder
	for i := range report.Steps { // before names are aligned
		report.Steps[i].Name = strings.NewReplacer(s.replace...).Replace(report.Steps[i].Name)
	}
	if err := report.WriteText(&out, false); err != nil {
		s.Fatal(err)
	}
	text := strings.NewReplacer(s.replace...).Replace(out.String())
	for pattern, with := range map[string]string{
		`nginx/[0-9.]+`: "nginx/VERSION", `of nginx [0-9.]+`: "of nginx VERSION", `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`: "TIME",
		`after \d+(\.\d+)?m?s`: "after DURATION", `timeout=\d+s`: "timeout=DURATION", `user \d+, group \d+`: "user U, group G",
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, with)
	}
	return text
}

// golden compares a text with its file, or writes the file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	name = regexp.MustCompile("[^a-z0-9]+").ReplaceAllString(strings.ToLower(name), "-")
	path := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // readable for all
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // readable for all
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s differs, have:\n%s\nwant:\n%s", path, text, want)
	}
}

// foreign is an HTTP configuration with a client certificate of another CA.
func foreign(t *testing.T, ca *nginxtest.Authority) promconfig.HTTPClientConfig {
	t.Helper()
	certificate, key := nginxtest.NewAuthority(t).Issue(t, nginxtest.Leaf{Client: true})
	return promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CA: ca.PEM, Cert: certificate, Key: promconfig.Secret(key)}}
}
