package inject

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStatusServer gives the status server to a real nginx, the way its image
// includes it: it answers with the figures where the exporter asks, and with
// nothing anywhere else.
func TestStatusServer(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "[::1]"} {
		t.Run(address, func(t *testing.T) {
			uri := "http://" + freeAddress(t, address) + "/nginx/status"
			server, err := statusOf(uri)
			if err != nil {
				t.Fatal(err)
			}
			startNginx(t, server.config())
			status, page := eventually(t, uri)
			if status != http.StatusOK || !strings.HasPrefix(page, "Active connections: 1 ") {
				t.Errorf("%s: %d %q", uri, status, page)
			}
			for _, path := range []string{"", "/", "/more"} {
				if status, page := eventually(t, strings.TrimSuffix(uri, "/nginx/status")+path); status != http.StatusNotFound {
					t.Errorf("%q: %d %q", path, status, page)
				}
			}
		})
	}
}

func freeAddress(t *testing.T, host string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	return listener.Addr().String()
}

// startNginx runs nginx with one file in conf.d until the test ends.
func startNginx(t *testing.T, config string) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
	dir := t.TempDir()
	main := fmt.Sprintf("daemon off;\npid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"+
		"client_body_temp_path %[1]s/b;\nproxy_temp_path %[1]s/p;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\n"+
		"include %[1]s/conf.d/*.conf;\n}\n", dir)
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nginx.conf": main, "conf.d/" + statusFile: config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "nginx", "-p", dir, "-c", "nginx.conf", "-e", "stderr")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
}

// eventually asks until somebody answers.
func eventually(t *testing.T, uri string) (status int, page string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(10 * time.Second)
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err == nil {
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return response.StatusCode, string(body)
		}
		select {
		case <-deadline:
			t.Fatal(err)
		case <-ticker.C:
		}
	}
}
